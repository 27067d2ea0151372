import Glibc
import SystemPackage

/// A folder below share/, opened without following any link on the way, so that nothing is written or read elsewhere.
public struct ShareFolder: ~Copyable {
    /// The folder itself, for calls that take names in it.
    public let descriptor: FileDescriptor
    /// What messages call it.
    public let path: FilePath

    /// Opens a folder; nil where it is not there.
    ///
    /// - Parameters:
    ///   - names: the way below `base`.
    ///   - make: whether to make what is missing; it belongs to the work directory's owner.
    public init?(_ names: [String], below base: FilePath, in work: WorkDirectory, make: Bool) throws {
        var current = try Files.open(base, .readOnly, [.directory, .noFollow])
        var path = base
        do {
            for name in names {
                path = path.appending(name)
                if make, mkdirat(current.rawValue, name, 0o755) == 0 {
                    // mkdir(2) applies the umask.
                    try posix("change the mode of \(path)") { fchmodat(current.rawValue, name, 0o755, 0) }
                    if isRoot, work.owner.uid != 0 {
                        try posix("own \(path)") {
                            fchownat(current.rawValue, name, work.owner.uid, work.owner.gid, AT_SYMLINK_NOFOLLOW)
                        }
                    }
                }
                let next = openat(current.rawValue, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                let number = errno
                try? current.close()
                guard next >= 0 else {
                    if number == ENOENT, !make { return nil }
                    throw failure("use the folder \(path)", Errno(rawValue: number))
                }
                current = FileDescriptor(rawValue: next)
            }
        } catch {
            throw error
        }
        (descriptor, self.path) = (current, path)
    }

    deinit { try? descriptor.close() }

    /// Opens a plain file for reading; nil where there is none of that name.
    public func open(_ name: String) throws -> FileDescriptor? {
        let file = openat(descriptor.rawValue, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT || errno == ELOOP { return nil }
            throw failure("open \(path.appending(name))", Errno(rawValue: errno))
        }
        let result = FileDescriptor(rawValue: file)
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            try? result.close()
            return nil
        }
        return result
    }

    /// Moves a file into it, in place of one of that name.
    public func take(_ file: FilePath, as name: String) throws {
        try posix("make \(path.appending(name))") { renameat(AT_FDCWD, file.string, descriptor.rawValue, name) }
    }

    /// Removes a file; one that is not there is fine.
    public func remove(_ name: String) throws {
        if unlinkat(descriptor.rawValue, name, 0) != 0, errno != ENOENT {
            throw failure("remove \(path.appending(name))", Errno(rawValue: errno))
        }
    }
}
