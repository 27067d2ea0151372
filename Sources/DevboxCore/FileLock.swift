import Glibc
import SystemPackage

/// An exclusive flock(2) on a lock file. It ends with the last descriptor of it, so with the process at the latest.
public struct FileLock: ~Copyable {
    /// The locked descriptor; close-on-exec, so that helper programs do not inherit it.
    public let descriptor: FileDescriptor

    /// Takes the lock, waiting for its holder for a bounded time.
    ///
    /// - Parameters:
    ///   - path: the lock file, made where it is missing.
    ///   - what: what it locks, as in "guest bug-1".
    ///   - purpose: what it is taken for, as in "clone"; shown to those who wait.
    ///   - shared: whether others may hold it at the same time, all of them shared.
    ///   - patience: how long to wait for another holder.
    /// - Throws: `busy`, naming the holder, where the time ran out.
    public init(
        _ path: FilePath, of what: String, for purpose: String, shared: Bool = false,
        patience: Duration = FileLock.defaultPatience,
        onWait: (String) -> Void = { _ in }
    ) throws {
        let file = try Files.open(path, .readWrite, [.create, .noFollow])
        Files.inheritOwner(file, in: path.removingLastComponent())
        let deadline = ContinuousClock.now + patience
        var told = false
        while flock(file.rawValue, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0 {
            let number = errno
            guard number == EWOULDBLOCK || number == EINTR else {
                try? file.close()
                throw failure("lock \(what)", Errno(rawValue: number))
            }
            let holder = Self.holder(of: path)
            guard ContinuousClock.now < deadline, !Interrupts.pending else {
                try? file.close()
                if Interrupts.pending { throw Failure.interrupted }
                throw Failure(.busy, "\(what) is in use by \(holder)", hint: "try again when it has finished")
            }
            if !told {
                onWait("waiting for \(what), which is in use by \(holder)")
                told = true
            }
            Interrupts.sleep(.milliseconds(20))
        }
        // Who holds it is told by the file's text, never concluded from it: the lock alone counts.
        let note = Array("\(purpose) (pid \(getpid()))\n".utf8)
        ftruncate(file.rawValue, 0)
        note.withUnsafeBytes { _ = pwrite(file.rawValue, $0.baseAddress, $0.count, 0) }
        self.descriptor = file
    }

    /// How long commands wait for each other.
    public static let defaultPatience = Duration.seconds(10)

    deinit { try? descriptor.close() }

    private static func holder(of path: FilePath) -> String {
        let text = (try? Files.text(path, limit: 4096))?.split(separator: "\n").first.map(String.init) ?? ""
        return text.isEmpty ? "another devbox" : "devbox \(Names.printable(text))"
    }
}
