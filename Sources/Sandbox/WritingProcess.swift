import DevboxCore
import Glibc
import SystemPackage

/// A process that was told to end, and may have much to write before.
struct WritingProcess {
    let pid: pid_t
    /// Readable once it has ended.
    let pidfd: FileDescriptor

    /// Waits for its end.
    ///
    /// - Parameters:
    ///   - patience: how long it may seem to do nothing.
    ///   - limit: how long it may write.
    /// - Returns: nil when it has ended; else how long it was waited for.
    func isSilent(for patience: Duration, limit: Duration) -> Duration? {
        let begin = ContinuousClock.now
        var quiet = begin
        while !Poll.wait([.read(pidfd)], until: .now + min(patience, .seconds(1)))[0] {
            if isWriting { quiet = .now }
            guard .now - quiet < patience, .now - begin < limit else { return .now - begin }
        }
        return nil
    }

    /// Whether a thread of it waits for a disk: state D of proc(5).
    private var isWriting: Bool {
        let threads = "/proc/\(pid)/task"
        return ((try? Files.list(FilePath(threads))) ?? []).contains { thread in
            let text = try? Files.text(FilePath("\(threads)/\(thread)/stat"), limit: 4096)
            // The name of the program, in parentheses, may have any sign in it.
            return text?.split(separator: ")").last?.split(separator: " ").first == "D"
        }
    }
}
