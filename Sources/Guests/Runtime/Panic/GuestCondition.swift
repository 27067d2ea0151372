import DevboxCore
import KernelLog

/// What is known of a running guest's kernel, put together from what the machine reports and what the console shows.
public struct GuestCondition: Codable, Sendable, Equatable {
    /// Whether its processors stand still.
    public var isPaused = false
    /// Whether they do because the host has no space for what it writes; nil where not.
    public var isOutOfSpace: Bool?
    /// Whether a dump is being taken from outside.
    public var isDumping = false
    /// The line of its panic; nil where it has not panicked since it was started or reset.
    public var panic: String?
    /// Whether it stands still for good after a panic.
    public var isHalted = false
    /// Whether its crash kernel runs.
    public var isCrashKernel = false
    /// The dump of its last panic; nil where there was none, or no dump of it.
    public var dump: SavedDump?
    /// Why no dump of its last panic is going to come by itself; nil where one may.
    public var noDump: String?
    /// Where the crash kernel put a dump that it has not finished with: it restarts the guest when it has.
    private var unfinishedDump: String?
    /// Where it is going to put one.
    private var dumpFolder: String?
    /// The console's lines since one that tells of a panic, as long as nothing else does: a program may have written it.
    private var suspicion: [String]?
    private static let mostSuspicious = 2000
    /// Whether nothing but the guest's silence confirmed its panic.
    private var isPresumed = false

    private enum CodingKeys: String, CodingKey {
        case isPaused, isOutOfSpace, isDumping, panic, isHalted, isCrashKernel, dump, noDump, unfinishedDump, dumpFolder
    }

    /// A kernel that runs.
    public init() {}

    /// "running", "paused", "out of space", "panicked" or "dumping".
    public var state: String {
        if isDumping { return "dumping" }
        if panic != nil { return "panicked" }
        if isOutOfSpace == true { return "out of space" }
        return isPaused ? "paused" : "running"
    }

    /// Whether a kernel seems to boot behind the words of a panic, so that the answer is not to be waited for long.
    private(set) var isUrgent = false

    /// Whether the console says, too, that the kernel stands still now.
    private(set) var isSaidToStand = false

    /// Whether the console tells of a panic, and it is to be found out whether the guest still answers: what answers has not panicked.
    var isSuspected: Bool { suspicion != nil }

    /// Whether it stands still for its panic, to be looked into, and is not to go on whatever else keeps it.
    private func isKept(_ action: PanicAction?) -> Bool {
        panic != nil && !isCrashKernel && (action == .pause || action == .dump)
    }

    /// What a machine needs to go on that has stood still for want of space on the host.
    ///
    /// - Parameter action: what the host does at a panic.
    func needOfSpace(_ action: PanicAction?) -> SpaceWatch.Need {
        guard isOutOfSpace == true else { return .nothing }
        // QEMU refuses to let a machine go on that is being dumped; and a reset ends a panic.
        return isDumping || isKept(action) ? .patience : .space
    }

    /// Whether it stands still for want of space only, with a kernel that would go on, and write what it could not.
    func waitsForSpace(_ action: PanicAction?) -> Bool { isOutOfSpace == true && !isHalted && !isKept(action) }

    /// Whether it hears no power button, now or later. One that is only being dumped will, and so will one that waits for space.
    func isDeaf(_ action: PanicAction?) -> Bool {
        isHalted || (isPaused && !isDumping && !waitsForSpace(action))
    }

    /// What is learnt of a machine.
    enum Signal: Equatable {
        /// A complete line of the console.
        case console(String)
        /// The guest's pvpanic driver reported a panic that no crash kernel will take. Source: QEMU's docs/specs/pvpanic.txt.
        case panicked
        /// It reported a panic that the crash kernel takes.
        case crashLoaded
        case reset, paused, resumed
        /// The processors stand still, for the host has no space for what they write.
        case outOfSpace
        /// The guest answered something that was asked after its console had told of a panic.
        case answered
        /// It had the time to, and did not.
        case silent
        /// The machine has ended.
        case ended
    }

    /// Takes something in, and gives back what it means to those who follow.
    mutating func note(_ signal: Signal) -> [GuestEvent] {
        switch signal {
        case .console(let line): return weigh(line)
        case .panicked:
            isPresumed = false
            return confirm() + beginPanic(nil) + halt()
        case .crashLoaded:
            isPresumed = false
            return confirm() + beginPanic(nil)
        case .silent:
            let events = confirm()
            isPresumed = !events.isEmpty && !isCrashKernel
            return events
        case .answered:
            forgetSuspicion()
            guard isPresumed, panic != nil, !isCrashKernel else { return [] }
            return forget()
        case .outOfSpace where isOutOfSpace != true:
            isOutOfSpace = true
            return [.outOfSpace]
        case .paused where !isPaused:
            isPaused = true
            return [.paused]
        case .resumed where isPaused || isOutOfSpace == true:
            (isPaused, isOutOfSpace) = (false, nil)
            return [.resumed]
        case .paused, .resumed, .outOfSpace: return []
        case .reset:
            return settle() + finishDump() + forget()
        case .ended: return settle() + finishDump()
        }
    }

