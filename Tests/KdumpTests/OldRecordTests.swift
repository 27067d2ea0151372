import DevboxCore
import SystemPackage
import TestSupport
import Testing

@testable import Guests
@testable import Kdump

/// The fixture is the guest.json that devbox 0.1 wrote of a guest that was armed, snapshotted, and armed otherwise.
@Suite("A guest that an older devbox armed")
struct OldRecordTests {
    private static let file = FilePath(#filePath).removingLastComponent().appending("Fixtures").appending(
        "guest-0.1.json")

    private func record() throws -> GuestRecord { try RecordFile.read(GuestRecord.self, from: Self.file) }

    @Test("it is armed as it was, and starts with the same memory for its crash kernel")
    func armed() throws {
        let record = try record()
        let state = try #require(try record.kdump)
        #expect(state.crashKernel == "300M" && state.settings.map(\.name) == ["kernel.panic_on_warn"])
        #expect(
            state.files.first?.path == "/etc/default/kdump-tools" && state.files.first?.before?.permissions == 0o644)
        #expect(record.allKernelArguments == ["crashkernel=300M"])
    }

    @Test("its snapshot brings back how it was armed then")
    func snapshot() throws {
        var record = try record()
        record.restoreSections(of: try #require(record.snapshots.first))
        #expect(try record.kdump?.settings.map(\.value) == ["1", "1", "30"])
        #expect(record.allKernelArguments == ["crashkernel=192M"])
    }

    @Test("written again it has every member where it was, and is armed for the older devbox too")
    func rewritten() throws {
        let scratch = try ScratchDirectory()
        let copy = try scratch.write(try Files.text(Self.file), to: "guest.json")
        var record = try record()
        try RecordFile.write(record, to: copy)
        let before = try RecordFile.decode(JSONValue.self, from: Files.read(Self.file))
        #expect(try RecordFile.decode(JSONValue.self, from: Files.read(copy)) == before)
        try record.set(try #require(try record.kdump))
        try RecordFile.write(record, to: copy)
        guard case .object(var kdump)? = try RecordFile.decode(JSONValue.self, from: Files.read(copy))["kdump"] else {
            Issue.record("there is no kdump in it any more")
            return
        }
        #expect(kdump.removeValue(forKey: "kernelArguments") == .array([.string("crashkernel=300M")]))
        // An older devbox passes over it.
        #expect(kdump.removeValue(forKey: "startCommands") != nil)
        #expect(JSONValue.object(kdump) == before["kdump"])
    }

    @Test("disarmed it is not armed any more, whatever the file had")
    func disarmed() throws {
        let scratch = try ScratchDirectory()
        let copy = try scratch.write(try Files.text(Self.file), to: "guest.json")
        var record = try record()
        record.remove(KdumpState.self)
        try RecordFile.write(record, to: copy)
        let again = try RecordFile.read(GuestRecord.self, from: copy)
        #expect(try again.kdump == nil)
        #expect(again.allKernelArguments.isEmpty)
    }
}
