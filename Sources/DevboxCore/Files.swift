import CLinux
import Glibc
import SystemPackage

/// Small operations on the host's files, with errors that name the file.
public enum Files {
    /// Whether `path` names something; a dangling link counts.
    public static func exists(_ path: FilePath) -> Bool {
        var status = stat()
        return lstat(path.string, &status) == 0
    }

    /// lstat(2).
    public static func status(_ path: FilePath) throws -> stat {
        var status = stat()
        try posix("look at \(path)") { lstat(path.string, &status) }
        return status
    }

    /// Whether `path` names a folder; a link to one is none.
    public static func isFolder(_ path: FilePath) throws -> Bool { try status(path).st_mode & S_IFMT == S_IFDIR }

    /// The whole of a small file, refused where it is larger than `limit` bytes.
    public static func read(_ path: FilePath, limit: Int = 16 << 20) throws -> [UInt8] {
        // A fifo in the place of a file would be waited for, for ever.
        let file = try open(path, .readOnly, .nonBlocking)
        defer { try? file.close() }
        var status = stat()
        guard fstat(file.rawValue, &status) == 0, status.st_mode & S_IFMT != S_IFIFO else {
            throw Failure(.badInput, "\(path) is a fifo, and no file")
        }
        return try readAll(file, name: path.string, limit: limit)
    }