    /// A line that tells of a panic is kept, with those that follow, until something else tells of it too: the machine, a kernel that
    /// boots, or the guest's silence.
    private mutating func weigh(_ line: String) -> [GuestEvent] {
        guard panic == nil else { return read(line) }
        let mark = KernelMark(LogLine(line))
        guard let count = suspicion?.count else {
            guard mark?.isPanic == true else { return read(line) }
            suspicion = [line]
            isSaidToStand = mark == .panicEnd
            return []
        }
        // The last one is kept in any case: it tells whether the guest restarted in order.
        if count == Self.mostSuspicious { suspicion?.removeLast() }
        suspicion?.append(line)
        switch mark {
        case .crashKernel: return confirm()
        case .boot:
            // A kernel that boots cannot answer yet; a guest in which somebody shows an old console can.
            isUrgent = true
            return []
        case .panicEnd:
            isSaidToStand = true
            return []
        default: return []
        }
    }

    private mutating func forgetSuspicion() { (suspicion, isUrgent, isSaidToStand) = (nil, false, false) }

    /// What was said of its kernel holds no more.
    private mutating func forget() -> [GuestEvent] {
        (panic, isHalted, isCrashKernel, noDump, isPresumed) = (nil, false, false, nil, false)
        return [.reset]
    }

    /// Takes in what was only suspected.
    private mutating func confirm() -> [GuestEvent] {
        let lines = suspicion ?? []
        forgetSuspicion()
        return lines.flatMap { read($0) }
    }

    /// The machine has ended or was reset. A kernel that did so in order had not panicked.
    private mutating func settle() -> [GuestEvent] {
        if suspicion?.contains(where: { LogLine($0).tellsOfOrder }) == true { forgetSuspicion() }
        return confirm()
    }

    private mutating func read(_ line: String) -> [GuestEvent] {
        switch KernelMark(LogLine(line)) {
        case let mark? where isCrashKernel && mark.isPanic:
            defer { isHalted = true }
            return isHalted ? [] : [.saveFailed(line: line)]
        case .panicEnd: return beginPanic(line) + halt()
        case .panic: return beginPanic(line)
        case .crashKernel: return beginPanic(Self.silentPanic) + takeOver()
        case .interruptIgnored: return [.interruptIgnored]
        case .restart where panic != nil: return halt()
        case .boot where panic != nil: return takeOver()
        case .dumpFailed(let words) where panic != nil: return [.saveFailed(line: words)]
        case .dumpSaved(let path) where panic != nil:
            unfinishedDump = path
            return []
        case .dumpBegun(let path) where panic != nil:
            dumpFolder = path
            return []
        case .dumpFinished where panic != nil:
            unfinishedDump = dumpFolder
            return []
        case nil, .boot, .restart, .bootFault, .dumpSaved, .dumpBegun, .dumpFinished, .dumpFailed: return []
        }
    }

    private mutating func beginPanic(_ line: String?) -> [GuestEvent] {
        // A crash kernel may panic as well; that is no new fault.
        guard panic == nil else { return [] }
        let text = line ?? "\(KernelMark.panicWords) (reported by its pvpanic driver)"
        (panic, dump, dumpFolder) = (text, nil, nil)
        return [.panicked(line: text)]
    }

    /// What is printed in an NMI comes out later: a crash kernel may be the first to print something.
    private static let silentPanic = "Kernel panic (its crash kernel took over before the console showed why)"

    private mutating func takeOver() -> [GuestEvent] {
        if isCrashKernel { return [] }
        isCrashKernel = true
        return [.crashKernel]
    }

    private mutating func halt() -> [GuestEvent] {
        guard !isHalted, !isCrashKernel else { return [] }
        isHalted = true
        return [.halted]
    }

    private mutating func finishDump() -> [GuestEvent] {
        guard let path = unfinishedDump else { return [] }
        unfinishedDump = nil
        let saved = SavedDump(by: .guest, path: path)
        dump = saved
        return [.saved(saved)]
    }
}

extension GuestCondition {
    /// Notes how a guest was when it ended, for those who ask later.
    func keep(_ files: GuestFiles, in work: WorkDirectory) throws {
        try Files.writeAtomically(RecordFile.json(self), to: files.lastPanic)
        try work.give(files.lastPanic)
    }

    /// How a guest that does not run was when it ended; nil where its kernel had not panicked.
    static func last(_ files: GuestFiles) -> GuestCondition? {
        (try? Files.read(files.lastPanic, limit: 1 << 16)).flatMap {
            try? RecordFile.decode(GuestCondition.self, from: $0)
        }
    }
}

extension LogLine {
    /// Whether it is what a kernel prints last when it was told to restart or to power off. Source: kernel/reboot.c.
    fileprivate var tellsOfOrder: Bool {
        let message = message
        return ["reboot: Restarting system", "reboot: Power down", "reboot: System halted"].contains {
            message.hasPrefix($0)
        }
    }
}
