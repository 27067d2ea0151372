import DevboxCore
import Glibc
import SystemPackage

/// A folder below share/, opened without following any link on the way, so that nothing is written or read elsewhere.
public struct ShareFolder: ~Copyable, Sendable {
    /// The folder itself, for calls that take names in it.
    public let descriptor: FileDescriptor
    /// What messages call it.
    public let path: FilePath
    private let work: WorkDirectory

    /// Opens a folder that devbox itself made, such as share/packages.
    public init(_ path: FilePath, in work: WorkDirectory) throws {
        self.init(try Files.open(path, .readOnly, [.directory, .noFollow]), path, work)
    }

    private init(_ descriptor: FileDescriptor, _ path: FilePath, _ work: WorkDirectory) {
        (self.descriptor, self.path, self.work) = (descriptor, path, work)
    }

    /// A folder somewhere below it; nil where it is not there.
    public consuming func folder(_ names: some Sequence<String>) throws -> ShareFolder? {
        var current = self
        for name in names {
            guard let next = try current.child(name) else { return nil }
            current = next
        }
        return current
    }

    /// A folder in it, made where it is missing; it belongs to the work directory's owner.
    public func making(_ name: String) throws -> ShareFolder {
        let path = path.appending(name)
        if mkdirat(descriptor.rawValue, name, 0o755) == 0 {
            // mkdir(2) applies the umask.
            if Files.umask & 0o755 != 0 {
                try posix("change the mode of \(path)") { fchmodat(descriptor.rawValue, name, 0o755, 0) }
            }
            if isRoot, work.owner.uid != 0 {
                try posix("own \(path)") {
                    fchownat(descriptor.rawValue, name, work.owner.uid, work.owner.gid, AT_SYMLINK_NOFOLLOW)
                }
            }
        } else if errno != EEXIST {
            throw failure("make the folder \(path)", Errno(rawValue: errno))
        }
        guard let folder = try child(name) else { throw failure("use the folder \(path)", Errno(rawValue: ENOENT)) }
        return folder
    }

    private func child(_ name: String) throws -> ShareFolder? {
        let next = openat(descriptor.rawValue, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard next >= 0 else {
            let number = errno
            if number == ENOENT { return nil }
            if let isFolder = try? Files.isFolder(path.appending(name)), !isFolder {
                throw Failure(
                    .failure, "cannot use the folder \(path.appending(name)): it is a symbolic link or a file",
                    hint: "remove it: what is below share/ is not followed anywhere")
            }
            throw failure("use the folder \(path.appending(name))", Errno(rawValue: number))
        }
        return ShareFolder(FileDescriptor(rawValue: next), path.appending(name), work)
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

    /// Makes a symbolic link, in place of a file of that name.
    ///
    /// - Parameter target: relative, so that it leads to the same file on the host and in guests.
    public func link(_ name: String, to target: String) throws {
        try remove(name)
        try posix("link \(path.appending(name))") { symlinkat(target, descriptor.rawValue, name) }
        guard isRoot, work.owner.uid != 0 else { return }
        try posix("own \(path.appending(name))") {
            fchownat(descriptor.rawValue, name, work.owner.uid, work.owner.gid, AT_SYMLINK_NOFOLLOW)
        }
    }

    /// Removes a file; one that is not there is fine.
    public func remove(_ name: String) throws {
        if unlinkat(descriptor.rawValue, name, 0) != 0, errno != ENOENT {
            throw failure("remove \(path.appending(name))", Errno(rawValue: errno))
        }
    }
}
