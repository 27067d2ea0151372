import DevboxCore
import KernelLog

/// What is known of a running guest's kernel, put together from what the machine reports and what the console shows.
public struct GuestCondition: Codable, Sendable, Equatable {
    /// Whether its processors stand still.
    public var isPaused = false
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

    /// A kernel that runs.
    public init() {}

    /// "running", "paused", "panicked" or "dumping".
    public var state: String {
        if isDumping { "dumping" } else if panic != nil { "panicked" } else if isPaused { "paused" } else { "running" }
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
        /// The machine has ended.
        case ended
    }

    /// Takes something in, and gives back what it means to those who follow.
    mutating func note(_ signal: Signal) -> [GuestEvent] {
        switch signal {
        case .console(let line): return read(line)
        case .panicked: return beginPanic(nil) + halt()
        case .crashLoaded: return beginPanic(nil)
        case .paused where !isPaused:
            isPaused = true
            return [.paused]
        case .resumed where isPaused:
            isPaused = false
            return [.resumed]
        case .paused, .resumed: return []
        case .reset:
            let events = finishDump()
            (panic, isHalted, isCrashKernel, noDump) = (nil, false, false, nil)
            return events + [.reset]
        case .ended: return finishDump()
        }
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
