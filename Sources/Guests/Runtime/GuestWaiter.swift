import DevboxCore

/// Waits for what happens to running guests.
public struct GuestWaiter: Sendable {
    /// What is waited for.
    public enum Occasion: String, Sendable, CaseIterable {
        /// The kernel panics, or has panicked and was not reset since.
        case panic
        /// A dump is saved, by the guest or by the host, or was saved of the last panic.
        case dump
        /// The guest ends, or does not run.
        case shutdown
    }

    /// What came.
    public struct Occurrence: Sendable, Equatable {
        /// The panic's line on the console; nil where none was waited for.
        public let panic: String?
        /// The dump; nil where none was waited for.
        public let dump: SavedDump?
    }

    private let store: GuestStore

    /// - Parameter store: the guests of the work directory.
    public init(_ store: GuestStore) { self.store = store }

    /// Waits for a guest.
    ///
    /// - Parameter limit: for how long; nil for ever.
    /// - Throws: `timedOut`; `notFound` for a guest that does not run, where something else than its end is waited for; `failure` for
    ///   one that ends meanwhile.
    public func wait(_ name: String, for occasion: Occasion, limit: Duration?) throws -> Occurrence {
        guard let running = try RunningGuest(name, in: store), var connection = try? running.connect() else {
            if occasion == .shutdown { return Occurrence(panic: nil, dump: nil) }
            // It may have ended of what is waited for.
            if let condition = GuestCondition.last(store.files(name)),
                let outcome = Self.outcome(of: condition, occasion)
            {
                return outcome
            }
            throw Failure(.notFound, "the guest \(name) is not running", hint: "`devbox start \(name)` starts it")
        }
        if occasion != .shutdown { _ = try GuestDumper(running) }
        let deadline = limit.map { ContinuousClock.now + $0 }
        do {
            let condition = try connection.follow()
            if let outcome = Self.outcome(of: condition, occasion) { return outcome }
            if occasion == .dump, let reason = condition.noDump { throw Self.noDump(of: name, reason) }
        } catch  where connection.hasEnded && !RunningGuest.isRunning(running.files) {
            // It was ending when it was asked, and says no more.
        }
        while let answer = try connection.next(until: deadline) {
            guard case .event(let event) = answer else { continue }
            switch (occasion, event) {
            case (.panic, .panicked(let line)): return Occurrence(panic: line, dump: nil)
            case (.dump, .saved(let dump)): return Occurrence(panic: nil, dump: dump)
            case (.dump, .saveFailed(let reason)), (.dump, .dumpFailed(let reason)):
                throw Self.noDump(of: name, reason)
            default: break
            }
        }
        guard connection.hasEnded else {
            throw GuestError.notInTime(guest: name, occasion: occasion.rawValue, limit: limit ?? .zero)
        }
        if occasion == .shutdown { return Occurrence(panic: nil, dump: nil) }
        throw Failure(
            .failure,
            "the guest \(name) ended before \(occasion == .panic ? "its kernel panicked" : "a dump was saved")")
    }

    private static func noDump(of name: String, _ reason: String) -> Failure {
        Failure(
            .failure, "there is no dump of \(name): \(Names.printable(reason))",
            hint: "`devbox dump \(name)` takes one from outside, as long as it runs")
    }

    private static func outcome(of condition: GuestCondition, _ occasion: Occasion) -> Occurrence? {
        switch occasion {
        case .panic: condition.panic.map { Occurrence(panic: $0, dump: nil) }
        case .dump: condition.dump.map { Occurrence(panic: nil, dump: $0) }
        case .shutdown: nil
        }
    }
}
