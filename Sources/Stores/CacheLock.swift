import DevboxCore
import Glibc
import SystemPackage

/// The making of a cache's entry, held.
public struct CacheLock: ~Copyable {
    private let lock: FileLock
    private let path: FilePath

    init(_ path: FilePath, of what: String, for purpose: String, patience: Duration) throws {
        self.path = path
        while true {
            let lock = try FileLock(path, of: what, for: purpose, patience: patience)
            var held = stat()
            // Who had it before has removed it, and others may hold a new one by now.
            if fstat(lock.descriptor.rawValue, &held) == 0, let named = try? Files.status(path),
                named.st_ino == held.st_ino, named.st_dev == held.st_dev
            {
                self.lock = lock
                return
            }
        }
    }

    deinit { try? Files.remove(path) }
}
