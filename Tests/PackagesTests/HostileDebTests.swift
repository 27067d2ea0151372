import Archives
import DevboxCore
import Glibc
@testable import Packages
import SystemPackage
import TestSupport
import Testing

@Suite("Hostile .debs", .timeLimit(.minutes(10)))
struct HostileDebTests {
    private let builder: DebBuilder
    init() throws { builder = try DebBuilder() }

    private func refusal(limit: Int64 = .max, _ fill: (inout TarWriter) -> Void) throws -> (any ReportableError)? {
        let path = try builder.deb(fill: fill)
        return reported { try DebCheck(sizeLimit: limit).run(DebPackage(path)) }
    }

    private func expect(_ defect: String, _ fill: (inout TarWriter) -> Void) throws {
        let error = try refusal(fill)
        #expect(error?.exitCode == .badInput)
        #expect(error?.message.hasSuffix("hand.deb \(defect)") == true, "\(error?.message ?? "taken")")
    }

    @Test(
        "paths that leave the root are refused", arguments: ["../x", "./../x", "usr/../../x", "usr/..", "..", "/../x"])
    func leaving(path: String) throws {
        try expect("has a path that leaves the root directory: \(path)") { $0.add(path, content: [1]) }
        try expect("has a path that leaves the root directory: \(path)") { $0.add(path, type: "5") }
        try expect("has a hard link's target that leaves the root directory: \(path)") {
            $0.add("./y", type: "1", link: path)
        }
    }

    @Test(
        "names that only look like it are taken", arguments: ["..x", "x..", "usr/...", "./usr/.x", "/usr/x", "usr//x"])
    func notLeaving(path: String) throws {
        #expect(try refusal { $0.add(path, content: [1]) } == nil)
    }

