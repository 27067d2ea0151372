import DevboxCore
import Glibc
import HostTools
import KernelLog
import SystemPackage

/// Follows what a guest's console prints, line by line, by inotify(7) on its log.
///
/// A serial port is written character by character. After each look there is a pause, so that a guest which prints much does not
/// keep its supervisor busy; what comes meanwhile is read at the next look.
final class ConsoleWatch {
    private let log: FileDescriptor
    private let changes: FileDescriptor
    private let loop: EventLoop
    private let line: (String) throws -> Void
    private var reader = LogReader(longest: 4096)
    private static let pause = Duration.milliseconds(25)
    private static let mostAtOnce = 1 << 20

    /// - Parameters:
    ///   - path: the log, which is there already; what it holds is passed on too.
    ///   - line: is called with each line, without what terminals make of it; a long one is cut.
    init(_ path: FilePath, loop: EventLoop, _ line: @escaping (String) throws -> Void) throws {
        (self.loop, self.line) = (loop, line)
        log = try Files.open(path, .readOnly, .noFollow)
        let flags = Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK)
        changes = FileDescriptor(rawValue: try posix("watch \(path)") { inotify_init1(flags) })
        // By the descriptor that is open: the name is in a folder in which QEMU may write.
        try posix("watch \(path)") {
            inotify_add_watch(changes.rawValue, "/proc/self/fd/\(log.rawValue)", UInt32(IN_MODIFY))
        }
        listen()
    }

    deinit {
        loop.ignore(changes)
        try? changes.close()
        try? log.close()
    }

    /// Reads what was printed up to now.
    ///
    /// - Returns: whether that is all; a guest that prints very much is read in portions.
    @discardableResult
    func catchUp() throws -> Bool {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        var total = 0
        while total < Self.mostAtOnce {
            let count = try buffer.withUnsafeMutableBytes { bytes in
                try posix("read the console") { read(log.rawValue, bytes.baseAddress, bytes.count) }
            }
            if count == 0 { return true }
            total += count
            reader.feed(Array(buffer[0..<count]))
            while let next = reader.next() { try line(next.whole) }
        }
        return false
    }

    private func listen() {
        loop.watch(changes) { [weak self] in
            guard let self else { return }
            var events = [UInt8](repeating: 0, count: 4096)
            while events.withUnsafeMutableBytes({ read(self.changes.rawValue, $0.baseAddress, $0.count) }) > 0 {}
            loop.ignore(changes)
            try catchUp()
            rest(for: Self.pause)
        }
    }

    private func rest(for time: Duration) {
        loop.after(time) { [weak self] in
            guard let self else { return }
            if try catchUp() { listen() } else { rest(for: time) }
        }
    }
}
