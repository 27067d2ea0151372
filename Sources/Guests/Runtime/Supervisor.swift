import CLinux
import DevboxCore
import FoundationEssentials
import Glibc
import HostTools
import SystemPackage
import Templates

/// The hidden `devbox supervise`: PID 1 of an enclosure, which owns a guest's helpers, its lock and its monitor.
///
/// It begins with a channel to the devbox that started it. Until that one commits, the channel's end is the end of all.
public final class Supervisor {
    let plan: LaunchPlan
    let work: WorkDirectory
    let files: GuestFiles
    let record: GuestRecord
    let runner: Runner
    let templates: Templates
    let loop = EventLoop()
    private let channel: FileDescriptor
    /// Whether the guest outlives the devbox that started it.
    private(set) var committed = false
    /// Whether the starter wants the command that it runs to end.
    private(set) var isEnding = false
    /// Called then.
    var onEnd: () -> Void = {}

    /// Does what the starter asks for, and ends the process.
    public static func main() -> Never {
        let channel = FileDescriptor(rawValue: Enclosure.channelNumber)
        // Helpers inherit neither the channel nor the lock.
        guard devbox_set_cloexec(Enclosure.channelNumber, 1) == 0, devbox_set_cloexec(Enclosure.lockNumber, 1) == 0
        else {
            Console(level: .normal, environment: [:]).report(
                Failure(.usage, "`devbox supervise` is devbox's own helper", hint: "`devbox start` uses it"))
            exit(DevboxCore.ExitCode.usage.rawValue)
        }
        do {
            exit(try Supervisor(channel).run())
        } catch let crash as MachineCrash {
            Supervisor.send(.crashed(signal: crash.signal), to: channel)
            exit(crash.exitCode.rawValue)
        } catch {
            let failure = error as? any ReportableError ?? Failure(.failure, "\(error)")
            Supervisor.send(.failed(code: failure.exitCode, message: failure.message, hint: failure.hint), to: channel)
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
        plan = try RecordFile.decode(LaunchPlan.self, from: bytes)
        let environment = Command.inheritedEnvironment
        work = try WorkDirectory(given: plan.work, environment: environment)
        files = GuestFiles(plan.guest, in: work)
        record = try RecordFile.read(GuestRecord.self, from: files.record)
        runner = Runner(console: Console(level: .init(rawValue: plan.verbosity) ?? .normal, environment: environment))
        templates = Templates(work: work, environment: environment)
    }

    private func run() throws -> Int32 {
        loop.watch(channel) { [self] in
            var buffer = [UInt8](repeating: 0, count: 64)
            let count = buffer.withUnsafeMutableBytes { read(channel.rawValue, $0.baseAddress, $0.count) }
            if count > 0, buffer.starts(with: Enclosure.endRequest) {
                isEnding = true
                onEnd()
            } else if count > 0 {
                committed = true
            } else if committed {
                loop.ignore(channel)
            } else {
                // As PID 1 it takes everything in the enclosure along.
                exit(DevboxCore.ExitCode.failure.rawValue)
            }
        }
        switch plan.kind {
        case .replay: return try JournalReplay.runEnclosed(self)
        case .command: return try ContainerCommand(self).run()
        case .container: return try GuestLoop(self, runtime: LXCGuest(self)).run()
        case .machine: return try GuestLoop(self, runtime: KVMGuest(self)).run()
        }
    }

    /// Tells the starter something; a starter that is gone is none of our business.
    func send(_ message: SupervisorMessage) { Self.send(message, to: channel) }

    private static func send(_ message: SupervisorMessage, to channel: FileDescriptor) {
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
}
