import CLinux
import DevboxCore
import Glibc
import HostTools
import SystemPackage

/// A virtual machine that does a sandbox's work without root: a kernel, devbox's own initrd, and no init. It mounts a disk, runs one
/// command after the other in it, and leaves the disk as a shutdown does.
///
/// It does what it is told at a port; `templates/appliance/init` is the other side.
public final class Appliance {
    /// Where a command's standard output comes from, and its standard error.
    public let output, error: FileDescriptor
    /// Its terminal; nil where it has none.
    public let terminal: FileDescriptor?
    /// What its console prints, in a file.
    public let consoleLog: FilePath

    private var sandbox: Sandbox
    private let control: FileDescriptor
    private var inputs: [(number: Int, descriptor: FileDescriptor)]
    private let title: String
    private var buffer: [UInt8] = []
    private var answers: [String] = []
    private var isGone = false

    /// What an appliance tells.
    public enum News {
        /// QEMU runs.
        case started
        /// An answer of its init, a line.
        case answer(String)
        /// Its kernel says that it panics.
        case panicked(line: String)
        /// What becomes of a panic, as its console has it.
        case told(line: String)
        /// It has ended by itself.
        case stopped(reason: String)
        /// QEMU itself crashed.
        case crashed(signal: Int32)
    }

    /// Starts the machine; nothing of it has booted when this returns.
    ///
    /// - Parameters:
    ///   - plan: its sandbox, with an appliance as the task.
    ///   - initrd: as `ApplianceInitrd` makes it.
    ///   - lock: of the disk's owner; it is held as long as the machine lives. Its descriptor stays the caller's.
    public init(_ plan: SandboxPlan, initrd: [UInt8], lock: FileDescriptor?, console: Console) throws {
        guard case .appliance(let machine) = plan.task else { preconditionFailure("no appliance") }
        var ours: [FileDescriptor] = []
        var theirs: [FileDescriptor] = []
        defer { for descriptor in theirs { try? descriptor.close() } }
        do {
            for _ in 0..<machine.ports + (machine.hasTerminal ? 1 : 0) {
                var ends: [Int32] = [-1, -1]
                try posix("make a port") { devbox_socketpair(&ends) }
                ours.append(FileDescriptor(rawValue: ends[0]))
                theirs.append(FileDescriptor(rawValue: ends[1]))
            }
            theirs.insert(try Files.inMemory(initrd, name: "initrd"), at: machine.ports)
            sandbox = try Sandbox(
                plan, lock: lock, descriptors: theirs, streams: .attached(input: .null, output: .null),
                console: console)
        } catch {
            for descriptor in ours { try? descriptor.close() }
            throw error
        }
        (control, output, error) = (ours[0], ours[1], ours[2])
        inputs = ours.prefix(machine.ports).enumerated().dropFirst(3).map { ($0 + 1, $1) }
        terminal = machine.hasTerminal ? ours.last : nil
        (title, consoleLog) = (plan.title, FilePath(machine.consoleLog))
    }

    deinit {
        let others = inputs.map(\.descriptor) + (terminal.map { [$0] } ?? [])
        for descriptor in [control, output, error] + others { try? descriptor.close() }
    }

    /// Whether a further command can have an input: each needs a port of its own.
    public var hasInput: Bool { !inputs.isEmpty }

    /// A port for a command's input, which is the caller's from now on, and its number for the order.
    public func takeInput() -> (number: Int, descriptor: FileDescriptor)? {
        inputs.isEmpty ? nil : inputs.removeFirst()
    }

    /// Gives an order: a line without its end. That the machine is gone is told by `next`.
    ///
    /// - Throws: `environment`, where it does not listen.
    public func order(_ line: String) throws {
        var bytes = Array((line + "\n").utf8)[...]
        while !bytes.isEmpty, !isGone {
            do {
                if let count = try UnixSocket.send(bytes, to: control) {
                    bytes = bytes.dropFirst(count)
                } else if Poll.wait([.write(control)], until: .now + .seconds(60)).isEmpty {
                    throw Failure(.environment, "the appliance of \(title) does not listen")
                }
            } catch let failure as Failure where failure.exitCode != .environment {
                isGone = true
            }
        }
    }

    /// What it tells next; nil where the time ran out, or something else became readable first.
    ///
    /// - Throws: why its sandbox failed; `interrupted`.
    public func next(
        until deadline: ContinuousClock.Instant?, orReadable others: [Int32] = [], interruptible: Bool = true
    ) throws -> News? {
        while true {
            if !answers.isEmpty { return .answer(answers.removeFirst()) }
            if let news = try message() { return news }
            let ready = try Poll.wait(
                [.read(isGone ? nil : control), .read(sandbox.descriptor)] + others.map { .read($0) },
                until: deadline, interruptible: interruptible)
            if ready[0] { receive() }
            if !ready[0], !ready[1] { return nil }
        }
    }

    private func message() throws -> News? {
        while let message = try sandbox.next(until: .now, interruptible: false) {
            switch message {
            case .started: return .started
            case .panicked(let line): return .panicked(line: line)
            case .told(let line): return .told(line: line)
            case .stopped(let reason): return .stopped(reason: reason)
            case .crashed(let signal): return .crashed(signal: signal)
            default: break
            }
        }
        return nil
    }

    private func receive() {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = bytes.withUnsafeMutableBytes {
            recv(control.rawValue, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT))
        }
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        guard count > 0 else {
            isGone = true
            return
        }
        // It is the disk's own programs that may write here: no line of theirs grows without end.
        buffer += bytes[0..<count]
        while let end = buffer.firstIndex(of: 10) {
            answers.append(String(decoding: buffer[..<end], as: UTF8.self))
            buffer.removeSubrange(...end)
        }
        if buffer.count > 4096 || answers.count > 1024 { (buffer, answers) = ([], []) }
    }

    /// Switches it off, when its disk has been left in order, and waits until what was written is in the disk's file.
    public func switchOff() throws {
        try sandbox.askToEnd()
        while let message = try sandbox.next(until: .now + .seconds(120), interruptible: false) {
            switch message {
            case .ended: return try sandbox.waitUntilGone()
            case .stopped(let reason): throw Failure(.environment, "the appliance of \(title) failed: \(reason)")
            default: break
            }
        }
        throw Failure(.failure, "what was written could not be kept: the disk does not take it in time")
    }

    /// Waits until all of it is gone, after it has ended by itself.
    public func waitUntilGone() throws { try sandbox.waitUntilGone() }

    /// Ends it at once; what it has not written is lost.
    public func kill() { sandbox.kill() }
}