    /// The rest of an open file, refused where it is larger than `limit` bytes.
    public static func readAll(_ file: FileDescriptor, name: String, limit: Int = 16 << 20) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = try buffer.withUnsafeMutableBytes { buffer in
                try posix("read \(name)") { Glibc.read(file.rawValue, buffer.baseAddress, buffer.count) }
            }
            if count == 0 { return bytes }
            bytes += buffer[0..<count]
            if bytes.count > limit { throw Failure(.badInput, "\(name) is larger than \(limit) bytes") }
        }
    }

    /// A file's text; bytes that are not UTF-8 are replaced.
    public static func text(_ path: FilePath, limit: Int = 16 << 20) throws -> String {
        String(decoding: try read(path, limit: limit), as: UTF8.self)
    }

    /// Opens a file with close-on-exec.
    public static func open(
        _ path: FilePath, _ mode: FileDescriptor.AccessMode, _ options: FileDescriptor.OpenOptions = [],
        permissions: FilePermissions = [.ownerReadWrite]
    ) throws -> FileDescriptor {
        do {
            return try FileDescriptor.open(
                path, mode, options: options.union(.closeOnExec), permissions: permissions, retryOnInterrupt: true)
        } catch let error as Errno {
            throw failure("open \(path)", error)
        }
    }

    /// A file that is only in memory and holds some bytes, open for reading at its beginning.
    ///
    /// - Parameter name: what /proc calls it.
    public static func inMemory(_ bytes: [UInt8], name: String) throws -> FileDescriptor {
        let file = FileDescriptor(rawValue: try posix("make a file in memory") { devbox_memory_file(name) })
        do {
            try writeAll(file, bytes, name: name)
            try file.seek(offset: 0, from: .start)
        } catch {
            try? file.close()
            throw error
        }
        return file
    }

    /// Makes a directory and those above it that are missing, all with `mode`.
    public static func makeDirectory(_ path: FilePath, mode: mode_t = 0o755) throws {
        if mkdir(path.string, mode) == 0 { return }
        let number = errno
        if number == EEXIST { return }
        guard number == ENOENT, !path.removingLastComponent().isEmpty else {
            throw failure("make the directory \(path)", Errno(rawValue: number))
        }
        try makeDirectory(path.removingLastComponent(), mode: mode)
        // Once more, and no further: where a link leads nowhere, or in /proc, a folder is not made though the one above it is there.
        guard mkdir(path.string, mode) == 0 || errno == EEXIST else {
            throw failure("make the directory \(path)", Errno(rawValue: errno))
        }
    }

    /// The names in a directory, sorted, without `.` and `..`. A directory that does not exist has none.
    public static func list(_ path: FilePath) throws -> [String] {
        guard let directory = opendir(path.string) else {
            if errno == ENOENT { return [] }
            throw failure("list \(path)", Errno(rawValue: errno))
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// rename(2), which replaces the target at once.
    public static func rename(_ old: FilePath, to new: FilePath) throws {
        try posix("rename \(old) to \(new)") { Glibc.rename(old.string, new.string) }
    }

    /// rename(2) that fails with `exists` where the target is there already.
    public static func renameNew(_ old: FilePath, to new: FilePath) throws {
        try posix("make \(new)") { devbox_rename_new(old.string, new.string) }
    }

    /// link(2): a second name for the same file.
    public static func hardLink(_ old: FilePath, to new: FilePath) throws {
        try posix("link \(old) to \(new)") { link(old.string, new.string) }
    }

    /// Removes a file; one that is not there is fine.
    public static func remove(_ path: FilePath) throws {
        if unlink(path.string) != 0, errno != ENOENT { throw failure("remove \(path)", Errno(rawValue: errno)) }
    }

    /// Removes a directory with all that is in it, following no link; one that is not there is fine.
    public static func removeTree(_ path: FilePath) throws {
        var status = stat()
        guard lstat(path.string, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFDIR else { return try remove(path) }
        for name in try list(path) { try removeTree(path.appending(name)) }
        // Another devbox may be sweeping the same folder.
        if rmdir(path.string) != 0, errno != ENOENT { throw failure("remove \(path)", Errno(rawValue: errno)) }
    }

    /// chmod(2).
    public static func setMode(_ path: FilePath, _ mode: mode_t) throws {
        try posix("change the mode of \(path)") { chmod(path.string, mode) }
    }

    /// Waits until all that was written to a file is on the host's disk; see fsync(2).
    public static func sync(_ path: FilePath) throws {
        let file = try open(path, .readOnly)
        defer { try? file.close() }
        try posix("write out \(path)") { fsync(file.rawValue) }
    }

    /// fsync(2) of a directory, after which the names in it survive a power cut.
    public static func syncDirectory(_ path: FilePath) throws {
        let directory = try open(path, .readOnly, .directory)
        defer { try? directory.close() }
        try posix("sync \(path)") { fsync(directory.rawValue) }
    }

    /// Writes a file under a temporary name beside it, syncs it, and renames it into place: it is there whole, or as before.
    ///
    /// - Parameter isDurable: whether it survives a power cut; without that, an empty file may be there afterwards.
    public static func writeAtomically(
        _ bytes: some Sequence<UInt8>, to path: FilePath, mode: mode_t = 0o600, isDurable: Bool = true
    ) throws {
        let directory = path.removingLastComponent()
        let temporary = directory.appending(".\(path.lastComponent?.string ?? "file").\(getpid()).tmp")
        try? remove(temporary)
        do {
            let file = try open(
                temporary, .writeOnly, [.create, .exclusiveCreate], permissions: FilePermissions(rawValue: mode))
            defer { try? file.close() }
            inheritOwner(file, in: directory)
            try writeAll(file, Array(bytes), name: temporary.string)
            if isDurable { try posix("sync \(temporary)") { fsync(file.rawValue) } }
            try rename(temporary, to: path)
        } catch {
            try? remove(temporary)
            throw error
        }
        if isDurable { try syncDirectory(directory) }
    }

    /// Gives a file or folder that root has just made to the owner of its directory: under sudo, the user's files stay the user's.
    package static func inheritOwner(_ file: FileDescriptor, in directory: FilePath) {
        var (folder, made) = (stat(), stat())
        guard isRoot, stat(directory.string, &folder) == 0, folder.st_uid != 0, fstat(file.rawValue, &made) == 0
        else { return }
        // Only what root just made here: a second name of a file from elsewhere stays as it is.
        let isNewFile = made.st_nlink == 1 && made.st_size == 0
        if made.st_uid == 0, isNewFile || made.st_mode & S_IFMT == S_IFDIR {
            fchown(file.rawValue, folder.st_uid, folder.st_gid)
        }
    }

    /// Writes all of `bytes` at the file's position.
    public static func writeAll(_ file: FileDescriptor, _ bytes: [UInt8], name: String) throws {
        try bytes.withUnsafeBytes { try writeAll(file, $0, name: name) }
    }

    /// The same out of a buffer.
    public static func writeAll(_ file: FileDescriptor, _ bytes: UnsafeRawBufferPointer, name: String) throws {
        var done = 0
        while done < bytes.count {
            done += try posix("write \(name)") {
                write(file.rawValue, bytes.baseAddress?.advanced(by: done), bytes.count - done)
            }
        }
    }
}

extension Files {
    /// The bits that are taken from the mode of what is made, see umask(2).
    public static let umask: mode_t = {
        let bits = Glibc.umask(0o022)
        _ = Glibc.umask(bits)
        return bits
    }()

    /// The program that runs, without links.
    public static let executable: FilePath? = {
        guard let path = realpath("/proc/self/exe", nil) else { return nil }
        defer { free(path) }
        return FilePath(platformString: path)
    }()

    /// The directory that devbox was started in.
    public static var currentDirectory: FilePath {
        guard let path = getcwd(nil, 0) else { return "/" }
        defer { free(path) }
        return FilePath(platformString: path)
    }
}

extension stat {
    /// The modification time in nanoseconds since 1970.
    public var modifiedNanoseconds: Int64 { Int64(st_mtim.tv_sec) * 1_000_000_000 + Int64(st_mtim.tv_nsec) }
}
