import HostTools

/// When something is done later: by an event loop, or as a test has the time pass.
struct Timers {
    let now: () -> ContinuousClock.Instant
    let after: (Duration, @escaping () throws -> Void) -> Void

    init(
        now: @escaping () -> ContinuousClock.Instant,
        after: @escaping (Duration, @escaping () throws -> Void) -> Void
    ) {
        (self.now, self.after) = (now, after)
    }

    /// Those of a loop.
    init(_ loop: EventLoop) {
        self.init(now: { .now }, after: { loop.after($0, $1) })
    }
}
