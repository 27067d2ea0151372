import DevboxCore
import Glibc
import Guests
import HostTools
import Sandbox
import SystemPackage

/// A command in an appliance: `target/run.sh` around it, as in a guest that runs, its marks in what it writes.
extension GuestAppliance {
    /// How long one for work on a disk may take to be up.
    static let bootLimit = Duration.seconds(300)

    /// Runs a command, when the machine is up.
    ///
    /// - Parameter bootLimit: how long that may take.
    /// - Throws: `GuestError.panicked`, `GuestError.bootFailed`; `environment` where the command was not begun.
    func run(_ command: TargetCommand, _ streams: CommandStreams, bootLimit: Duration) throws -> CommandEnding {
        // Interrupted before the command has begun, there is nothing to be kept.
        try awaitStart(within: bootLimit)
        try sendUnshown()
        for words in startCommands { try runFirst(words) }
        if let directory = command.directory { try check(directory) }
        let end = try ApplianceRun(command, streams, in: self).wait()
        mark("the command")
        return end
    }

    /// What the kernel cannot show of the host is copied into the machine's memory.
    private func sendUnshown() throws {
        guard !unshown.isEmpty else { return }
        let staging = folder.appending("extras")
        for entry in unshown {
            let link = staging.pushing(FilePath(entry.name))
            try Files.makeDirectory(link.removingLastComponent())
            try posix("make \(link)") { symlink(entry.source, link.string) }
        }
        let pipe = try Pipe()
        var packer = try ChildProcess(
            Command(Tar.program, ["-c", "-h", "-C", staging.string, "-f", "-", "."]), output: .descriptor(pipe.writeEnd)
        )
        pipe.closeWriteEnd()
        var command = try TargetCommand(
            templates.shell("appliance/unpack.sh", [SandboxMount.extrasPath]), limit: .seconds(600))
        (command.input, command.output) = (.descriptor(pipe.readEnd), .null)
        let ending = try ApplianceRun(command, CommandStreams(command, of: name), in: self).wait()
        pipe.closeReadEnd()
        if ending == .interrupted { throw Failure.interrupted }
        guard ending == .status(0), try packer.wait(interruptible: false)?.isSuccess == true else {
            throw Failure(.environment, "what is to be installed could not be copied into the appliance of \(name)")
        }
        mark("what is to be installed copied into memory")
    }

    /// Runs what the guest's init would have run. Without it the command is run all the same.
    private func runFirst(_ words: [String]) throws {
        var command = TargetCommand(words, limit: .seconds(120))
        (command.output, command.error) = (.captured(limit: 1 << 20), .captured(limit: 1 << 20))
        let streams = try CommandStreams(command, of: name)
        var ending = CommandEnding.timedOut
        let result = try streams.finish(
            Result {
                ending = try ApplianceRun(command, streams, in: self).wait()
                if case .status(let status) = ending { return status }
                if ending == .interrupted { throw Failure.interrupted }
                return 1
            })
        mark(words.joined(separator: " "))
        guard result.isSuccess else {
            let reason = result.complaint.isEmpty ? ToolReason(result.text).line : result.complaint
            return console.warn("\(name): \(words.joined(separator: " ")): \(Names.printable(reason))")
        }
    }

    private func check(_ directory: String) throws {
        var test = TargetCommand(["test", "-d", directory])
        (test.output, test.error) = (.null, .null)
        let run = try ApplianceRun(test, CommandStreams(test, of: name), in: self)
        guard try run.wait() == .status(0) else {
            throw Failure(.environment, "there is no folder \(Names.printable(directory)) in \(name)")
        }
    }
}

/// One command of an appliance.
private final class ApplianceRun {
    private let guest: GuestAppliance
    private let relays: [OutputRelay]
    /// devbox's terminal, where the command has it.
    private let window: TerminalWindow?
    private let shared: SharedInput?
    private var pump: InputPump?
    private let deadline: ContinuousClock.Instant?
    /// Of the shell that init has run; nil as long as it runs.
    private var shellStatus: Int32? { didSet { endedAt = .now } }
    private var endedAt: ContinuousClock.Instant?
    /// When the marks of its end had come through all outputs.
    private var markedAt: ContinuousClock.Instant?
    private var isKilled = false
    private var closed: Set<Int> = []

