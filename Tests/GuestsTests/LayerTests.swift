import DevboxCore
@testable import Disks
import Glibc
@testable import Guests
import HostTools
import SystemPackage
import TestSupport
import Testing

@Suite("Layers, transactions and replacements", .timeLimit(.minutes(10)))
struct LayerTests {
    private let here: TestWork
    init() throws {
        here = try TestWork()
        try TestImage.make(in: here.work)
        try here.clone("base", "a")
    }

    /// Sweeps. A program that another test is just starting shares the lock until its execve, and a sweep does not wait.
    private func sweep(dryRun: Bool = false) throws -> [String] {
        let deadline = ContinuousClock.now + .seconds(5)
        while ContinuousClock.now < deadline {
            let swept = try LayerSweep.run(here.store, dryRun: dryRun)
            if !swept.isEmpty { return swept }
        }
        return []
    }

    private func layers() throws -> [String] { try Files.list(here.work.layers) }

    private func write(_ pattern: Int) throws {
        try tool("qemu-io", "-f", "qcow2", "-c", "write -P \(pattern) 8M 300k", here.store.files("a").disk.string)
    }

    /// Keeps the present content of the disk to compare it later.
    private func remember() throws -> FilePath {
        let raw = here.scratch("before.raw")
        try Files.remove(raw)
        try tool("qemu-img", "convert", "-f", "qcow2", "-O", "raw", here.store.files("a").disk.string, raw.string)
        return raw
    }

    private func isAs(_ raw: FilePath) throws -> Bool {
        try attempt("qemu-img", "compare", "-f", "qcow2", "-F", "raw", here.store.files("a").disk.string, raw.string)
            .status.isSuccess
    }

