import Archives
import DevboxCore
import SystemPackage

/// A Debian package in a file. Its structure and its control file have been read and checked; what it installs has not.
///
/// The file stays open as long as the value lives, so that everything is read from the file that was checked. See deb(5).
public struct DebPackage: Sendable {
    /// The file.
    public let path: FilePath
    /// The fields of the control file.
    public let control: ControlStanza
    /// The package's name.
    public let name: String
    /// The package's version.
    public let version: DebianVersion
    /// Debian's name of the architecture; "all" for packages that are the same on each.
    public let architecture: String
    /// What must be installed and configured before it is unpacked.
    public let preDepends: [Dependency]
    /// What must be there for it to be configured, beside `preDepends`.
    public let depends: [Dependency]
    /// What may not be installed beside it; one alternative each.
    public let conflicts: [Dependency]
    /// What does not work beside it; one alternative each.
    public let breaks: [Dependency]
    /// What it replaces files of; one alternative each.
    public let replaces: [Dependency]
    /// The virtual packages that it stands for; one alternative each, with "=" where it says a version.
    public let provides: [Dependency]
    let file: DebFile
    let layout: DebLayout

    /// Opens a package, and reads its structure and its control file.
    ///
    /// - Throws: `notFound`; `badInput` where it is damaged, naming the file and the defect.
    public init(_ path: FilePath) throws {
        try self.init(DebFile(path))
    }

    init(_ file: DebFile) throws {
        self.file = file
        path = file.path
        layout = try DebLayout(file)
        let control = try Self.readControl(file, layout)
        self.control = control
        func required(_ field: String, _ isValid: (String) -> Bool) throws -> String {
            guard let value = control[field] else { throw Self.wrong(file, "has no field \(field)") }
            guard isValid(value) else { throw Self.wrong(file, "has a wrong \(field): \(Self.shown(value))") }
            return value
        }
        func relations(_ field: String) throws -> [Dependency] {
            guard let value = control.folded(field) else { return [] }
            guard let parsed = Dependency.parse(value) else {
                throw Self.wrong(file, "has a wrong \(field): \(Self.shown(value))")
            }
            return parsed
        }
        name = try required("Package", PackageName.isValid)
        architecture = try required("Architecture", PackageName.isArchitecture)
        let text = try required("Version") { DebianVersion($0) != nil }
        guard let version = DebianVersion(text) else { throw Self.wrong(file, "has a wrong Version") }
        self.version = version
        preDepends = try relations("Pre-Depends")
        depends = try relations("Depends")
        conflicts = try relations("Conflicts")
        breaks = try relations("Breaks")
        replaces = try relations("Replaces")
        provides = try relations("Provides")
    }

    /// What dpkg says it takes when it is installed, in bytes; nil where the package does not say it.
    public var installedSize: Int64? {
        control["Installed-Size"].flatMap { Int64($0) }.flatMap { kibibytes in
            let (bytes, overflow) = kibibytes.multipliedReportingOverflow(by: 1024)
            return overflow || bytes < 0 ? nil : bytes
        }
    }

    /// The size of the file, in bytes.
    public var fileSize: Int64 { file.size }

    /// Where the control information is in the file.
    public var controlMember: DebMember { layout.control }

    /// Where the files that it installs are in the file.
    public var dataMember: DebMember { layout.data }

    /// The digest of the whole file.
    public func digest() throws -> SHA256Digest {
        var hasher = SHA256Digest.Hasher()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        let source = file.whole.source()
        while case let count = try source(buffer), count > 0 {
            try Interrupts.check()
            hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
        return hasher.digest
    }

    /// The uncompressed data.tar, chunk by chunk.
    public func decodedData() throws -> DecodedStream { try stream(layout.data) }

    /// Where in its file data.tar begins, in bytes; nil where that is compressed.
    public var dataOffset: Int64? { layout.data.compression == .none ? layout.data.offset : nil }

    /// How large the uncompressed data.tar is, in bytes, by what the file itself says; nil where it does not say it.
    public var decodedDataSize: Int64? {
        switch layout.data.compression {
        case .none: layout.data.size
        case .xz: try? Compression.decodedSize(ofXZ: file.stretch(layout.data))
        default: nil
        }
    }

    func stream(_ member: DebMember) throws -> DecodedStream { try Self.stream(file, member) }

    private static func stream(_ file: DebFile, _ member: DebMember) throws -> DecodedStream {
        // The stretch holds a number only: the file has to stay open as long as something reads.
        let read = file.stretch(member).source()
        let source: ByteSource = { buffer in try withExtendedLifetime(file) { try read(buffer) } }
        return try DecodedStream(
            source, size: member.size, compression: member.compression,
            name: "\(Names.printable(member.name)) of \(file.name)")
    }

    private static func readControl(_ file: DebFile, _ layout: DebLayout) throws -> ControlStanza {
        let name = "\(Names.printable(layout.control.name)) of \(file.name)"
        var reader = try ArchiveReader(tar: stream(file, layout.control), name: name, limit: 256 << 20)
        var text: [UInt8]?
        while let member = try reader.next() {
            guard member.kind == .file, member.components == ["control"] else { continue }
            guard text == nil else { throw wrong(file, "has two control files") }
            guard member.size <= 4 << 20 else { throw wrong(file, "has a control file of \(member.size) bytes") }
            var bytes = [UInt8](repeating: 0, count: Int(member.size))
            var done = 0
            while done < bytes.count {
                let count = try bytes.withUnsafeMutableBytes {
                    try reader.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[done...]))
                }
                if count == 0 { break }
                done += count
            }
            text = Array(bytes[..<done])
        }
        try reader.finish()
        guard let text else { throw wrong(file, "has no control file") }
        let stanzas = try ControlReader.stanzas(of: text, name: "the control file of \(file.name)")
        guard stanzas.count == 1, let stanza = stanzas.first else {
            throw wrong(file, stanzas.isEmpty ? "has an empty control file" : "has a control file of two paragraphs")
        }
        return stanza
    }

    private static func wrong(_ file: DebFile, _ defect: String) -> Failure {
        Failure(.badInput, "\(file.name) \(defect)")
    }

    /// The beginning of a value, for messages.
    private static func shown(_ value: String) -> String { Names.printable(value.prefix(80)) }
}