    /// How long the machine may take to end what runs.
    private static let killPatience = Duration.seconds(30)
    /// How long a crash kernel may take to save a dump.
    private static let dumpPatience = Duration.seconds(300)

    init(_ command: TargetCommand, _ streams: CommandStreams, in guest: GuestAppliance) throws {
        self.guest = guest
        deadline = command.limit.map { ContinuousClock.now + $0 }
        let mark = TargetCommand.newMark()
        let appliance = guest.appliance
        if command.wantsTerminal, let terminal = appliance.terminal {
            shared = nil
            let window = try TerminalWindow()
            self.window = window
            relays = [try OutputRelay(from: terminal, to: streams.output, standard: 1, mark: mark, isShown: true)]
            let (separator, words) = try LoginShellLine.encode(
                command.arguments(mark: mark, ["marks"], guest.templates))
            pump = try InputPump(from: .standardInput, to: FileDescriptor(rawValue: dup(terminal.rawValue)))
            let (rows, columns) = window.size
            try appliance.order(
                "terminal \(guest.terminalDevice) \(rows) \(columns) \(Self.terminalName) \(separator) \(words)")
            return
        }
        window = nil
        let shared = try command.sharesInput ? SharedInput(.standardInput) : nil
        self.shared = shared
        let (separator, words) = try LoginShellLine.encode(
            command.arguments(mark: mark, ["marks"] + (shared == nil ? [] : ["count"]), guest.templates))
        var number = "-"
        if let source = (shared?.stream ?? streams.input).descriptor(or: .standardInput) {
            guard let port = appliance.takeInput() else {
                throw Failure(.failure, "an appliance has no port for a further input")
            }
            number = "\(port.number)"
            pump = try InputPump(from: source, to: port.descriptor)
        }
        relays = [
            try OutputRelay(from: appliance.output, to: streams.output, standard: 1, mark: mark),
            try OutputRelay(from: appliance.error, to: streams.error, standard: 2, mark: mark),
        ]
        try shared?.start()
        try appliance.order("run \(number) \(separator) \(words)")
    }

