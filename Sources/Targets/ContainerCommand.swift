import DevboxCore
import Glibc
import Guests
import HostTools
import SystemPackage
import Templates

/// A command in a container, brought there by lxc-attach.
final class ContainerCommand: AttachedCommand {
    private var child: ChildProcess
    /// Its end is the command's, where it has no terminal that hangs up: only this process has the other one.
    private let lifeline: Pipe?
    /// Where the command's status comes from; lxc-attach's own would mix with its failures.
    private let status: Pipe
    /// Where something may hold the command's output for longer than it runs.
    private var relays: [OutputRelay] = []

    private static let lifelineNumber: Int32 = 8
    private static let statusNumber: Int32 = 9

    /// Starts a command.
    init(
        _ command: TargetCommand, _ streams: CommandStreams, in guest: RunningGuest, templates: Templates,
        console: Console
    ) throws {
        let terminal = command.wantsTerminal
        let words = try command.words(mark: TargetCommand.newMark(), terminal ? [] : ["lifeline"], templates)
        let line = try guest.command(words, terminal: terminal)
        console.detail("+ \(line.line)")
        let (lifeline, status) = (terminal ? nil : try Pipe(), try Pipe())
        var descriptors = [Self.statusNumber: status.writeEnd]
        if let lifeline { descriptors[Self.lifelineNumber] = lifeline.readEnd }
        if command.leavesRunning, !terminal {
            relays = [
                try OutputRelay(to: streams.output, standard: 1, mark: nil),
                try OutputRelay(to: streams.error, standard: 2, mark: nil),
            ]
        }
        do {
            // Without a terminal Ctrl-C is for devbox alone.
            child = try ChildProcess(
                line, input: streams.input, output: relays.first?.stream ?? streams.output,
                error: relays.last?.stream ?? streams.error, descriptors: descriptors, newSession: !terminal)
        } catch {
            for relay in relays { relay.abandon() }
            throw error
        }
        for relay in relays { relay.hasStarted() }
        lifeline?.closeReadEnd()
        status.closeWriteEnd()
        (self.lifeline, self.status) = (lifeline, status)
    }

    func wait(until deadline: ContinuousClock.Instant?, orReadable other: Int32) throws -> Int32? {
        guard let ended = try child.wait(until: deadline, orReadable: other) else { return nil }
        for relay in relays { relay.readNoFurther() }
        while !relays.allSatisfy({ $0.look().isFinished }) {
            let ready = try Poll.wait(
                [.read(other)] + relays.map { .read($0.look().isFinished ? -1 : $0.news.rawValue) }, until: deadline,
                interruptible: true)
            guard !ready[0], relays.indices.contains(where: { ready[$0 + 1] }) else { return nil }
        }
        for relay in relays { _ = try relay.finish() }
        let text = String(decoding: try Files.readAll(status.readEnd, name: "the status", limit: 64), as: UTF8.self)
        guard let number = Int32(text.filter(\.isNumber)) else {
            throw Failure(.environment, "the container did not run the command: lxc-attach \(ended)")
        }
        return number
    }

    func end(answers: Bool) {
        // In the container all ends by itself then, and is reaped there; a killed lxc-attach would leave that to the host.
        lifeline?.closeWriteEnd()
        if lifeline == nil || (try? child.wait(until: .now + .seconds(4), interruptible: false)) == nil { child.end() }
        for relay in relays { relay.abandon() }
    }
}
