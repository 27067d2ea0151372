import CArchive
import DevboxCore
import Glibc
import SystemPackage

/// Unpacks an archive that comes from outside into a folder of the host, and nowhere else.
public enum ArchiveExtractor {
    /// Unpacks files, folders and links; no path leaves `folder`, no link is followed, no device is made, and everything belongs
    /// to whoever runs devbox.
    ///
    /// - Parameters:
    ///   - descriptor: where the archive comes from.
    ///   - name: what messages call it.
    ///   - folder: an existing folder.
    /// - Returns: what was left out, which is neither a file nor a folder nor a link.
    @discardableResult
    public static func extract(_ descriptor: FileDescriptor, name: String, into folder: FilePath) throws -> LeftOut {
        var leftOut = LeftOut()
        ArchiveNames.areUTF8()
        let reader = archive_read_new()
        let writer = archive_write_disk_new()
        defer {
            archive_read_free(reader)
            archive_write_free(writer)
        }
        func reason(_ archive: OpaquePointer?) -> String {
            archive_error_string(archive).map { Names.printable(String(cString: $0)).lowercasedFirst }
                ?? "unknown error"
        }
        ArchiveFilters.enable(reader)
        archive_read_support_format_tar(reader)
        archive_write_disk_set_options(
            writer,
            ARCHIVE_EXTRACT_TIME | ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_SECURE_NODOTDOT
                | ARCHIVE_EXTRACT_SECURE_SYMLINKS)
        guard archive_read_open_fd(reader, descriptor.rawValue, 1 << 20) == ARCHIVE_OK else {
            throw Failure(.badInput, "\(name) cannot be read: \(reason(reader))")
        }
        while true {
            var entry: OpaquePointer?
            let result = archive_read_next_header(reader, &entry)
            if result == ARCHIVE_EOF { return leftOut }
            guard result == ARCHIVE_OK, let entry, let member = ArchiveMember(entry) else {
                throw Failure(.badInput, "\(name) is damaged: \(reason(reader))")
            }
            guard let parts = member.components, !parts.isEmpty else {
                if member.components?.isEmpty == true { continue }
                throw Failure(.badInput, "\(name) has a member that leaves its folder: \(Names.printable(member.path))")
            }
            archive_entry_set_pathname(entry, folder.string + "/" + parts.joined(separator: "/"))
            archive_entry_set_perm(entry, mode_t(member.permissions & 0o777))
            switch member.kind {
            case .hardLink(let target):
                let inside = target.split(separator: "/").map(String.init).filter { $0 != "." }
                guard !inside.contains("..") else {
                    throw Failure(.badInput, "\(name) has a link that leaves its folder: \(Names.printable(target))")
                }
                archive_entry_set_hardlink(entry, folder.string + "/" + inside.joined(separator: "/"))
            case .characterDevice, .blockDevice, .fifo, .socket:
                leftOut.add(member.path)
                continue
            case .file, .directory, .link: break
            }
            guard archive_read_extract2(reader, entry, writer) == ARCHIVE_OK else {
                let text = archive_errno(writer) != 0 ? reason(writer) : reason(reader)
                throw Failure(.failure, "cannot unpack \(Names.printable(member.path)) of \(name): \(text)")
            }
        }
    }
}

/// Members of an archive that were not unpacked: devices, fifos and sockets.
public struct LeftOut: Sendable, Equatable {
    /// How many there were.
    public private(set) var count = 0
    /// The path of the first one, as the archive has it.
    public private(set) var first = ""

    /// None yet.
    public init() {}

    mutating func add(_ path: String) {
        if count == 0 { first = path }
        count += 1
    }
}
