import DevboxCore
import Glibc
import SystemPackage
import TestSupport

/// A tar written by hand, so that it can hold what tar(1) would not write. See tar(5).
struct TarWriter {
    private(set) var bytes: [UInt8] = []

    /// Adds a member.
    mutating func add(
        _ path: String, type: Character = "0", link: String = "", mode: Int = 0o644, content: [UInt8] = [],
        size: Int64? = nil
    ) {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, _ at: Int) { header.replaceSubrange(at..<(at + text.utf8.count), with: text.utf8) }
        func octal(_ number: Int64, _ digits: Int) -> String {
            let text = String(number, radix: 8)
            return String(repeating: "0", count: max(0, digits - text.count)) + text
        }
        put(path, 0)
        put(octal(Int64(mode), 7), 100)
        put(octal(0, 7), 108)
        put(octal(0, 7), 116)
        let size = size ?? Int64(content.count)
        if size < 1 << 33 {
            put(octal(size, 11), 124)
        } else {
            // The GNU way: a set bit, then a binary number.
            header[124] = 0x80
            for index in 0..<8 { header[135 - index] = UInt8(truncatingIfNeeded: size >> (8 * index)) }
        }
        put(octal(1_600_000_000, 11), 136)
        put("        ", 148)
        put(String(type), 156)
        put(link, 157)
        put("ustar  ", 257)
        put(octal(header.reduce(Int64(0)) { $0 + Int64($1) }, 6) + "\0", 148)
        bytes += header + content
        bytes += [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
    }

    /// The whole archive.
    var finished: [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }
}

/// .debs, with dpkg-deb and by hand.
struct DebBuilder {
    let scratch: ScratchDirectory
    init() throws { scratch = try ScratchDirectory() }

    static let control = """
        Package: sample
        Version: 1:2.0-3
        Architecture: amd64
        Maintainer: Nobody <nobody@example.org>
        Installed-Size: 12
        Pre-Depends: libc6 (>= 2.36)
        Depends: perl:any, a | b (<< 3~)
        Description: a package for tests
         It says more
         .
         in two paragraphs.

        """

    /// A member of an ar archive.
    static func member(_ name: String, _ content: [UInt8], magic: String = "`\n") -> [UInt8] {
        func field(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: max(0, width - text.utf8.count))
        }
        let header =
            field(name, 16) + field("1600000000", 12) + field("0", 6) + field("0", 6) + field("100644", 8)
            + field("\(content.count)", 10) + magic
        return Array(header.utf8) + content + (content.count % 2 == 0 ? [] : [0x0A])
    }

    static let version = member("debian-binary", Array("2.0\n".utf8))

    static func controlTar(_ text: String = control) -> [UInt8] {
        var tar = TarWriter()
        tar.add("./", type: "5", mode: 0o755)
        tar.add("./control", content: Array(text.utf8))
        return tar.finished
    }

    /// A .deb by hand: an uncompressed control member, and the given data member.
    @discardableResult
    func deb(
        _ name: String = "hand.deb", control: String = DebBuilder.control, data: [UInt8], dataName: String = "data.tar",
        after: [UInt8] = []
    ) throws -> FilePath {
        try write(
            Array("!<arch>\n".utf8) + Self.version + Self.member("control.tar", Self.controlTar(control))
                + Self.member(dataName, data) + after, name)
    }

    /// A .deb by hand, with members of one's own.
    func deb(_ name: String = "hand.deb", fill: (inout TarWriter) -> Void) throws -> FilePath {
        var tar = TarWriter()
        tar.add("./", type: "5", mode: 0o755)
        fill(&tar)
        return try deb(name, data: tar.finished)
    }

    func write(_ bytes: [UInt8], _ name: String) throws -> FilePath {
        let path = scratch(name)
        try Files.writeAtomically(bytes, to: path, mode: 0o644)
        return path
    }

    /// What dpkg-deb packs: files with their content, by their path.
    func packed(
        _ name: String = "packed.deb", control: String = DebBuilder.control, files: [String: String],
        _ compression: String = "xz"
    ) throws -> FilePath {
        let tree = "tree-\(name)"
        try scratch.write(control, to: "\(tree)/DEBIAN/control")
        for (path, text) in files { try scratch.write(text, to: "\(tree)/\(path)") }
        let path = scratch(name)
        try tool("dpkg-deb", "--root-owner-group", "-Z\(compression)", "-b", scratch(tree).string, path.string)
        return path
    }

    /// Compresses a tar with a program of the host.
    func compress(_ bytes: [UInt8], _ program: String...) throws -> [UInt8] {
        let plain = try write(bytes, "plain")
        let packed = scratch("compressed")
        try tool("sh", "-c", "\(program.joined(separator: " ")) < \(plain) > \(packed)")
        return try Files.read(packed, limit: 256 << 20)
    }
}
