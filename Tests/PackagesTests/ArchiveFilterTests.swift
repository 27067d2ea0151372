import Archives
import DevboxCore
import SystemPackage
import TestSupport
import Testing

@Suite("Compressions of archives")
struct ArchiveFilterTests {
    private let scratch: ScratchDirectory

    init() throws { scratch = try ScratchDirectory() }

    private func names(_ file: FilePath) throws -> [String] {
        let descriptor = try Files.open(file, .readOnly)
        defer { try? descriptor.close() }
        var reader = try ArchiveReader(descriptor, name: file.string)
        var names: [String] = []
        while let member = try reader.next() { names.append(member.path) }
        return names
    }

    private func extract(_ file: FilePath) throws {
        try Files.makeDirectory(scratch("out"))
        let descriptor = try Files.open(file, .readOnly)
        defer { try? descriptor.close() }
        try ArchiveExtractor.extract(descriptor, name: file.string, into: scratch("out"))
    }

    @Test(
        "what packages come in is decoded in this process",
        arguments: [[], ["gzip"], ["bzip2"], ["xz"], ["xz", "--format=lzma"], ["zstd"], ["lz4"]])
    func known(program: [String]) throws {
        try scratch.write("content", to: "in/member")
        let file = scratch("a.tar")
        try tool("tar", "-cf", file.string, "-C", scratch("in").string, "member")
        if !program.isEmpty {
            let packed = scratch("packed")
            try tool("sh", "-c", "\(program.joined(separator: " ")) --stdout <'\(file)' >'\(packed)'")
            try Files.rename(packed, to: file)
        }
        #expect(try names(file) == ["member"])
        try extract(file)
        #expect(try Files.text(scratch("out/member")) == "content")
    }

    /// Of these libarchive knows the first bytes, and a program that it would start for them.
    private static let programs: [(name: String, magic: [UInt8])] = [
        ("grzip", Array("GRZipII\0\u{2}\u{4}:)".utf8)), ("lrzip", Array("LRZI\0\u{6}".utf8)),
    ]

    @Test("no program is started for what a file's first bytes ask for", arguments: programs)
    func external(program: (name: String, magic: [UInt8])) throws {
        let file = scratch("a.tar")
        try Files.writeAtomically(program.magic + [UInt8](repeating: 0, count: 4096), to: file)
        for read in [{ _ = try names(file) }, { try extract(file) }] {
            let message = try #require(reported(read)).message
            #expect(message.contains("unrecognized archive format"), "\(message)")
        }
        // It is no compression known here, so it is given back as it is.
        let bytes = try Files.read(file)
        #expect(try Decompression.decode(bytes, name: "x", limit: 1 << 20) == bytes)
    }
}
