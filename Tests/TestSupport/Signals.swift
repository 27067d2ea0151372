import DevboxCore
import Glibc
import Synchronization

/// How many signals came; a signal handler can reach nothing but a global.
private let arrived = Atomic(0)

/// Runs `body` while this thread gets a signal without a meaning every few milliseconds, as one may come at any moment.
///
/// - Throws: what `body` throws, and where no signal came meanwhile: then nothing was tried.
package func underSignals<T>(_ body: () throws -> T) throws -> T {
    signal(SIGUSR1) { _ in arrived.add(1, ordering: .relaxed) }
    // The threads that tests run on block all signals.
    var (one, before) = (sigset_t(), sigset_t())
    sigemptyset(&one)
    sigaddset(&one, SIGUSR1)
    pthread_sigmask(SIG_UNBLOCK, &one, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    let count = arrived.load(ordering: .relaxed)
    let sender = SignalSender(to: pthread_self())
    sender.start()
    defer { sender.finish() }
    let result = try body()
    guard arrived.load(ordering: .relaxed) > count else { throw Failure(.failure, "no signal came") }
    return result
}

/// A thread that sends signals to another one.
private final class SignalSender: Sendable {
    private let target: pthread_t
    private let state = Mutex((isOver: false, thread: pthread_t()))

    init(to target: pthread_t) { self.target = target }

    func start() {
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<SignalSender>.fromOpaque(context).takeUnretainedValue().send()
                return nil
            }, Unmanaged.passUnretained(self).toOpaque())
        state.withLock { $0.thread = thread }
    }

    private func send() {
        while !state.withLock({ $0.isOver }) {
            pthread_kill(target, SIGUSR1)
            usleep(5000)
        }
    }

    /// The thread has ended then.
    func finish() {
        let thread = state.withLock { state in
            state.isOver = true
            return state.thread
        }
        pthread_join(thread, nil)
    }
}
