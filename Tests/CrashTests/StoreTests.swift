import Crash
import DevboxCore
import FoundationEssentials
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("The store of dumps")
struct StoreTests {
    let scratch: ScratchDirectory
    let store: DumpStore
    let work: WorkDirectory

    init() throws {
        scratch = try ScratchDirectory()
        work = try WorkDirectory(given: scratch("work").string, environment: [:])
        store = DumpStore(work)
    }

    private func begin(_ guest: String = "bug-1") throws -> UnfinishedDump {
        try store.begin(guest: guest, guestID: "id-\(guest)", source: .qmp, command: "devbox dump \(guest)")
    }

    @discardableResult
    private func add(_ bytes: [UInt8], to guest: String = "bug-1", _ details: DumpDetails = DumpDetails()) throws
        -> StoredDump
    {
        let dump = try begin(guest)
        let file = try dump.makeVmcore()
        defer { try? file.close() }
        try Files.writeAll(file, bytes, name: "vmcore")
        return try dump.finish(details, digest: true)
    }

    @Test("a dump that is finished is there with its messages and what is known of it")
    func finish() throws {
        let bytes = try FixtureDump.bytes("kdump.elf")
        let dump = try add(bytes)
        #expect(dump.folder == work.share.pushing("dumps/bug-1/20261121T180504Z"))
        #expect(try Files.list(dump.folder) == ["dmesg.txt", "dump.json", "vmcore"])
        #expect(try Files.read(dump.vmcore) == bytes)
        #expect(try Files.read(dump.messages) == FixtureDump.bytes("kdump.dmesg"))
        let listed = try store.list()
        #expect(listed.map(\.folder) == [dump.folder])
        let record = try #require(listed.first?.record)
        #expect(record.title == "sysrq: Trigger a crash")
        #expect(record.commandLine?.contains("crashkernel=256M") == true)
        #expect(record.isComplete && record.size == Int64(bytes.count) && record.messages == .vmcore)
        #expect(record.sha256 == (try SHA256Digest(of: dump.vmcore)))
        // What is beside the dump says the same as what no guest can change.
        let inside = try Files.read(dump.folder.appending("dump.json"))
        #expect(inside == (try Files.read(work.records.pushing("dumps/bug-1/20261121T180504Z.json"))))
        for name in ["", "vmcore", "dmesg.txt", "dump.json"] {
            let status = try Files.status(name.isEmpty ? dump.folder : dump.folder.appending(name))
            #expect(status.st_mode & 0o7777 == (name.isEmpty ? 0o755 : 0o644), "\(name)")
        }
    }