    @Test("freezing makes the disk a read-only layer, with the guest on top of it as before")
    func freeze() throws {
        let raw = try remember()
        let layer = try Layer.freeze(here.opened("a"), in: here.work)
        #expect(try layers() == [layer.name])
        #expect(try Files.status(layer.disk).st_mode & 0o777 == 0o444)
        #expect(try isAs(raw))
        #expect(
            try Qcow2Header.read(here.store.files("a").disk)?.backingFile == "../../layers/\(layer.name)/disk.qcow2")
        try here.check("a")
    }

    @Test("a guest to which nothing is written between its clones has one layer, however many they are")
    func reuse() throws {
        for _ in 1...5 {
            try here.clone("a", "step")
            try GuestRemoval.remove("step", from: here.store, force: false, runner: runner)
        }
        #expect(try layers().count == 1)
        let snapshots = Snapshots(here.store, runner: runner)
        for name in ["one", "two"] { _ = try snapshots.take("a", as: name) }
        #expect(try layers().count == 1)
        _ = try snapshots.rollBack("a", to: "one")
        try snapshots.remove("a", "two")
        #expect(try layers().count == 1)
        try here.check("a")
    }

    @Test("layers that somebody stands on are never swept, and go with the last who does")
    func sweep() throws {
        try here.clone("a", "b")
        try here.clone("b", "c")
        #expect(try layers().count == 2)
        #expect(try LayerSweep.run(here.store).isEmpty)
        try GuestRemoval.remove("a", from: here.store, force: false, runner: runner)
        try GuestRemoval.remove("b", from: here.store, force: false, runner: runner)
        #expect(try here.text("c", "/etc/hostname") == "c\n")
        try here.check("c")
        try GuestRemoval.remove("c", from: here.store, force: false, runner: runner)
        #expect(try layers().isEmpty)
        #expect(try Files.list(here.work.guests).isEmpty)
    }

    @Test("an orphaned layer is swept, not while somebody is making one, and a dry run only names it")
    func orphan() throws {
        try here.scratch.write("x", to: "work/layers/0123456789abcdef/disk.qcow2")
        #expect(try sweep(dryRun: true) == ["0123456789abcdef"])
        do {
            let maker = try FileLock(here.work.locks.appending("layers"), of: "the layers", for: "freeze", shared: true)
            #expect(try LayerSweep.run(here.store).isEmpty)
            _ = maker.descriptor
        }
        #expect(try layers().count == 1)
        #expect(try sweep() == ["0123456789abcdef"])
        #expect(try layers().isEmpty)
    }

    @Test("a snapshot's layer is used, even where no disk stands on it")
    func snapshotLayer() throws {
        var record = try here.store.load("a")
        let layer = try Layer.freeze(here.opened("a"), in: here.work)
        record.snapshots = [
            .init(
                name: "s", createdAt: record.createdAt, layer: layer.name, mode: .kvm, kernels: [], kernelArguments: [])
        ]
        try here.store.save(record)
        let base = ImageDisk.path(here.work)
        let disk = here.store.files("a").disk
        try Files.remove(disk)
        try OverlayDevice(over: Qcow2Reader(base)).save(to: disk, backingName: "../../images/base/disk.qcow2")
        #expect(try LayerSweep.run(here.store).isEmpty)
        #expect(try layers() == [layer.name])
    }

    @Test("with a record that cannot be read no layer is swept, and removing another guest still succeeds")
    func damagedRecord() throws {
        try here.clone("a", "b")
        try here.clone("base", "c")
        try Files.writeAtomically(Array("{".utf8), to: here.store.files("b").record)
        try GuestRemoval.remove("c", from: here.store, force: false, runner: runner)
        #expect(try layers().count == 1)
        #expect(try here.store.names() == ["a", "b"])
    }

    @Test("what a transaction did is kept by its commit")
    func commit() throws {
        var guest = try here.opened("a")
        let transaction = try DiskTransaction.begin("exec", on: guest)
        try write(7)
        try transaction.commit(guest.record, on: &guest)
        let raw = try remember()
        _ = consume guest
        _ = try here.opened("a")
        #expect(try isAs(raw))
        #expect(try Qcow2Header.read(here.store.files("a").disk)?.snapshotCount == 0)
        #expect(!Files.exists(here.store.files("a").transaction))
    }

    @Test("a devbox that died before the commit changed nothing, byte for byte")
    func died() throws {
        let raw = try remember()
        do {
            let guest = try here.opened("a")
            _ = try DiskTransaction.begin("exec", on: guest)
            try write(7)
        }
        #expect(try !isAs(raw))
        _ = try here.opened("a")
        #expect(try isAs(raw))
        #expect(try Qcow2Header.read(here.store.files("a").disk)?.snapshotCount == 0)
        #expect(!Files.exists(here.store.files("a").transaction))
        try here.check("a")
    }

    @Test("one that died before the snapshot was taken left nothing to undo")
    func diedEarly() throws {
        let raw = try remember()
        let transaction = DiskTransaction(id: UniqueName.new(), purpose: "exec")
        try Files.writeAtomically(RecordFile.json(transaction), to: here.store.files("a").transaction)
        _ = try here.opened("a")
        #expect(try isAs(raw))
        #expect(!Files.exists(here.store.files("a").transaction))
    }

    @Test("one that died after the commit changed everything")
    func diedLate() throws {
        do {
            var guest = try here.opened("a")
            let transaction = try DiskTransaction.begin("exec", on: guest)
            try write(7)
            var record = guest.record
            record.lastTransaction = transaction.id
            try guest.save(record)
        }
        let raw = try remember()
        _ = try here.opened("a")
        #expect(try isAs(raw))
        #expect(try Qcow2Header.read(here.store.files("a").disk)?.snapshotCount == 0)
    }

    @Test("a replacement that was killed is finished from each state, or was never begun", arguments: 0...3)
    func pending(state: Int) throws {
        let files = here.store.files("a")
        let old = try remember()
        var record = try here.store.load("a")
        record.mode = .lxc
        let folder = state == 0 ? files.path.appending(".new-pending-4711") : files.pending
        let new = GuestFiles(name: "a", path: folder)
        try Files.makeDirectory(folder)
        try OverlayDevice(over: Qcow2Reader(ImageDisk.path(here.work))).save(
            to: new.disk, backingName: "../../images/base/disk.qcow2")
        try RecordFile.write(record, to: new.record)
        if state >= 2 { try Files.rename(new.disk, to: files.disk) }
        if state >= 3 { try Files.rename(new.record, to: files.record) }
        let opened = try here.opened("a").record
        #expect(opened.mode == (state == 0 ? .kvm : .lxc))
        #expect(try isAs(old) == (state == 0))
        #expect(try Files.list(files.path) == ["boot", "disk.qcow2", "guest.json"])
    }

    @Test("a half-frozen disk is put right: the spare overlay goes, and with it the layer")
    func halfFrozen() throws {
        let files = here.store.files("a")
        let folder = here.work.layers.appending("00000000000000aa")
        try Files.makeDirectory(folder)
        try Files.hardLink(files.disk, to: folder.appending("disk.qcow2"))
        try OverlayDevice(over: Qcow2Reader(files.disk)).save(
            to: files.path.appending("disk.new"), backingName: "../../layers/00000000000000aa/disk.qcow2")
        _ = try here.opened("a")
        #expect(try sweep() == ["00000000000000aa"])
        #expect(try Files.list(files.path) == ["boot", "disk.qcow2", "guest.json"])
        try here.check("a")
    }
}

/// The image's disk.
enum ImageDisk {
    static func path(_ work: WorkDirectory) -> FilePath { work.images.appending("base").appending("disk.qcow2") }
}
