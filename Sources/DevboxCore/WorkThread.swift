import Glibc
import SystemPackage

/// Work in a thread of its own, for what would block everything else: a pipe that something fills, a file that grows.
///
/// The thread keeps what the work refers to, also where nobody waits for it any more.
public final class WorkThread<Value: Sendable>: @unchecked Sendable {
    /// Written by the thread alone, and read only when it has ended.
    private final class Box: @unchecked Sendable { var result: Result<Value, any Error>? }

    private let box = Box()
    private let thread: pthread_t
    private var isJoined = false

    /// Begins with the work.
    ///
    /// - Throws: `failure` where the system gives no thread.
    public init(_ work: @escaping @Sendable () throws -> Value) throws {
        let box = box
        thread = try start(ThreadWork { box.result = Result(catching: work) })
    }

    deinit { if !isJoined { pthread_detach(thread) } }

    /// Waits for the work's end. The result stays the same whenever it is asked for again.
    ///
    /// One thread asks; `WorkThread` does not arrange who.
    public func wait() -> Result<Value, any Error> {
        if !isJoined {
            isJoined = true
            pthread_join(thread, nil)
        }
        guard let result = box.result else { preconditionFailure("a thread ended without a result") }
        return result
    }
}

/// What a thread is handed: C's function pointers know no generic types.
private final class ThreadWork {
    let run: () -> Void

    init(_ run: @escaping () -> Void) { self.run = run }
}

private func start(_ work: ThreadWork) throws -> pthread_t {
    var thread = pthread_t()
    let context = Unmanaged.passRetained(work)
    let status = pthread_create(
        &thread, nil,
        { context in
            guard let context else { return nil }
            Unmanaged<ThreadWork>.fromOpaque(context).takeRetainedValue().run()
            return nil
        }, context.toOpaque())
    guard status == 0 else {
        context.release()
        throw failure("start a thread", Errno(rawValue: status))
    }
    return thread
}

extension Array where Element: Sendable {
    /// What a closure makes of each element, in their order, with all processors at work.
    ///
    /// - Parameter transform: is called in several threads at once.
    /// - Throws: `failure` where the system gives no thread.
    public func mapInThreads<Value: Sendable>(_ transform: @escaping @Sendable (Element) -> Value) throws -> [Value] {
        let processors = Swift.max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        // A thread costs as much as some ten records.
        let share = Swift.max(32, (count + processors - 1) / processors)
        guard count > share else { return map(transform) }
        let others = try stride(from: share, to: count, by: share).map { start in
            let part = self[start..<Swift.min(start + share, count)]
            return try WorkThread { part.map(transform) }
        }
        return try self[..<share].map(transform) + others.flatMap { try $0.wait().get() }
    }
}
