import DevboxCore

/// Has a machine go on that stands still for want of space on the host, as soon as there is some.
///
/// One request is not enough: QEMU refuses it while a dump is being written, and may not answer at all. So it is asked again and
/// again, until the machine says that it goes on.
final class SpaceWatch {
    private let timers: Timers
    private let freeSpace: () -> Int64?
    private let resume: () -> Void
    private var isWatching = false

    /// How much space lets a machine go on, in bytes.
    static let enough = Int64(4 << 20)
    /// How often it is looked for.
    static let interval = Duration.seconds(2)

    /// What may be done for the machine.
    enum Need {
        /// It has gone on, or is not to.
        case nothing
        /// It may not go on now, but later.
        case patience
        /// Only space.
        case space
    }

    /// - Parameters:
    ///   - freeSpace: tells how many bytes there are; nil where that is not known.
    ///   - resume: asks the machine to go on.
    init(_ timers: Timers, freeSpace: @escaping () -> Int64?, resume: @escaping () -> Void) {
        (self.timers, self.freeSpace, self.resume) = (timers, freeSpace, resume)
    }

    /// Begins to look.
    ///
    /// - Parameter need: tells each time how it stands with the machine.
    func begin(_ need: @escaping () -> Need) {
        guard !isWatching else { return }
        isWatching = true
        next(need)
    }

    private func next(_ need: @escaping () -> Need) {
        timers.after(Self.interval) { [weak self] in
            guard let self else { return }
            switch need() {
            case .nothing:
                isWatching = false
                return
            case .patience: break
            case .space: if freeSpace() ?? 0 >= Self.enough { resume() }
            }
            next(need)
        }
    }
}
