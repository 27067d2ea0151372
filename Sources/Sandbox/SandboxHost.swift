import CLinux
import DevboxCore
import FoundationEssentials
import Glibc
import HostTools
import SystemPackage
import Templates

/// The hidden `devbox supervise`: PID 1 of a sandbox, which owns its helpers and, where it was given one, a lock.
///
/// It begins with a channel to the devbox that started it. Until that one lets go, the channel's end is the end of all.
public final class SandboxHost {
    /// What the sandbox is.
    public let plan: SandboxPlan
    /// The work directory that it is of.
    public let work: WorkDirectory
    /// Runs the programs of the host that it needs.
    public let runner: Runner
    /// What it hands to them.
    public let templates: Templates
    /// Where it waits.
    public let loop = EventLoop()
    private let channel: FileDescriptor
    /// Whether the sandbox outlives the devbox that started it.
    public private(set) var isReleased = false
    /// Whether the starter wants the command that it runs to end.
    private(set) var isEnding = false
    /// Called then.
    var onEnd: () -> Void = {}

    /// Does what the starter asks for, and ends the process.
    ///
    /// - Parameter service: what devbox itself does in a sandbox, by the service's own plan; it returns the status to end with.
    public static func main(service: (_ host: SandboxHost, _ plan: String) throws -> Int32) -> Never {
        let channel = FileDescriptor(rawValue: Sandbox.channelNumber)
        // Helpers inherit neither the channel nor the lock, which not every sandbox has.
        _ = devbox_set_cloexec(Sandbox.lockNumber, 1)
        guard devbox_set_cloexec(Sandbox.channelNumber, 1) == 0 else {
            Console(level: .normal, environment: [:]).report(
                Failure(.usage, "`devbox supervise` is devbox's own helper", hint: "`devbox start` uses it"))
            exit(DevboxCore.ExitCode.usage.rawValue)
        }
        do {
            exit(try SandboxHost(channel).run(service))
        } catch {
            let failure = Failure(error)
            send(.failed(code: failure.exitCode, message: failure.message, hint: failure.hint), to: channel)
            exit(failure.exitCode.rawValue)
        }
    }

    private init(_ channel: FileDescriptor) throws {
        self.channel = channel
        var bytes: [UInt8] = []
        while bytes.last != 10 {
            var byte: UInt8 = 0
            guard read(channel.rawValue, &byte, 1) == 1 else { throw Failure(.failure, "the starter went away") }
            bytes.append(byte)
        }
        plan = try RecordFile.decode(SandboxPlan.self, from: bytes)
        let environment = Command.inheritedEnvironment
        work = try WorkDirectory(given: plan.work, environment: environment)
        runner = Runner(console: Console(level: .init(rawValue: plan.verbosity) ?? .normal, environment: environment))
        templates = Templates(work, environment: environment)
    }

    private func run(_ service: (SandboxHost, String) throws -> Int32) throws -> Int32 {
        loop.watch(channel) { [self] in hear() }
        return switch plan.task {
        case .settleDisk(let replays, let checks, let wasCutOff):
            try JournalTask(replays: replays, checks: checks, wasCutOff: wasCutOff, self).run()
        case .command(let command): try CommandTask(command, self).run()
        case .appliance(let plan): try ApplianceTask(plan, self).run()
        case .service(let plan): try service(self, plan)
        }
    }

    private func hear() {
        var buffer = [UInt8](repeating: 0, count: 64)
        let count = buffer.withUnsafeMutableBytes { read(channel.rawValue, $0.baseAddress, $0.count) }
        if count > 0, buffer.starts(with: Sandbox.endRequest) {
            isEnding = true
            onEnd()
        } else if count > 0 {
            isReleased = true
        } else if isReleased {
            loop.ignore(channel)
        } else {
            // As PID 1 it takes everything in the sandbox along.
            exit(DevboxCore.ExitCode.failure.rawValue)
        }
    }

    /// Tells the starter something; a starter that is gone is none of our business.
    public func send(_ message: SandboxMessage) { Self.send(message, to: channel) }

    private static func send(_ message: SandboxMessage, to channel: FileDescriptor) {
        guard let line = try? RecordFile.json(message, pretty: false) else { return }
        try? Files.writeAll(channel, line, name: "the channel")
    }

    /// Runs the loop until a child has ended.
    func wait(for child: inout ChildProcess) throws -> ExitStatus {
        loop.watch(child.pidfd) { [loop] in loop.stop() }
        try loop.run()
        loop.ignore(child.pidfd)
        guard let status = try child.wait(interruptible: false) else {
            throw Failure(.failure, "a helper cannot be waited for")
        }
        return status
    }

    /// The folder that only this sandbox sees.
    public func makePrivateFolder() throws -> PrivateFolder { try PrivateFolder(for: plan) }
}
