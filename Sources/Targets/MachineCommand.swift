import DevboxCore
import Glibc
import Guests
import HostTools
import SystemPackage
import Templates

/// A command in a virtual machine, brought there by ssh.
///
/// Between ssh and the command are things that may fail, or say something: sshd, PAM, root's login shell and what that reads. So the
/// command's output has a mark before it and one with the status behind it. Without the first the command was not begun; without the
/// second ssh's status counts, but for the one that ssh has for failures of its own.
final class MachineCommand: AttachedCommand {
    private var child: ChildProcess
    private let mark: String
    private let guest: RunningGuest
    private let templates: Templates
    private let relays: [OutputRelay]
    private let input: SharedInput?
    private let console: Console
    private var hasEnded = false

    /// How long ssh may take to end when the command has: what the command left running may hold the connection.
    private static let patience = Duration.milliseconds(500)
    /// How long the guest may take to tell what the command has not read.
    private static let countingPatience = Duration.seconds(10)

    /// Starts a command.
    init(
        _ command: TargetCommand, _ streams: CommandStreams, in guest: RunningGuest, templates: Templates,
        console: Console
    ) throws {
        (self.guest, self.templates, self.console, mark) = (guest, templates, console, TargetCommand.newMark())
        let terminal = command.wantsTerminal
        let input = try command.sharesInput ? SharedInput(.standardInput) : nil
        let words = try command.words(mark: mark, ["marks"] + (input == nil ? [] : ["count"]), templates)
        let line = try guest.command(words, terminal: terminal)
        console.detail("+ \(line.line)")
        let output = try OutputRelay(to: streams.output, standard: 1, mark: mark, isShown: terminal)
        // At a terminal the guest's one stream is ssh's output.
        let error = terminal ? nil : try OutputRelay(to: streams.error, standard: 2, mark: mark)
        relays = [output] + (error.map { [$0] } ?? [])
        self.input = input
        do {
            // Without a terminal Ctrl-C is for devbox alone.
            child = try ChildProcess(
                line, input: input?.stream ?? streams.input, output: output.stream,
                error: error?.stream ?? streams.error, newSession: !terminal)
        } catch {
            for relay in relays { relay.abandon() }
            throw error
        }
        for relay in relays { relay.hasStarted() }
        try input?.start()
    }

    func wait(until deadline: ContinuousClock.Instant?, orReadable other: Int32) throws -> Int32? {
        while true {
            // All that the command wrote is passed on before its end is told, however slowly that is read.
            let progress = relays.map { $0.look() }
            if progress.allSatisfy(\.isOver), hasEnded || progress.contains(where: \.hasEnded) { return try conclude() }
            let ready = try Poll.wait(
                [.read(other), .read(hasEnded ? -1 : child.pidfd.rawValue)]
                    + zip(relays, progress).map { .read($1.isFinished ? -1 : $0.news.rawValue) },
                until: deadline, interruptible: true)
            if ready[0] { return nil }
            if ready[1] { hasEnded = true }
            guard (1...relays.count + 1).contains(where: { ready[$0] }) else { return nil }
        }
    }

    /// The command has ended, or what brought it there has.
    private func conclude() throws -> Int32 {
        input?.stop()
        if input != nil { awaitCount() }
        let ended = try child.wait(until: .now + Self.patience, interruptible: false) ?? child.end()
        let reports = try relays.map { try $0.finish() }
        let status = reports.compactMap(\.status).first
        settleInput(reports)
        if let status { return status }
        guard reports.contains(where: \.hasBegun) else { throw notBegun(reports, ended) }
        guard case .exited(let status) = ended, status != 255 else {
            throw Failure(.environment, "the connection to \(guest.record.name) broke off")
        }
        return status
    }

    /// Waits until the guest has told what the command has not read, or cannot any more.
    private func awaitCount() {
        let deadline = ContinuousClock.now + Self.countingPatience
        while ContinuousClock.now < deadline {
            let progress = relays.map { $0.look() }
            if progress.contains(where: \.hasLeft) || progress.allSatisfy({ $0.isFinished || $0.isUnwanted }) { return }
            _ = Poll.wait(
                zip(relays, progress).map { .read($1.isFinished ? -1 : $0.news.rawValue) }, until: deadline)
        }
    }

    /// Of devbox's input the command has had what it has read. Where that is not known, nothing that can be kept is taken: in a loop over
    /// commands one that hangs is not to be the last.
    private func settleInput(_ reports: [OutputRelay.Report]) {
        guard let input else { return }
        let lost = input.finish(left: reports.compactMap(\.left).first)
        if lost > 0 {
            console.warn("\(ByteSize.text(lost)) of standard input were taken, and the command did not read them")
        }
    }

    private func notBegun(_ reports: [OutputRelay.Report], _ ended: ExitStatus) -> Failure {
        let lines = reports.reversed().compactMap { report in
            String(decoding: report.before, as: UTF8.self).split(whereSeparator: \.isNewline)
                .last { !$0.allSatisfy(\.isWhitespace) }
        }
        let name = guest.record.name
        return Failure(
            .environment,
            "the command in \(name) was not begun: \(lines.first.map { Names.printable($0) } ?? "ssh \(ended)")",
            hint: ended == .exited(255)
                ? nil
                : "root's account, or what its login shell does at the begin, is in the way; stopped, \(name) is entered without them"
        )
    }

    func end(answers: Bool) {
        input?.stop()
        if answers,
            let ending = try? guest.command(templates.shell("target/end.sh", [mark]), terminal: false)
        {
            // One that hangs cannot do it, and need not be waited for long.
            _ = try? Runner(console: Console(level: .quiet, environment: [:])).undisturbed
                .attempt(ending, limit: .seconds(5))
        }
        if !answers || (try? child.wait(until: .now + .seconds(2), interruptible: false)) == nil { child.end() }
        settleInput(relays.compactMap { $0.abandon() })
    }
}
