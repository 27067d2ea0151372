import DevboxCore
import Disks
import FoundationEssentials
import HostTools
import SystemPackage

/// A change of a stopped guest's disk that is done or not done: an internal qcow2 snapshot is taken first and dropped last.
///
/// The commit point is the rename of guest.json with the transaction's id in it. A devbox that is killed before leaves the
/// snapshot and transaction.json; the next command that opens the guest returns to the snapshot.
package struct DiskTransaction: Codable {
    /// The id that a committed record bears.
    let id: String
    /// What is done, for messages.
    let purpose: String

    private var snapshot: String { "devbox-\(id)" }

    /// Begins a transaction on a guest.
    package static func begin(_ purpose: String, on guest: borrowing StoppedGuest) throws -> DiskTransaction {
        let transaction = DiskTransaction(id: UniqueName.new(), purpose: purpose)
        try Files.writeAtomically(RecordFile.json(transaction), to: guest.files.transaction)
        try guest.store.work.give(guest.files.transaction)
        try guest.runner.run(QemuImg.snapshot(.create, transaction.snapshot, of: guest.files.disk))
        return transaction
    }

    /// Keeps what was done, together with the record.
    package func commit(_ record: GuestRecord, on guest: inout StoppedGuest) throws {
        var committed = record
        committed.lastTransaction = id
        try guest.save(committed)
        do {
            try drop(guest.files, runner: guest.runner.undisturbed)
        } catch {
            // It is committed all the same; the next command that opens the guest drops the snapshot.
            guest.runner.console.warn("the transaction on \(guest.files.name) is not tidied up yet: \(error)")
        }
    }

    /// Undoes what was done.
    func rollBack(_ guest: borrowing StoppedGuest) throws {
        try returnToSnapshot(guest.files, runner: guest.runner.undisturbed)
    }

    /// The same where something else failed already, which is what the user is to hear of; the next command undoes it otherwise.
    package func rollBackAfterFailure(_ guest: borrowing StoppedGuest) {
        do {
            try rollBack(guest)
        } catch {
            guest.runner.console.warn(
                "\(guest.files.name): it is undone by the next command that needs its disk: \(error)")
        }
    }

    /// Ends the transaction that a killed devbox left open, if there is one.
    static func recover(
        _ files: GuestFiles, record: inout GuestRecord, store: GuestStore, runner: Runner
    ) throws {
        guard Files.exists(files.transaction) else { return }
        let transaction = try RecordFile.decode(DiskTransaction.self, from: Files.read(files.transaction))
        if record.lastTransaction == transaction.id {
            try transaction.drop(files, runner: runner)
        } else {
            runner.console.say("\(files.name): undoing an interrupted \(transaction.purpose)")
            try transaction.returnToSnapshot(files, runner: runner)
        }
    }

    private func returnToSnapshot(_ files: GuestFiles, runner: Runner) throws {
        if try isTaken(files) {
            try runner.run(QemuImg.snapshot(.apply, snapshot, of: files.disk))
        }
        try drop(files, runner: runner)
        // A storage daemon that was killed leaves clusters that nobody refers to: harmless, but they would add up.
        _ = try runner.attempt(QemuImg.check(files.disk, repair: "leaks"), outputLimit: 256 << 20)
    }

    private func drop(_ files: GuestFiles, runner: Runner) throws {
        if try isTaken(files) {
            try runner.run(QemuImg.snapshot(.delete, snapshot, of: files.disk))
        }
        try Files.remove(files.transaction)
    }

    private func isTaken(_ files: GuestFiles) throws -> Bool {
        try Qcow2Snapshots.names(in: files.disk).contains(snapshot)
    }
}
