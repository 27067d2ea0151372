import DevboxCore
import Guests
import HostTools
import Sandbox

/// Changes how guests run.
public struct GuestFlipper: Sendable {
    private let store: GuestStore
    private let runner: Runner

    /// - Parameters:
    ///   - store: the guests of the work directory.
    ///   - runner: runs the programs of the host that a restart needs.
    public init(_ store: GuestStore, runner: Runner) {
        self.store = store
        self.runner = runner
    }

    /// What became of a flip.
    public struct Flip: Sendable {
        /// The mode that the guest is in now.
        public let mode: GuestMode
        /// Whether the guest had to be forced off first.
        public let forced: Bool
        /// The guest, where it ran before and runs again.
        public let running: RunningGuest?
    }

    /// Sets a guest's mode; a running guest is shut down and started in it.
    ///
    /// - Parameters:
    ///   - wanted: the mode; nil for the other one.
    ///   - limit: how long a running guest may take to shut down.
    public func flip(_ name: String, to wanted: GuestMode?, stopWithin limit: Duration, _ options: StartOptions) throws
        -> Flip
    {
        let running = try RunningGuest(name, in: store)
        let present = try running?.state.mode ?? store.load(name).mode
        let mode = wanted ?? (present == .kvm ? .lxc : .kvm)
        if running != nil, mode == .lxc, !isRoot {
            try UserContainers.gather(runner).check(asRoot: "sudo devbox flip \(name) lxc")
        }
        if running == nil { try options.refuseIfNoMachineStarts("the guest \(name) is not running") }
        if let running, running.state.mode == mode {
            // It may run in it for this once only.
            _ = try RunningRecord.change(running, in: store, runner: runner) { $0.mode = mode }
            return Flip(mode: mode, forced: false, running: running)
        }
        let forced = try running?.stop(within: limit) ?? false
        do {
            var guest = try StoppedGuest(name, in: store, for: "flip", runner: runner)
            if guest.record.mode != mode {
                var record = guest.record
                record.mode = mode
                try guest.save(record)
            }
        }
        guard running != nil else { return Flip(mode: mode, forced: false, running: nil) }
        var start = options
        start.mode = mode
        return Flip(mode: mode, forced: forced, running: try GuestStarter(store, runner: runner).start(name, start))
    }
}