    @Test("two dumps of one second have names of their own")
    func sameSecond() throws {
        let bytes = try FixtureDump.bytes("kdump.elf")
        #expect(
            try (0..<3).map { _ in try add(bytes).record.name }
                == ["20261121T180504Z", "20261121T180504Z-2", "20261121T180504Z-3"])
    }

    @Test("one that is not finished is never listed, and goes away")
    func unfinished() throws {
        do {
            let dump = try begin()
            try Files.writeAtomically(FixtureDump.bytes("kdump.elf"), to: dump.vmcore)
            #expect(try store.list().isEmpty)
        }
        #expect(try Files.list(store.folder(of: "bug-1")).isEmpty)
    }

    @Test("what a killed devbox left is swept by the next dump, whichever step it died at")
    func killed() throws {
        let left = store.folder(of: "bug-1").appending(".new-dump-1-1")
        try Files.makeDirectory(left)
        try Files.writeAtomically(Array("half".utf8), to: left.appending("vmcore"))
        // Killed between the record and the rename: a record without a folder.
        let bytes = try FixtureDump.bytes("kdump.elf")
        let before = try add(bytes)
        try Files.removeTree(before.folder)
        #expect(try store.list().isEmpty)
        let again = try add(bytes)
        #expect(again.record.name == before.record.name)
        #expect(try Files.list(store.folder(of: "bug-1")) == [again.record.name])
        #expect(try store.list().count == 1)
    }

    @Test("what is no dump leaves nothing", arguments: ["", "no dump at all, but a text", "\u{7F}ELF"])
    func noDump(text: String) throws {
        #expect(reported { try add(Array(text.utf8)) }?.exitCode == .badInput)
        #expect(try Files.list(store.folder(of: "bug-1")).isEmpty)
        #expect(try store.known("bug-1").isEmpty)
    }

    @Test("a dump that is cut off is kept, said to be incomplete, and titled by the guest's own messages")
    func cutOff() throws {
        var details = DumpDetails()
        let messages = try FixtureDump.bytes("kdump.dmesg")
        details.guestMessages = messages + Array("\u{1B}]0;terminal\n".utf8)
        let bytes = try FixtureDump.bytes("kdump.elf")
        let dump = try add(Array(bytes.prefix(30_000)), details)
        let record = dump.record
        #expect(try Files.read(dump.messages) == messages + Array("\\x1b]0;terminal\n".utf8))
        #expect(!record.isComplete && record.defect?.contains("cut off") == true)
        #expect(record.messages == .guest && record.messagesDefect?.contains("cut off") == true)
        #expect(record.title == "sysrq: Trigger a crash")
    }

    @Test("a flattened dump, as QEMU 7.2 writes its kdump formats, is unflattened")
    func flattened() throws {
        let dump = try FixtureDump.bytes("kdump.zlib")
        var flat = Array("makedumpfile".utf8) + [0, 0, 0, 0] + bigEndian(Int64(1)) + bigEndian(Int64(1))
        flat += [UInt8](repeating: 0, count: 4096 - flat.count)
        flat += bigEndian(Int64(0)) + bigEndian(Int64(dump.count)) + dump
        let whole = try add(flat + bigEndian(Int64(-1)) + bigEndian(Int64(-1)))
        #expect(try Files.read(whole.vmcore) == dump)
        #expect(whole.record.isComplete && whole.record.format == .kdumpCompressed)
        #expect(try Files.list(whole.folder) == ["dmesg.txt", "dump.json", "vmcore"])
        #expect(try add(flat).record.defect == "it is cut off: the flattened stream has no end")
    }

    @Test("a removed dump is gone, and known all the same")
    func remove() throws {
        let dump = try add(FixtureDump.bytes("kdump.elf"))
        try store.remove(dump)
        #expect(!Files.exists(dump.folder))
        #expect(try store.list().isEmpty)
        #expect(try store.known("bug-1").first?.removedAt != nil)
        // Its name is not given to another: the record would be overwritten.
        #expect(try add(FixtureDump.bytes("kdump.elf")).record.name == "20261121T180504Z-2")
    }

    @Test("a link in the place of a guest's folder is not followed")
    func link() throws {
        try Files.makeDirectory(scratch("elsewhere"))
        symlink(scratch("elsewhere").string, store.folder(of: "bug-1").string)
        #expect(reported { try add(FixtureDump.bytes("kdump.elf")) }?.exitCode == .failure)
        #expect(try Files.list(scratch("elsewhere")).isEmpty)
    }

    @Test("dumps are listed by guest, the newest first; one whose vmcore is not what it was is not")
    func list() throws {
        let elf = try FixtureDump.bytes("kdump.elf")
        try add(elf, to: "b")
        var details = DumpDetails()
        details.time = Date(timeIntervalSince1970: 2_000_000_000)
        let arm = try add(FixtureDump.bytes("arm64.elf"), to: "b", details)
        try add(elf, to: "a")
        #expect(
            try store.list().map { "\($0.record.guest)/\($0.record.name)" }
                == ["a/20261121T180504Z", "b/20330518T033320Z", "b/20261121T180504Z"])
        #expect(try store.list("b").count == 2)
        try Files.writeAtomically(Array("changed".utf8), to: arm.vmcore)
        #expect(try store.list("b").map(\.record.name) == ["20261121T180504Z"])
    }
}
