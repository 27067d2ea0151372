import Archives
import DevboxCore

/// Where the parts of a .deb lie in its file.
///
/// The ar format of deb(5) has no long names and nothing else that ar archives may have, so it is read here, as dpkg does: a
/// reader that knows more than dpkg would see another package than dpkg installs.
struct DebLayout: Sendable {
    let version: DebMember
    let control: DebMember
    let data: DebMember

    private static let magic = Array("!<arch>\n".utf8)
    private static let headerSize: Int64 = 60

    init(_ file: DebFile) throws {
        let whole = file.whole
        func damaged(_ defect: String) -> Failure { Failure(.badInput, "\(file.name) \(defect)") }
        guard try whole.bytes(at: 0, count: Self.magic.count) == Self.magic else {
            throw damaged("is not a Debian package: it is not an ar archive")
        }
        var position = Int64(Self.magic.count)
        var (version, control, data): (DebMember?, DebMember?, DebMember?)
        while position < file.size {
            let header = try whole.bytes(at: position, count: Int(Self.headerSize))
            guard header.count == Int(Self.headerSize) else { throw damaged("is truncated") }
            guard let (name, size) = Self.parse(header) else { throw damaged("is damaged: a member's header is wrong") }
            let offset = position + Self.headerSize
            guard size <= file.size - offset else { throw damaged("is truncated") }
            position = offset + size + size % 2
            let shown = Names.printable(name)
            func member(_ stem: String) throws -> DebMember {
                guard let compression = Compression(fileExtension: name.dropFirst(stem.count)) else {
                    throw damaged("has a member of unknown compression: \(shown)")
                }
                return DebMember(name: name, offset: offset, size: size, compression: compression)
            }
            if version == nil {
                guard name == "debian-binary" else {
                    throw damaged("is not a Debian package: its first member is \(shown)")
                }
                version = DebMember(name: name, offset: offset, size: size, compression: .none)
                try Self.checkVersion(whole.bytes(at: offset, count: Int(min(size, 64))), file)
            } else if name.hasPrefix("control.tar") {
                guard control == nil else { throw damaged("has two control members") }
                guard data == nil else { throw damaged("has its control member behind the data") }
                control = try member("control.tar")
            } else if name.hasPrefix("data.tar") {
                guard data == nil else { throw damaged("has two data members") }
                guard control != nil else { throw damaged("has its data member before the control member") }
                data = try member("data.tar")
            } else if data == nil, !name.hasPrefix("_") {
                throw damaged("has an unknown member before its data: \(shown)")
            }
        }
        guard let version else { throw damaged("is truncated: it has no members") }
        guard let control else { throw damaged("is truncated: it has no control member") }
        guard let data else { throw damaged("is truncated: it has no data member") }
        guard [.none, .gzip, .xz, .zstd].contains(control.compression) else {
            throw damaged("has a control member of unknown compression: \(Names.printable(control.name))")
        }
        self.version = version
        self.control = control
        self.data = data
    }

    /// The name and the size of a member; nil where they are not as ar has them.
    private static func parse(_ header: [UInt8]) -> (name: String, size: Int64)? {
        guard header[58...59].elementsEqual([0x60, 0x0A]) else { return nil }
        var name = header[0..<16]
        while name.last == UInt8(ascii: " ") { name.removeLast() }
        if name.last == UInt8(ascii: "/") { name.removeLast() }
        var digits = header[48..<58]
        while digits.last == UInt8(ascii: " ") { digits.removeLast() }
        guard !name.isEmpty, !digits.isEmpty, digits.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains)
        else { return nil }
        // Ten digits at most.
        return (String(decoding: name, as: UTF8.self), digits.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) })
    }

    private static func checkVersion(_ bytes: [UInt8], _ file: DebFile) throws {
        let line = bytes.prefix { $0 != UInt8(ascii: "\n") }
        let text = String(decoding: line, as: UTF8.self)
        let numbers = text.split(separator: ".", omittingEmptySubsequences: false).map { UInt32($0) }
        guard line.count < bytes.count, numbers.count == 2, let major = numbers[0], numbers[1] != nil else {
            throw Failure(.badInput, "\(file.name) is damaged: its format version cannot be read")
        }
        guard major == 2 else {
            throw Failure(
                .badInput, "\(file.name) has format version \(text), which this devbox does not know",
                hint: "deb(5) describes version 2.0, which all packages have had since 1995")
        }
    }
}
