import DevboxCore
import Glibc
import SystemPackage

/// What has come of a file: `<key>.part` in cache/downloads, and beside it which state of the file it is a part of.
struct PartFile {
    let path: FilePath
    private let notes: FilePath
    private let work: WorkDirectory

    /// What is remembered of a part, so that a later devbox goes on with it.
    struct Notes: Record {
        static let currentVersion = 1
        var version = Self.currentVersion
        /// Where it comes from.
        var address: String
        /// The file's ETag or time of change, as If-Range takes it.
        var validator: String
        /// The size of the whole, where the server told.
        var total: Int64?

        enum Keys: String, CodingKey, CaseIterable { case version, address, validator, total }
    }

    /// A smaller file is not worth them.
    static let worthNoting: Int64 = 1 << 20

    /// The folder of all parts.
    static func folder(_ work: WorkDirectory) -> FilePath { work.cache.appending("downloads") }

    /// What the files of an address are called.
    static func key(_ address: Address) -> String {
        var hasher = SHA256Digest.Hasher()
        Array(address.description.utf8).withUnsafeBytes { hasher.update($0) }
        return String(hasher.digest.description.prefix(32))
    }

    init(_ address: Address, in work: WorkDirectory) throws {
        let folder = Self.folder(work)
        if !Files.exists(folder) { try work.own(folder, mode: 0o700) }
        let key = Self.key(address)
        path = folder.appending("\(key).part")
        notes = folder.appending("\(key).json")
        self.work = work
    }

    /// What there is of an earlier attempt, and its size; nil where that cannot be gone on with.
    func earlier(_ address: Address) -> (notes: Notes, size: Int64)? {
        guard Files.exists(notes), let notes = try? RecordFile.read(Notes.self, from: notes),
            notes.address == address.description,
            let status = try? Files.status(path), status.st_mode & S_IFMT == S_IFREG, status.st_size > 0
        else { return nil }
        let size = Int64(status.st_size)
        return size <= notes.total ?? .max ? (notes, size) : nil
    }

    /// Opens it for writing at an offset; what is behind that is gone.
    func open(at offset: Int64) throws -> FileDescriptor {
        let file = try Files.open(
            path, .readWrite, [.create, .noFollow], permissions: FilePermissions(rawValue: 0o644))
        do {
            // Under sudo too its user is to be able to go on with it.
            try work.give(path)
            if Files.umask & 0o644 != 0 { try posix("change the mode of \(path)") { fchmod(file.rawValue, 0o644) } }
            var status = stat()
            try posix("look at \(path)") { fstat(file.rawValue, &status) }
            // ext4 writes a file that was ever shortened to nothing to the disk when it is closed, and its writer waits for that.
            if status.st_size != offset { try posix("shorten \(path)") { ftruncate(file.rawValue, off_t(offset)) } }
            if offset > 0 { try posix("write \(path)") { lseek(file.rawValue, off_t(offset), SEEK_SET) } }
            return file
        } catch {
            try? file.close()
            throw error
        }
    }

    /// Remembers which state of the file it is a part of; without notes it is begun anew next time.
    func note(_ wanted: Notes?) throws {
        guard let wanted else { return try Files.remove(notes) }
        try RecordFile.write(wanted, to: notes, isDurable: false)
        try work.give(notes)
    }

    /// Removes it.
    func remove() {
        try? Files.remove(path)
        removeNotes()
    }

    /// Removes its notes: it is no part any more.
    func removeNotes() { try? Files.remove(notes) }
}