    /// The name of devbox's terminal, as in terminfo(5).
    private static var terminalName: String {
        let name = getenv("TERM").map { String(cString: $0) } ?? ""
        let isPlain = !name.isEmpty && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }
        return isPlain ? name : "dumb"
    }

    /// Waits for the command's end, its time limit, Ctrl-C, or the machine's.
    func wait() throws -> CommandEnding {
        do {
            while true {
                let begin = ContinuousClock.now
                let progress = relays.map { $0.look() }
                if progress.contains(where: \.hasEnded) { endInput() }
                try endStragglers(progress)
                if hasEnded(progress) {
                    for relay in relays { relay.readNoFurther() }
                    if progress.allSatisfy({ $0.isFinished || $0.isUnwanted }) { return .status(try conclude()) }
                }
                for (index, progress) in progress.enumerated()
                where progress.isUnwanted && closed.insert(index).inserted {
                    try guest.appliance.order("close \(index + 2)")
                }
                let limits = [
                    guest.panic == nil ? deadline : nil, guest.panicDeadline, endedAt.map { $0 + Self.tailPatience },
                    isKilled ? nil : markedAt.map { $0 + Self.stragglerPatience },
                ].compactMap { $0 }.filter { $0 > begin }
                let watched = zip(relays, progress).map { $1.isFinished ? -1 : $0.news.rawValue }
                let news = try guest.appliance.next(
                    until: limits.min(), orReadable: watched + [window?.changes.rawValue ?? -1])
                try noteWindow()
                if let news {
                    if let line = try guest.note(news), line.hasPrefix("ended ") {
                        shellStatus = Int32(line.dropFirst(6))
                    }
                } else if try guest.askAfterPanic() {
                    try standsStill()
                } else if guest.panic == nil, let deadline, ContinuousClock.now >= deadline {
                    return try stop(.timedOut)
                }
            }
        } catch let failure as Failure where failure.exitCode == .interrupted {
            return try stop(.interrupted)
        } catch {
            abandon()
            throw error
        }
    }

    /// What has left the command's cgroup may hold its outputs for ever: the command's end is the end of that as well.
    private func endStragglers(_ progress: [OutputRelay.Progress]) throws {
        guard endedAt == nil, progress.allSatisfy(\.hasEnded) || markedAt != nil else { return }
        guard let markedAt else {
            markedAt = .now
            return
        }
        guard !isKilled, ContinuousClock.now >= markedAt + Self.stragglerPatience else { return }
        isKilled = true
        try guest.appliance.order("kill")
    }

    private static let stragglerPatience = Duration.seconds(3)

    /// Whether the command has ended, and nothing of what it wrote is still to come. What went through a terminal comes later than the
    /// word of the end; what the command began with may not even have begun.
    private func hasEnded(_ progress: [OutputRelay.Progress]) -> Bool {
        guard let endedAt else { return false }
        return window == nil || progress.allSatisfy(\.isOver) || ContinuousClock.now >= endedAt + Self.tailPatience
    }

    private static let tailPatience = Duration.seconds(2)

    private func noteWindow() throws {
        guard let window, Poll.wait([.read(window.changes)], until: .now)[0] else { return }
        window.noteChange()
        try guest.appliance.order("size \(window.size.rows) \(window.size.columns)")
    }

    private func endInput() {
        shared?.stop()
        pump?.stop()
    }

    private func conclude() throws -> Int32 {
        endInput()
        let reports = try relays.map { try $0.finish() }
        settleInput(reports)
        if let status = reports.compactMap(\.status).first { return status }
        guard reports.contains(where: \.hasBegun) else {
            let lines = reports.reversed().compactMap { report in
                String(decoding: report.before, as: UTF8.self).split(whereSeparator: \.isNewline).last
            }
            throw Failure(
                .environment,
                "the command in \(guest.name) was not begun: \(lines.first.map { Names.printable($0) } ?? "its shell ended with status \(shellStatus ?? -1)")"
            )
        }
        // Who wants its output no more has not seen its end, either.
        let status = shellStatus ?? 1
        guard status == 0, !relays.contains(where: { $0.look().isUnwanted }) else { return status }
        throw Failure(.environment, "what the command in \(guest.name) wrote last was lost with what passed it on")
    }

    private func settleInput(_ reports: [OutputRelay.Report]) {
        guard let shared else { return }
        // What did not get as far as the port was not read either.
        let left = reports.compactMap(\.left).first.map { $0 + max(0, shared.sentBytes - (pump?.sentBytes ?? 0)) }
        let lost = shared.finish(left: left)
        if lost > 0 {
            guest.console.warn("\(ByteSize.text(lost)) of standard input were taken, and the command did not read them")
        }
    }

    /// Ends the command and all that it started.
    private func stop(_ end: CommandEnding) throws -> CommandEnding {
        endInput()
        try guest.appliance.order("kill")
        let deadline = ContinuousClock.now + Self.killPatience
        while shellStatus == nil,
            let news = try guest.appliance.next(until: deadline, interruptible: false)
        {
            if let line = try guest.note(news), line.hasPrefix("ended ") { shellStatus = Int32(line.dropFirst(6)) }
        }
        if shellStatus == nil { guest.isDeaf = true }
        abandon()
        return end
    }

    private func abandon() {
        endInput()
        settleInput(relays.compactMap { $0.abandon() })
    }

    /// A kernel that has said that it panics, and does not answer: its crash kernel may be saving a dump, which it ends with.
    private func standsStill() throws {
        let limit = ContinuousClock.now + Self.dumpPatience
        while guest.hasCrashKernel, let news = try guest.appliance.next(until: limit) { _ = try guest.note(news) }
        throw guest.ended("its kernel stands still")
    }
}

extension ChildProcess.Stream {
    /// The descriptor of a stream; nil for one that has none.
    ///
    /// - Parameter own: devbox's own.
    fileprivate func descriptor(or own: FileDescriptor) -> FileDescriptor? {
        switch self {
        case .inherit: own
        case .null: nil
        case .descriptor(let descriptor): descriptor
        }
    }
}
