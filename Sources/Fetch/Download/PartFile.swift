import DevboxCore
import Glibc
import Stores
import SystemPackage

/// What the part of a file is called, and which byte its lock has: made of its address.
struct PartKey: Sendable {
    /// 32 hexadecimal digits.
    let text: String

    init(_ address: Address) {
        text = String(SHA256Digest(of: address.description.utf8).description.prefix(32))
    }
}

/// cache/downloads, where parts are; what it holds is looked at once for all files of a fetch.
struct PartFolder {
    private let path: FilePath
    private let work: WorkDirectory
    private let names: Set<String>

    /// Opens it, and makes it where it is missing. The locks of the files that are wanted are held.
    init(_ work: WorkDirectory) throws {
        (path, self.work) = (work.cache(.downloads), work)
        if !Files.exists(path) { try work.own(path, mode: 0o700) }
        names = Set(try Files.list(path))
        sweep()
    }

    /// Removes what nobody will go on with: parts without notes, of yesterday or before, and those of files that nobody has asked for
    /// in a month. Another devbox's may be among them.
    private func sweep() {
        func evict(_ chosen: some Sequence<String>, days: Int) {
            try? Cache.evict(Array(chosen), in: path, CacheBounds(age: .seconds(days * 86_400)))
        }
        func notes(_ name: String) -> String { "\(name.prefix { $0 != "." }).json" }
        // Notes are written once; it is the part that tells when it was last gone on with.
        let parts = names.filter { $0.hasSuffix(".part") }
        evict(parts.filter { names.contains(notes($0)) }, days: 30)
        let kept = Set(parts.filter { Files.exists(path.appending($0)) }.map(notes))
        evict(names.subtracting(kept).filter { !($0.hasSuffix(".part") && names.contains(notes($0))) }, days: 1)
    }

    func part(_ key: PartKey) -> PartFile {
        PartFile(
            folder: path, key: key, work: work, wasThere: names.contains(PartFile.nameOfNotes(key)))
    }
}

/// What has come of a file: `<key>.part` in cache/downloads, and beside it which state of the file it is a part of.
struct PartFile: Sendable {
    fileprivate let folder: FilePath
    fileprivate let key: PartKey
    fileprivate let work: WorkDirectory
    /// Whether there were notes of an earlier attempt.
    fileprivate let wasThere: Bool

    var path: FilePath { folder.appending("\(key.text).part") }
    private var notes: FilePath { folder.appending(Self.nameOfNotes(key)) }
    fileprivate static func nameOfNotes(_ key: PartKey) -> String { "\(key.text).json" }

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

    /// What there is of an earlier attempt, and its size; nil where that cannot be gone on with.
    func earlier(_ address: Address) -> (notes: Notes, size: Int64)? {
        guard wasThere, let notes = try? RecordFile.read(Notes.self, from: notes),
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

    /// Removes the part and the notes on it.
    func remove() {
        try? Files.remove(path)
        removeNotes()
    }

    /// Removes its notes: it is no part any more.
    func removeNotes() { try? Files.remove(notes) }
}
