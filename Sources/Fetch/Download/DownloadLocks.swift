import CLinux
import DevboxCore
import Glibc
import SystemPackage

/// Keeps two devboxes from downloading the same files: the later one waits, and finds them there.
///
/// Each address has a byte of one lock file, see fcntl(2) F_SETLK: a lock file for each would take longer than a small download.
/// Such locks are the process's, so a file descriptor of it is open only here.
final class DownloadLocks {
    private let file: FileDescriptor

    /// Waits until nobody else downloads any of some files.
    ///
    /// - Parameter wanted: the files' addresses, with their keys.
    init(_ wanted: [(key: PartKey, address: Address)], in work: WorkDirectory, console: Console) throws {
        let path = work.lock(.downloads)
        let isNew = !Files.exists(path)
        file = try Files.open(path, .readWrite, [.create, .noFollow])
        if isNew { try work.give(path) }
        let named = wanted.map { (byte: Self.byte($0.key), address: $0.address) }
        // In one order for all, so that two devboxes never wait for each other.
        for (byte, address) in named.sorted(by: { $0.byte < $1.byte }) { try lock(byte, of: address, console) }
    }

    deinit { try? file.close() }

    private static func byte(_ key: PartKey) -> off_t { off_t(key.text.prefix(15), radix: 16) ?? 0 }

    private func lock(_ byte: off_t, of address: Address, _ console: Console) throws {
        var told = false
        while true {
            var holder: pid_t = 0
            let result = devbox_lock_byte(file.rawValue, byte, &holder)
            if result == 0 { return }
            if result < 0 { throw failure("lock the download of \(address)", Errno(rawValue: errno)) }
            // One in another PID namespace has no number here.
            let who = holder > 0 ? " (pid \(holder))" : ""
            if !told { console.say("waiting for the download of \(address) by devbox fetch\(who)") }
            told = true
            try Interrupts.check()
            Interrupts.sleep(.milliseconds(20))
        }
    }
}
