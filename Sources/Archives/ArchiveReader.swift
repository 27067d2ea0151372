import CArchive
import DevboxCore
import Glibc
import SystemPackage

/// A stream of archive members read with libarchive: tar in the compressions of `ArchiveFilters`, ar. See libarchive(3), archive_read(3).
public struct ArchiveReader: ~Copyable {
    let archive: OpaquePointer
    let name: String
    /// What it reads from, where that is no file.
    let feed: StreamFeed?

    /// Begins to read from an open file or pipe.
    ///
    /// - Parameters:
    ///   - descriptor: where the archive comes from; it stays the caller's.
    ///   - name: what messages call it.
    /// - Throws: `badInput`, where it is no archive.
    public init(_ descriptor: FileDescriptor, name: String) throws {
        ArchiveNames.areUTF8()
        guard let archive = archive_read_new() else { throw Failure(.failure, "out of memory") }
        ArchiveFilters.enable(archive)
        archive_read_support_format_tar(archive)
        archive_read_support_format_ar(archive)
        guard archive_read_open_fd(archive, descriptor.rawValue, 1 << 20) == ARCHIVE_OK else {
            let reason = Self.reason(archive)
            archive_read_free(archive)
            throw Failure(.badInput, "\(name) cannot be read: \(reason)")
        }
        self.archive = archive
        self.name = name
        feed = nil
    }

    deinit { archive_read_free(archive) }

    /// The next member; nil at the end. What libarchive only warns of is an error too: a damaged header is no header.
    public mutating func next() throws -> ArchiveMember? {
        var entry: OpaquePointer?
        let result = archive_read_next_header(archive, &entry)
        if result == ARCHIVE_EOF { return nil }
        guard result == ARCHIVE_OK, let entry else { throw damaged() }
        guard let member = ArchiveMember(entry) else {
            throw Failure(.badInput, "\(name) has a member of which the name cannot be read")
        }
        return member
    }

    /// Hands on the content of the member that `next` gave last, chunk by chunk; holes are zeroes.
    public mutating func content(to body: (ArraySlice<UInt8>) throws -> Void) throws {
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = buffer.withUnsafeMutableBytes { archive_read_data(archive, $0.baseAddress, $0.count) }
            if count == 0 { return }
            guard count > 0 else { throw damaged() }
            try body(buffer[0..<count])
        }
    }

    /// Passes over the content of the member that `next` gave last. Of what is compressed all of it is decoded for that, which may take
    /// minutes; `next` does the same without being asked.
    ///
    /// - Parameter step: called again and again; what it throws ends it.
    public mutating func pass(step: () throws -> Void) throws {
        // Otherwise there is a jump over it.
        guard archive_filter_code(archive, 0) != ARCHIVE_FILTER_NONE else { return }
        var (block, count, offset): (UnsafeRawPointer?, Int, Int64) = (nil, 0, 0)
        while true {
            // Holes are no blocks: there is no end to how large they may be.
            let result = archive_read_data_block(archive, &block, &count, &offset)
            if result == ARCHIVE_EOF { return }
            guard result == ARCHIVE_OK else { throw damaged() }
            try step()
        }
    }

    func damaged() -> any Error {
        if let error = feed?.error { return error }
        return Failure(.badInput, "\(name) is damaged: \(Self.reason(archive))")
    }

    static func reason(_ archive: OpaquePointer) -> String {
        archive_error_string(archive).map { Names.printable(String(cString: $0)).lowercasedFirst }
            ?? "it is not an archive"
    }
}

/// The encoding of members' names.
enum ArchiveNames {
    /// libarchive converts names to the locale's encoding, and fails where that is the C locale's. C.UTF-8 is part of glibc.
    static func areUTF8() { setlocale(LC_CTYPE, "C.UTF-8") }
}

/// What an archive says of one of its members. All of it comes from outside.
public struct ArchiveMember: Sendable, Equatable {
    /// What a member is.
    public enum Kind: Sendable, Equatable {
        case file
        case directory
        case link(target: String)
        /// A further name of an earlier member.
        case hardLink(target: String)
        case characterDevice(major: UInt32, minor: UInt32)
        case blockDevice(major: UInt32, minor: UInt32)
        case fifo
        case socket
    }

    /// The member's name as the archive has it; `components` are the parts that may be used.
    public var path: String
    /// Whether it is a file, a folder, a link, a device, and where a link leads.
    public var kind: Kind
    /// In bytes.
    public var size: Int64
    /// The twelve bits of chmod(2).
    public var permissions: UInt16
    /// The owner's number inside the archive, not on the host.
    public var uid: UInt32
    /// The group's number inside the archive, not on the host.
    public var gid: UInt32
    /// In seconds since 1970.
    public var modified: Int64
    /// Extended attributes.
    public var attributes: [String: [UInt8]]

    /// The names on the way to it, without empty ones and `.`; nil where one is `..`.
    public var components: [String]? {
        let parts = path.split(separator: "/").map(String.init).filter { $0 != "." }
        return parts.contains("..") ? nil : parts
    }

    init?(_ entry: OpaquePointer) {
        guard let path = archive_entry_pathname(entry) else { return nil }
        self.path = String(cString: path)
        size = archive_entry_size(entry)
        permissions = UInt16(archive_entry_perm(entry) & 0o7777)
        uid = UInt32(truncatingIfNeeded: archive_entry_uid(entry))
        gid = UInt32(truncatingIfNeeded: archive_entry_gid(entry))
        modified = Int64(archive_entry_mtime(entry))
        attributes = [:]
        let major = UInt32(truncatingIfNeeded: archive_entry_rdevmajor(entry))
        let minor = UInt32(truncatingIfNeeded: archive_entry_rdevminor(entry))
        if let target = archive_entry_hardlink(entry) {
            kind = .hardLink(target: String(cString: target))
        } else {
            switch archive_entry_filetype(entry) {
            case S_IFREG: kind = .file
            case S_IFDIR: kind = .directory
            case S_IFLNK: kind = .link(target: archive_entry_symlink(entry).map { String(cString: $0) } ?? "")
            case S_IFCHR: kind = .characterDevice(major: major, minor: minor)
            case S_IFBLK: kind = .blockDevice(major: major, minor: minor)
            case S_IFIFO: kind = .fifo
            case S_IFSOCK: kind = .socket
            default: return nil
            }
        }
        readAttributes(entry)
    }

    private mutating func readAttributes(_ entry: OpaquePointer) {
        archive_entry_xattr_reset(entry)
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var count = 0
        while archive_entry_xattr_next(entry, &name, &value, &count) == ARCHIVE_OK {
            guard let name, let value else { continue }
            attributes[String(cString: name)] = Array(UnsafeRawBufferPointer(start: value, count: count))
        }
    }
}
