import DevboxCore
import Packages
import SystemPackage
import TestSupport
import Testing

@Suite("Kernels in packages", .timeLimit(.minutes(10)))
struct DebKernelTests {
    private let builder: DebBuilder
    init() throws { builder = try DebBuilder() }

    private func program() throws -> [UInt8] {
        try builder.scratch.write("int main(void) { return 0; }\n", to: "x.c")
        let path = builder.scratch("program")
        try tool(
            "gcc", "-g", "-Wl,--build-id=0x00112233445566778899aabbccddeeff", "-o", path.string,
            builder.scratch("x.c").string)
        return try Files.read(path)
    }

    @Test(
        "a debug package's vmlinux is found, and nothing behind its notes is decoded",
        arguments: ["usr/lib/debug/boot/vmlinux-6.1", "usr/lib/debug/lib/modules/6.1/vmlinux"])
    func debug(path: String) throws {
        var tar = TarWriter()
        tar.add("./usr/lib/debug/.build-id/00/1.debug", content: noise(1000))
        tar.add("./\(path)", content: try program() + noise(4_000_000))
        let packed = try builder.compress(tar.finished, "gzip -c")
        let deb = try builder.deb(data: Array(packed.dropLast(1_000_000)), dataName: "data.tar.gz")
        let kernel = try #require(try DebPackage(deb).kernel())
        #expect(kernel.version == "6.1")
        #expect(kernel.buildID?.description == "00112233445566778899aabbccddeeff")
        #expect(kernel.isDebug)
        #expect(kernel.file == path)
    }

    @Test("a package of modules has a version and no build-id, and others have no kernel")
    func others() throws {
        let modules = try builder.deb { $0.add("./lib/modules/6.2/kernel/fs/x.ko", content: [1]) }
        let kernel = try #require(try DebPackage(modules).kernel())
        #expect(kernel.version == "6.2" && kernel.buildID == nil && !kernel.isDebug)
        #expect(try DebPackage(builder.deb { $0.add("./etc/x", content: [1]) }).kernel() == nil)
    }

    @Test("a vmlinux in /boot is the kernel where nothing else is, and beside a vmlinuz it is its symbols")
    func symbols() throws {
        let content = try program()
        let alone = try builder.deb { $0.add("./boot/vmlinux-6.1", content: content) }
        #expect(try DebPackage(alone).kernel()?.file == "boot/vmlinux-6.1")
        let both = try builder.deb {
            $0.add("./boot/vmlinux-6.1", content: content)
            $0.add("./boot/vmlinuz-6.1", content: content)
            $0.add("./lib/modules/6.1/kernel/fs/x.ko", content: [1])
        }
        let kernel = try #require(try DebPackage(both).kernel())
        #expect(kernel.file == "boot/vmlinuz-6.1" && kernel.version == "6.1" && !kernel.isDebug)
    }

    @Test("content is read forward, at any place")
    func places() throws {
        let content = noise(1_000_000)
        let deb = try builder.deb { $0.add("./x", content: content) }
        try DebPackage(deb).walk { member in
            guard member.path == "x" else { return .goOn }
            let first = try member.bytes(at: 10, count: 20)
            #expect(first == Array(content[10..<30]))
            let position = member.position
            #expect(position == 30)
            let second = try member.bytes(at: 700_000, count: 100_000)
            #expect(second == Array(content[700_000..<800_000]))
            let error = reported { _ = try member.bytes(at: 0, count: 1) }
            #expect(error?.exitCode == .badInput)
            let last = try member.bytes(at: 999_990, count: 100)
            #expect(last == Array(content[999_990...]))
            let behind = try member.bytes(at: 2_000_000, count: 1)
            #expect(behind == [])
            return .goOn
        }
        let error = reported {
            try DebPackage(deb).walk { member in
                _ = try member.bytes(limit: 999_999)
                return .goOn
            }
        }
        #expect(error?.exitCode == .badInput)
    }
}
