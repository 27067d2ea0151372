import Boot
import DevboxCore
import Disks
import HostTools
import SystemPackage

/// A change of a stopped guest's files and record that is made in process: no mount, no container, no root. It is a transaction.
public struct DiskEdit: ~Copyable {
    /// The guest's record; what is changed here becomes the guest's when the transaction is committed.
    public var record: GuestRecord
    private var guest: StoppedGuest
    private let purpose: String

    /// Takes the guest's lock, and makes its disk fit to be edited.
    ///
    /// - Parameter purpose: the command, for messages.
    /// - Throws: `busy` where the guest runs, `badInput` where its file system is damaged.
    public init(_ name: String, for purpose: String, in store: GuestStore, runner: Runner) throws {
        let guest = try StoppedGuest(name, in: store, for: purpose, runner: runner)
        try guest.prepareForEditing()
        record = guest.record
        self.guest = guest
        self.purpose = purpose
    }

    /// Where the guest's files are.
    public var files: GuestFiles { guest.files }

    /// The root file system as it is before the change, read-only.
    public func openRoot() throws -> Ext4FileSystem { try guest.openRoot() }

    /// Brings boot/ and the record up to the kernels that the disk has now: packages may have come since it was last started.
    public mutating func refreshKernels() throws { record.kernels = try guest.kernelsOnDisk() }

    /// An initrd for a kernel of the disk, made by devbox; nil where the disk has no shell to put into it.
    public func initrd(for version: String) throws -> [UInt8]? {
        try BootFiles.initrd(for: version, from: guest.openRoot(), recipe: guest.initrdRecipe())
    }

    /// Edits the root file system, and commits it together with the record. Whatever `body` throws, and whenever devbox dies, all
    /// is as before.
    public mutating func transact(_ body: (borrowing Ext4FileSystem) throws -> Void) throws {
        let transaction = try DiskTransaction.begin(purpose, on: guest)
        do {
            try guest.editRoot(body)
            try Interrupts.check()
        } catch {
            transaction.rollBackAfterFailure(guest)
            throw error
        }
        try transaction.commit(record, on: &guest)
        try? guest.removeUnusedBootFiles()
    }
}

extension StoppedGuest {
    /// Edits the root file system in process, within a transaction. Nothing reaches the disk where `body` throws.
    ///
    /// The changed blocks are gathered in an overlay, which qemu-img writes into the disk in one go.
    package func editRoot(_ body: (borrowing Ext4FileSystem) throws -> Void) throws {
        let overlay = OverlayDevice(over: try Qcow2Reader(files.disk))
        let root = try record.root.open(on: overlay, name: files.disk.string, writable: true)
        try body(root)
        try root.close()
        try Files.remove(files.edits)
        try overlay.save(to: files.edits, backingName: files.disk.lastComponent?.string ?? "")
        try runner.run(QemuImg.commit(files.edits))
        try Files.remove(files.edits)
    }
}