    @Test("links may lead anywhere")
    func links() throws {
        #expect(
            try refusal {
                $0.add("./etc/x", type: "2", link: "/etc/passwd")
                $0.add("./etc/y", type: "2", link: "../../../etc/passwd")
                $0.add("./usr/a", content: [1])
                $0.add("./usr/b", type: "1", link: "./usr/a")
            } == nil)
    }

    @Test("a path through a link of the same package is refused, as a file and as a hard link's target")
    func throughLink() throws {
        try expect("has a path that leads through a link of its own: ./usr/x/passwd") {
            $0.add("./usr/x", type: "2", link: "/etc")
            $0.add("./usr/x/passwd", content: [1])
        }
        try expect("has a path that leads through a link of its own: usr//x/./deep/passwd") {
            $0.add("usr/x/", type: "2", link: "/etc")
            $0.add("usr//x/./deep/passwd", content: [1])
        }
        try expect("has a path that leads through a link of its own: usr/x/shadow") {
            $0.add("./usr/x", type: "2", link: "/etc")
            $0.add("./usr/y", type: "1", link: "usr/x/shadow")
        }
        #expect(
            try refusal {
                $0.add("./usr/x", type: "2", link: "/etc")
                $0.add("./usr/xy", content: [1])
                $0.add("./usr/z/x", content: [1])
            } == nil)
    }

    @Test(
        "devices, fifos and what stands in place of the root are refused",
        arguments: [
            ("3", "./dev/x", "holds a device: ./dev/x"), ("4", "./dev/x", "holds a device: ./dev/x"),
            ("6", "./x", "holds a fifo: ./x"),
            ("0", ".", "holds something in place of the root directory: ."),
            ("2", ".", "holds something in place of the root directory: ."),
        ])
    func kinds(type: String, path: String, defect: String) throws {
        try expect(defect) { $0.add(path, type: Character(type), link: type == "2" ? "x" : "") }
    }

    @Test("names with control characters are refused, and shown so that a terminal is safe")
    func controlCharacters() throws {
        try expect(#"has a path with a control character: ./a\u{1b}[2Jb"#) { $0.add("./a\u{1B}[2Jb") }
        try expect(#"has a path with a control character: ./a\u{a}b"#) { $0.add("./a\nb") }
        try expect(#"has a link's target with a control character: ./a\u{7f}"#) {
            $0.add("./x", type: "2", link: "./a\u{7F}")
        }
    }

    @Test("names longer than Linux has are refused")
    func longNames() throws {
        let long = String(repeating: "x", count: 256)
        let error = try refusal {
            $0.add("././@LongLink", type: "L", content: Array("./\(long)".utf8) + [0])
            $0.add("./short", content: [1])
        }
        #expect(error?.message.contains("has a path that is too long: ./xxx") == true)
        #expect(
            try refusal {
                $0.add("././@LongLink", type: "L", content: Array("./\(long.dropLast())".utf8) + [0])
                $0.add("./short", content: [1])
            } == nil)
    }

    @Test("a pax header, which dpkg does not take, is refused")
    func pax() throws {
        try builder.scratch.write("x", to: "pax/x")
        let tar = builder.scratch("pax.tar")
        try tool("tar", "--format=pax", "-C", builder.scratch("pax").string, "-cf", tar.string, "./x")
        let path = try builder.deb(data: Files.read(tar))
        let error = reported { try DebCheck().run(DebPackage(path)) }
        #expect(error?.message.hasSuffix("holds a pax header, which dpkg does not take") == true)
    }

    @Test("a damaged header in the midst of the data is refused")
    func damagedHeader() throws {
        var tar = TarWriter()
        tar.add("./a", content: noise(5000))
        let second = tar.bytes.count
        tar.add("./b", content: noise(5000))
        var bytes = tar.finished
        bytes[second + 105] ^= 1
        let path = try builder.deb(data: bytes)
        #expect(reported { try DebCheck().run(DebPackage(path)) }?.exitCode == .badInput)
    }

    @Test("what is larger than its room is refused, at a byte's difference")
    func sizes() throws {
        func fill(_ tar: inout TarWriter) {
            tar.add("./a", content: noise(4097))
            tar.add("./b", type: "2", link: "a")
        }
        // The root, two blocks, a link.
        let exact: Int64 = 4096 + 8192 + 4096 + 512
        let summary = try DebCheck(sizeLimit: exact).run(DebPackage(builder.deb(fill: fill)))
        #expect(summary.unpackedSize <= exact)
        #expect(try refusal(limit: summary.unpackedSize, fill) == nil)
        #expect(try refusal(limit: summary.unpackedSize - 1, fill)?.exitCode == .badInput)
    }

    @Test("a file of 10 GB of zeroes is refused by its header, and nothing behind that is decoded")
    func zeroes() throws {
        for type in ["0", "S"] {
            let error = try refusal(limit: 1 << 30) {
                $0.add("./big", type: Character(type), size: 10_000_000_000)
            }
            #expect(error?.exitCode == .badInput, "\(type)")
        }
        var tar = TarWriter()
        tar.add("./big", size: 10_000_000_000)
        let head = try builder.write(tar.bytes, "head")
        let packed = builder.scratch("zeroes.gz")
        // A real one, if it were whole; it is cut off after a megabyte of gzip, which are a gigabyte of zeroes.
        try tool("sh", "-c", "(cat \(head); head -c 1100000000 /dev/zero) | gzip -1 > \(packed)")
        let path = try builder.deb(data: Files.read(packed), dataName: "data.tar.gz")
        var decoded = 0
        let error = reported {
            try DebCheck(sizeLimit: 1 << 30).run(DebPackage(path), sink: { decoded += $0.count })
        }
        #expect(error?.message.hasSuffix("unpacks to more than the 1G that there is room for") == true)
        #expect(decoded < 16 << 20)
    }

    @Test("a tar that grows without members is refused too")
    func endlessHeaders() throws {
        var tar = TarWriter()
        for _ in 0..<40 { tar.add("././@LongLink", type: "L", content: Array(repeating: 0x61, count: 4096)) }
        tar.add("./x", content: [1])
        let path = try builder.deb(data: tar.finished)
        #expect(reported { try DebCheck().run(DebPackage(path)) }?.exitCode == .badInput)
    }

    @Test("a stream that asks for a gigabyte of memory is refused")
    func memory() throws {
        var tar = TarWriter()
        tar.add("./x", content: noise(1000))
        for (ending, options) in [("xz", "--lzma2=dict=1GiB"), ("lzma", "--format=lzma --lzma1=dict=1GiB")] {
            let packed = try builder.compress(tar.finished, "xz", options, "-c")
            let path = try builder.deb(data: packed, dataName: "data.tar.\(ending)")
            let error = reported { try DebCheck().run(DebPackage(path)) }
            #expect(error?.message.hasSuffix("needs more than 256 MiB of memory to be unpacked") == true)
        }
    }

    @Test("a kernel is found by the names of its files, wherever a distribution has them")
    func kernels() throws {
        let path = try builder.deb { tar in
            tar.add("./boot/vmlinuz-6.1.0-47-amd64", content: [1])
            tar.add("./lib/modules/6.1.0-47-amd64/kernel/x.ko", content: [1])
            tar.add("./usr/lib/modules/6.12/modules.dep", content: [1])
            tar.add("./usr/lib/debug/lib/modules/6.9/vmlinux", content: [1])
            tar.add("./usr/lib/debug/lib/modules/6.9/kernel/x.ko", content: [1])
            tar.add("./usr/lib/debug/boot/vmlinux-5.4.0-1-generic", content: [1])
            tar.add("./usr/lib/debug/usr/lib/modules/6.13/vmlinux", content: [1])
            tar.add("./boot/vmlinux-6.1.0-47-amd64", content: [1])
            tar.add("./boot/vmlinux-6.9", content: [1])
            tar.add("./boot/vmlinuz-", content: [1])
            tar.add("./usr/share/boot/vmlinuz-1", content: [1])
        }
        let kernels = try DebCheck().run(DebPackage(path)).kernels
        #expect(kernels.images == ["6.1.0-47-amd64"])
        #expect(kernels.images(for: .amd64) == ["6.1.0-47-amd64"], "elsewhere than on ppc64el a vmlinux is symbols")
        #expect(kernels.images(for: .ppc64el) == ["6.1.0-47-amd64", "6.9"])
        #expect(kernels.modules == ["6.1.0-47-amd64", "6.12"])
        #expect(kernels.debug == ["6.9", "5.4.0-1-generic", "6.13"])
    }
}
