import DevboxCore
@testable import Disks
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("qcow2 headers", .timeLimit(.minutes(10)))
struct Qcow2HeaderTests {
    private let files: Qcow2Files
    init() throws { files = try Qcow2Files() }

    @Test("a header of qemu-img's says what qemu-img was told")
    func fields() throws {
        let base = files.scratch("base.qcow2")
        let top = files.scratch("top.qcow2")
        try tool("qemu-img", "create", "-q", "-f", "qcow2", "-o", "cluster_size=128k", base.string, "5G")
        try tool("qemu-img", "create", "-q", "-f", "qcow2", "-b", "base.qcow2", "-F", "qcow2", top.string)
        let header = try #require(try Qcow2Header.read(base))
        #expect(header.version == 3)
        #expect(header.clusterSize == 131_072)
        #expect(header.size == 5 << 30)
        #expect(header.backingFile == nil)
        #expect(header.snapshotCount == 0)
        #expect(header.incompatibleFeatures == 0)
        let overlay = try #require(try Qcow2Header.read(top))
        #expect(overlay.backingFile == "base.qcow2")
        #expect(overlay.backingFormat == "qcow2")
    }

    @Test("devbox's own header is what QEMU takes it for")
    func own() throws {
        let base = files.scratch("base.qcow2")
        try tool("qemu-img", "create", "-q", "-f", "qcow2", base.string, "5G")
        try OverlayDevice(over: Qcow2Reader(base)).save(to: files.scratch("top.qcow2"), backingName: "base.qcow2")
        let text = try tool("qemu-img", "info", "--output=json", "-f", "qcow2", files.scratch("top.qcow2").string)
        let info = try RecordFile.decode(JSONValue.self, from: text.utf8)
        #expect(info["virtual-size"]?.integer == 5 << 30)
        #expect(info["cluster-size"]?.integer == 65_536)
        #expect(info["backing-filename"]?.string == "base.qcow2")
        #expect(info["backing-filename-format"]?.string == "qcow2")
        #expect(info["format-specific"]?["data"]?["corrupt"]?.bool == false)
    }

    @Test("a file that is not qcow2 has no header")
    func other() throws {
        #expect(try Qcow2Header.read(files.scratch.write("", to: "e")) == nil)
        #expect(try Qcow2Header.read(files.scratch.write("QFI", to: "s")) == nil)
        #expect(try Qcow2Header.read(files.raw("raw", size: 4096)) == nil)
    }

    @Test("10,000 damaged copies of a real header are read or refused, and none crashes devbox", arguments: [1, 2])
    func hostile(seed: UInt64) throws {
        let base = try files.qcow2("base.qcow2", from: files.raw("raw", size: 1 << 20))
        let disk = files.scratch("top.qcow2")
        try tool("qemu-img", "create", "-q", "-f", "qcow2", "-b", base.string, "-F", "qcow2", disk.string)
        // All of it: what is cut off is refused, whatever else is wrong with it.
        let sound = try Files.read(disk)
        var random = TestRandom(seed: seed)
        let path = files.scratch("hostile.qcow2")
        let file = try Files.open(path, .readWrite, .create)
        defer { try? file.close() }
        var refused = 0
        try Files.writeAll(file, sound, name: "hostile")
        for _ in 0..<5_000 {
            var bytes = Array(sound.prefix(600))
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let place = Int.random(in: 4..<200, using: &random)
                bytes[place] = Bool.random(using: &random) ? .max : UInt8.random(in: .min ... .max, using: &random)
            }
            let isCut = Int.random(in: 0..<10, using: &random) == 0
            try file.seek(offset: 0, from: .start)
            try Files.writeAll(file, bytes, name: "hostile")
            if isCut { ftruncate(file.rawValue, off_t(Int.random(in: 0..<600, using: &random))) }
            defer { if isCut { _ = try? file.writeAll(toAbsoluteOffset: 0, sound) } }
            let error = reported {
                _ = try Qcow2Header(file, name: "hostile")
                _ = try Qcow2Reader(path).bytes(at: 0, count: 512)
            }
            if let error {
                refused += 1
                #expect([.badInput, .notFound].contains(error.exitCode), "\(error.message)")
            }
        }
        // Some are hit where it matters, some where it does not.
        #expect((1..<5_000).contains(refused), "\(refused) of 5,000 were refused")
    }
}
