import Archives
import DevboxCore
import Glibc
@testable import Packages
import SystemPackage
import TestSupport
import Testing

@Suite("Reading .debs", .timeLimit(.minutes(10)))
struct DebPackageTests {
    private let builder: DebBuilder
    init() throws { builder = try DebBuilder() }

    /// Every file of a package with its content.
    private func contents(_ package: DebPackage) throws -> [String: [UInt8]] {
        var result: [String: [UInt8]] = [:]
        try package.walk { content in
            if content.member.kind == .file { result[content.path ?? "?"] = try content.bytes() }
            return .goOn
        }
        return result
    }

    private func refusal(_ path: FilePath) -> (any ReportableError)? {
        reported { try DebCheck().run(DebPackage(path)) }
    }

    @Test("what dpkg-deb packs is read, whatever it is compressed with", arguments: ["gzip", "xz", "zstd", "none"])
    func compressions(compression: String) throws {
        let files = ["usr/share/doc/sample/copyright": "free\n", "etc/empty": "", "usr/bin/x": "#!/bin/sh\n"]
        let path = try builder.packed(files: files, compression)
        let package = try DebPackage(path)
        #expect(package.name == "sample")
        #expect(package.version.description == "1:2.0-3")
        #expect(package.architecture == "amd64")
        #expect(package.installedSize == 12 << 10)
        #expect(package.preDepends.map(\.description) == ["libc6 (>= 2.36)"])
        #expect(package.depends.map(\.description) == ["perl:any", "a | b (<< 3~)"])
        #expect(package.control.synopsis == "a package for tests")
        #expect(package.control.longDescription == "It says more\n\nin two paragraphs.")
        #expect(package.dataMember.compression.rawValue == compression)
        #expect(try contents(package).mapValues { String(decoding: $0, as: UTF8.self) } == files)
        #expect(try package.digest().description == tool("sha256sum", path.string).prefix(64))
        let plain = builder.scratch("plain.tar")
        try tool("sh", "-c", "dpkg-deb --fsys-tarfile \(path) > \(plain)")
        var bytes: [UInt8] = []
        var stream = try package.decodedData()
        while let chunk = try stream.next() { bytes += chunk }
        #expect(try bytes == Files.read(plain))
        #expect(package.decodedDataSize == (["xz", "none"].contains(compression) ? Int64(bytes.count) : nil))
        let summary = try DebCheck().run(package)
        #expect(summary.fileCount == 3)
    }

    @Test(
        "data members of the older compressions are read",
        arguments: [("bz2", "bzip2 -c"), ("lzma", "xz --format=lzma -c")])
    func olderCompressions(ending: String, program: String) throws {
        var tar = TarWriter()
        tar.add("./big", content: noise(300_000))
        let packed = try builder.compress(tar.finished, program)
        let path = try builder.deb(data: packed, dataName: "data.tar.\(ending)")
        #expect(try contents(DebPackage(path)) == ["big": noise(300_000)])
        let cut = try builder.deb(data: Array(packed.dropLast(20)), dataName: "data.tar.\(ending)")
        #expect(refusal(cut)?.exitCode == .badInput)
        let more = try builder.deb(data: packed + [1, 2, 3], dataName: "data.tar.\(ending)")
        #expect(refusal(more)?.exitCode == .badInput)
    }

    @Test("the sink gets data.tar byte for byte, with the zeroes at its end")
    func sink() throws {
        var tar = TarWriter()
        tar.add("./big", content: noise(3_000_000))
        let bytes = tar.finished + [UInt8](repeating: 0, count: 8192)
        let path = try builder.deb(data: builder.compress(bytes, "xz -c"), dataName: "data.tar.xz")
        var seen: [UInt8] = []
        try DebCheck().run(DebPackage(path), sink: { seen += $0 })
        #expect(seen == bytes)
    }

    @Test("members that deb(5) lets a reader skip are skipped")
    func skippedMembers() throws {
        let data = TarWriter().finished
        let bytes =
            Array("!<arch>\n".utf8) + DebBuilder.member("debian-binary/", Array("2.1\nmore\n".utf8))
            + DebBuilder.member("_new", [1, 2, 3]) + DebBuilder.member("control.tar/", DebBuilder.controlTar())
            + DebBuilder.member("_newer", []) + DebBuilder.member("data.tar", data)
            + DebBuilder.member("_gpgorigin", [7]) + DebBuilder.member("unknown", [8])
        #expect(refusal(try builder.write(bytes, "new.deb")) == nil)
    }

    @Test("a walk that is stopped decodes nothing further")
    func stopped() throws {
        var tar = TarWriter()
        tar.add("./first", content: [1])
        for index in 0..<40 { tar.add("./more\(index)", content: noise(400_000, seed: UInt64(index))) }
        let packed = try builder.compress(tar.finished, "gzip -c")
        let path = try builder.deb(data: Array(packed.dropLast(1000)), dataName: "data.tar.gz")
        var seen: [String] = []
        try DebPackage(path).walk { content in
            seen.append(content.path ?? "?")
            return .stop
        }
        #expect(seen == ["first"])
        #expect(refusal(path)?.exitCode == .badInput)
    }
}
