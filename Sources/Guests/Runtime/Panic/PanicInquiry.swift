import DevboxCore

/// Finds out whether a guest still answers whose console tells of a panic, where nothing else does: a kernel without a driver for it says
/// no more, but a program may have written the words as well. What answers has not panicked.
///
/// However much the console says, one timer waits at a time.
final class PanicInquiry {
    /// How long what may take.
    struct Patience: Equatable {
        /// After the words of a panic nothing is asked for so long: the other processors go on for some moments.
        var aftermath = Duration.seconds(2)
        /// How long after the console's last line the guest may take to answer.
        var silence: Duration
        /// How long the guest may take where it is urgent: what boots cannot answer sooner.
        var boot: Duration
        /// How long it may take in all: a console that never falls silent does not keep it from being taken for a panicked one.
        var total: Duration

        /// - Parameter accelerator: "kvm", or something slower.
        init(accelerator: String?) {
            silence = accelerator == "kvm" ? .seconds(6) : .seconds(15)
            boot = accelerator == "kvm" ? .seconds(2) : .seconds(5)
            total = silence * 10
        }
    }

    private let timers: Timers
    private let patience: Patience
    private let ask: () -> Void
    private let silent: () throws -> Void
    private let standsStill: () -> Bool
    /// Of the present suspicion; nil while there is none.
    private var times: (begun: ContinuousClock.Instant, lastHeard: ContinuousClock.Instant)?
    private var hasAsked = false
    /// When the answer must be there because it is urgent; nil where it is not.
    private var urgent: ContinuousClock.Instant?
    private var isArmed = false
    /// Counts the suspicions, so that no timer acts on another one than its own.
    private var round = 0

    /// - Parameters:
    ///   - ask: asks the guest something that only its programs answer; once for each suspicion.
    ///   - silent: is called when it should have answered long ago.
    ///   - standsStill: whether the machine cannot answer now, for another reason.
    init(
        _ timers: Timers, _ patience: Patience, ask: @escaping () -> Void, silent: @escaping () throws -> Void,
        standsStill: @escaping () -> Bool
    ) {
        (self.timers, self.patience, self.ask) = (timers, patience, ask)
        (self.silent, self.standsStill) = (silent, standsStill)
    }

    /// The kernel is suspected, and said something just now.
    ///
    /// - Parameter isUrgent: whether it is hardly anything else: a kernel seems to boot, or it panicked when its system never answered.
    func heard(isUrgent: Bool = false) {
        let now = timers.now()
        times = (times?.begun ?? now, now)
        if isUrgent, urgent == nil {
            urgent = now + patience.boot
            // What waits now waits for too long.
            (isArmed, round) = (false, round + 1)
            if !hasAsked {
                hasAsked = true
                ask()
            }
        }
        arm()
    }

    /// The machine has stood still, and goes on: it gets all of the time again.
    func restart() {
        guard times != nil else { return }
        let now = timers.now()
        times = (now, now)
        urgent = urgent.map { _ in now + patience.boot }
    }

    /// Nothing is suspected any more.
    func end() {
        guard times != nil else { return }
        (times, hasAsked, isArmed, urgent) = (nil, false, false, nil)
        round += 1
    }

    /// When silence is a verdict; nil where nothing is suspected.
    private var deadline: ContinuousClock.Instant? {
        times.map { min(urgent ?? $0.lastHeard + patience.silence, $0.begun + patience.total) }
    }

    private func arm() {
        guard !isArmed, let times, let deadline else { return }
        isArmed = true
        let (next, round) = (hasAsked ? deadline : min(times.begun + patience.aftermath, deadline), round)
        timers.after(max(.zero, next - timers.now())) { [weak self] in
            guard let self, self.round == round else { return }
            isArmed = false
            try look()
        }
    }

    private func look() throws {
        guard let times, let deadline else { return }
        if !hasAsked, timers.now() >= times.begun + patience.aftermath {
            hasAsked = true
            ask()
        }
        if timers.now() >= deadline {
            guard standsStill() else {
                end()
                return try silent()
            }
            restart()
        }
        arm()
    }
}
