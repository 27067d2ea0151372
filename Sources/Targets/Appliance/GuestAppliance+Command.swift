import DevboxCore
import Glibc
import Guests
import HostTools
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
        do {
            try awaitStart(within: bootLimit)
            if let directory = command.directory { try check(directory) }
            let end = try ApplianceRun(command, streams, in: self).wait()
            mark("the command")
            return end
        } catch let failure as Failure where failure.exitCode == .interrupted {
            return .interrupted
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
    private let shared: SharedInput?
    private var pump: InputPump?
    private let deadline: ContinuousClock.Instant?
    /// Of the shell that init has run; nil as long as it runs.
    private var shellStatus: Int32?
    private var closed: Set<Int> = []

    /// How long the machine may take to end what runs.
    private static let killPatience = Duration.seconds(30)
    /// How long a crash kernel may take to save a dump.
    private static let dumpPatience = Duration.seconds(300)

    init(_ command: TargetCommand, _ streams: CommandStreams, in guest: GuestAppliance) throws {
        self.guest = guest
        deadline = command.limit.map { ContinuousClock.now + $0 }
        let mark = TargetCommand.newMark()
        let shared = try command.sharesInput ? SharedInput(.standardInput) : nil
        self.shared = shared
        let (separator, words) = try LoginShellLine.encode(
            command.arguments(mark: mark, ["marks"] + (shared == nil ? [] : ["count"]), guest.templates))
        var number = "-"
        if let source = (shared?.stream ?? streams.input).descriptor(or: .standardInput) {
            guard let port = guest.appliance.takeInput() else {
                throw Failure(.failure, "an appliance has no port for a further input")
            }
            number = "\(port.number)"
            pump = try InputPump(from: source, to: port.descriptor)
        }
        let appliance = guest.appliance
        relays = [
            try OutputRelay(from: appliance.output, to: streams.output, standard: 1, mark: mark),
            try OutputRelay(from: appliance.error, to: streams.error, standard: 2, mark: mark),
        ]
        try shared?.start()
        try appliance.order("run \(number) \(separator) \(words)")
    }

    /// Waits for the command's end, its time limit, Ctrl-C, or the machine's.
    func wait() throws -> CommandEnding {
        do {
            while true {
                let progress = relays.map { $0.look() }
                if progress.contains(where: \.hasEnded) { endInput() }
                if shellStatus != nil {
                    for relay in relays { relay.readNoFurther() }
                    if progress.allSatisfy({ $0.isFinished || $0.isUnwanted }) { return .status(try conclude()) }
                }
                for (index, progress) in progress.enumerated()
                where progress.isUnwanted && closed.insert(index).inserted {
                    try guest.appliance.order("close \(index + 2)")
                }
                let limits = [deadline, guest.panicDeadline].compactMap { $0 }
                let news = try guest.appliance.next(
                    until: limits.min(), orReadable: zip(relays, progress).map { $1.isFinished ? -1 : $0.news.rawValue }
                )
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
        return shellStatus ?? 1
    }

    private func settleInput(_ reports: [OutputRelay.Report]) {
        guard let shared else { return }
        let lost = shared.finish(left: reports.compactMap(\.left).first)
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
        while let news = try guest.appliance.next(until: limit) { _ = try guest.note(news) }
        throw GuestError.panicked(guest: guest.name, line: guest.panic ?? "")
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
