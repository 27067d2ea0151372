import DevboxCore
import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import Disks

@Suite("What a disk names as its backing file")
struct BackingFileTests {
    let scratch: ScratchDirectory

    init() throws { scratch = try ScratchDirectory() }

    @Test("a folder or a fifo of that name is refused as damage, and not waited for", arguments: ["folder", "fifo"])
    func noFile(kind: String) throws {
        let base = scratch("base.qcow2")
        let disk = scratch("disk.qcow2")
        try tool("qemu-img", "create", "-q", "-f", "qcow2", base.string, "1M")
        try tool("qemu-img", "create", "-q", "-f", "qcow2", "-b", base.string, "-F", "qcow2", disk.string)
        try Files.remove(base)
        if kind == "fifo" { #expect(mkfifo(base.string, 0o600) == 0) } else { try Files.makeDirectory(base) }
        let error = #expect(throws: DiskError.self) { _ = try Qcow2Reader(disk) }
        #expect(error?.exitCode == .badInput)
        #expect(error?.message.contains("neither a file nor a block device") == true)
    }
}
