import Archives
import DevboxCore
import Disks
import Packages
import SystemPackage

/// A guest's apt sources with the keys that it trusts, read as files and never by a program of the host.
///
/// The guest's apt.conf is not among them: what stands there would be run on the host.
struct GuestAptSources: Sendable, Equatable {
    /// The entries that are used.
    private(set) var sources: [AptSource] = []
    /// Why others are not.
    private(set) var skipped: [AptSource.Skipped] = []
    /// The keyrings by their paths in the guest.
    private(set) var keyrings: [String: [UInt8]] = [:]

    /// The folders and files that are looked at, in the guest.
    static let places = [
        "/etc/apt/sources.list", "/etc/apt/sources.list.d", "/etc/apt/trusted.gpg", "/etc/apt/trusted.gpg.d",
        "/etc/apt/keyrings", "/usr/share/keyrings",
    ]
    /// The keys that count where a source names none.
    static let trusted = "/etc/apt/trusted.gpg.d/"

    /// How much is looked at: of one file and of all, in bytes.
    private static let (fileLimit, sizeLimit) = (1 << 20, 16 << 20)

    /// What some files say.
    ///
    /// - Parameter files: by their paths in the guest; others than those of `places` are left alone.
    /// - Throws: `badInput` for a source that cannot be read.
    init(_ files: [String: [UInt8]]) throws {
        for (path, bytes) in files.sorted(by: { $0.key < $1.key }) where Self.isOfUse(path) {
            let name = "the guest's \(Names.printable(path))"
            let text = String(decoding: bytes, as: UTF8.self)
            if path.hasSuffix(".list") || path.hasSuffix(".sources") {
                take(try AptSource.read(text, file: name))
            } else {
                keyrings[path] = bytes
            }
        }
    }

    private mutating func take(_ entries: AptSource.Entries) {
        for source in entries.used where sources.count < AptSource.limit && !sources.contains(source) {
            sources.append(source)
        }
        skipped += entries.skipped
    }

    /// Those of a disk.
    init(on root: borrowing Ext4FileSystem) throws {
        var files: [String: [UInt8]] = [:]
        var size: Int64 = 0
        for place in Self.places {
            guard let number = try root.find(place) else { continue }
            let names =
                try root.attributes(of: number).isDirectory ? root.names(in: number).map { "\(place)/\($0)" } : [place]
            for path in names where Self.isOfUse(path) {
                // A keyring may be a link to another folder's.
                guard let file = try root.find(path) else { continue }
                let attributes = try root.attributes(of: file)
                guard attributes.isRegular, attributes.size <= Int64(Self.fileLimit) else { continue }
                size += attributes.size
                guard size <= Int64(Self.sizeLimit) else { throw Self.tooLarge }
                files[path] = try root.contents(of: file, limit: Self.fileLimit)
            }
        }
        try self.init(files)
    }

    /// Those of a tar stream that a guest made of `places`.
    init(tar: [UInt8], of guest: String) throws {
        let file = try Files.inMemory(tar, name: "sources")
        defer { try? file.close() }
        var files: [String: [UInt8]] = [:]
        var size: Int64 = 0
        var reader = try ArchiveReader(file, name: "the archive of \(guest)'s apt sources")
        while let member = try reader.next() {
            guard case .file = member.kind, let parts = member.components else {
                continue
            }
            let path = "/" + parts.joined(separator: "/")
            guard Self.isOfUse(path), member.size <= Int64(Self.fileLimit) else { continue }
            size += member.size
            guard size <= Int64(Self.sizeLimit) else { throw Self.tooLarge }
            var bytes: [UInt8] = []
            try reader.content { chunk in
                bytes += chunk
                guard bytes.count <= Self.fileLimit else { throw Failure(.badInput, "\(guest)'s \(path) is too large") }
            }
            files[path] = bytes
        }
        try self.init(files)
    }

    private static let tooLarge = Failure(
        .badInput, "the guest's apt sources and keyrings have more than \(ByteSize.text(Int64(sizeLimit)))")

    /// Whether it is a file that apt would read as a source or as a keyring.
    static func isOfUse(_ path: String) -> Bool {
        if path == "/etc/apt/sources.list" || path == "/etc/apt/trusted.gpg" { return true }
        guard let slash = path.lastIndex(of: "/") else { return false }
        let (folder, name) = (String(path[..<slash]), String(path[path.index(after: slash)...]))
        guard places.contains(folder), AptText.isFileName(name) else { return false }
        let endings = folder.hasSuffix("sources.list.d") ? [".list", ".sources"] : [".gpg", ".asc", ".pgp"]
        return endings.contains { name.hasSuffix($0) }
    }

    /// The same for the same sources, keys and architecture.
    func digest(architecture: String) -> SHA256Digest {
        var hasher = SHA256Digest.Hasher()
        func take(_ bytes: [UInt8]) {
            Array("\(bytes.count)\n".utf8).withUnsafeBytes { hasher.update($0) }
            bytes.withUnsafeBytes { hasher.update($0) }
        }
        take(Array(architecture.utf8))
        for source in sources {
            take(Array((source.paragraph { "\($0)" } ?? "").utf8))
        }
        for (path, bytes) in keyrings.sorted(by: { $0.key < $1.key }) {
            take(Array(path.utf8))
            take(bytes)
        }
        return hasher.digest
    }
}
