import DevboxCore
import Glibc
import HostTools
import Sandbox
import SystemPackage

/// Finds out whether KVM runs guests here, by running one.
///
/// That /dev/kvm opens and answers says nothing: on some hosts it does, and no stock kernel boots. So a real kernel is
/// started, just as a guest would be, and KVM counts when it prints its first line in time.
public struct AcceleratorProbe: Sendable {
    private let work: WorkDirectory
    private let runner: Runner

    /// How long a kernel may take to its first line; that is far less than a second where KVM works.
    public static let limit = Duration.seconds(5)

    /// - Parameters:
    ///   - work: the work directory, whose owner QEMU runs as.
    ///   - runner: prints the trial's command with `--verbose`.
    public init(_ work: WorkDirectory, runner: Runner) { (self.work, self.runner) = (work, runner) }

    /// What was found out.
    public struct Finding: Sendable {
        /// What a guest is to be started with.
        public let accelerator: Accelerator
        /// Why it is not KVM.
        public let reason: String?
    }

    /// Whether KVM can run an architecture's code on this host at all.
    public static func isCandidate(_ architecture: Architecture) -> Bool {
        switch (Architecture.host, architecture) {
        case (.amd64, .i386): true
        case (let host, _): host == architecture
        }
    }

    /// The better accelerator for a guest of an architecture; what was found before is used until the host boots again.
    ///
    /// - Parameter kernel: a kernel of that architecture, to try with.
    public func best(for architecture: Architecture, kernel: FilePath) throws -> Finding {
        guard Self.isCandidate(architecture) else {
            return Finding(accelerator: .tcg, reason: "the host's processor does not run \(architecture.rawValue) code")
        }
        let user = QEMUUser(of: work)
        let memory = ProbeMemory(work, conditions: conditions(user))
        if let known = memory.verdict(for: architecture) { return finding(known) }
        let started = ContinuousClock.now
        let verdict = try measure(architecture, kernel: kernel, as: user)
        runner.console.detail(
            "KVM for \(architecture.rawValue): \(verdict), after \((ContinuousClock.now - started).milliseconds) ms")
        memory.note(verdict, for: architecture)
        return finding(verdict)
    }

    /// What else a verdict depends on, all of it seen at a glance; when it changes, KVM is tried again.
    private func conditions(_ user: QEMUUser) -> String {
        var status = stat()
        guard stat(QEMUUser.device, &status) == 0 else { return "no \(QEMUUser.device)" }
        return
            "mode \(String(status.st_mode, radix: 8)) of \(status.st_uid):\(status.st_gid); "
            + "QEMU as \(user.owner.uid):\(user.owner.gid)"
            + (user.becomes ? " by root" : access(QEMUUser.device, R_OK | W_OK) == 0 ? " with access" : "")
    }

    private func finding(_ verdict: ProbeVerdict) -> Finding {
        Finding(accelerator: verdict == .works ? .kvm : .tcg, reason: verdict.reason)
    }

    private func measure(_ architecture: Architecture, kernel path: FilePath, as user: QEMUUser) throws -> ProbeVerdict
    {
        guard Files.exists(FilePath(QEMUUser.device)) else { return .fails("the host has no \(QEMUUser.device)") }
        // QEMU's user may not pass the work directory, so it gets the kernel as an open file.
        let kernel = try Files.open(path, .readOnly)
        defer { try? kernel.close() }
        let (output, errors) = (try Pipe(), try Pipe())
        let trial = user.run(QEMUProbeCommand(QEMUMachine(architecture), kernel: "/proc/self/fd/3").command)
        let command = Timeout.run(trial, limit: Self.limit + .seconds(1))
        runner.console.detail("+ \(command.line) 3<\(Command.quote(path.string))")
        var child = try ChildProcess(
            command, output: .descriptor(output.writeEnd), error: .descriptor(errors.writeEnd),
            descriptors: [3: kernel],
            directory: "/", newSession: true)
        defer { child.end() }
        output.closeWriteEnd()
        errors.closeWriteEnd()
        let deadline = ContinuousClock.now + Self.limit
        var (serial, complaints) = (Transcript(output.readEnd), Transcript(errors.readEnd))
        while true {
            let ready = try Poll.wait([serial.interest, complaints.interest], until: deadline, interruptible: true)
            if ready[0] { serial.take() }
            if ready[1] { complaints.take() }
            let isOver = !serial.isOpen && !complaints.isOpen
            let ended = isOver ? try child.wait(until: deadline) : nil
            if let verdict = ProbeVerdict.judge(serial: serial.text, errors: complaints.text, ended: ended) {
                return verdict
            }
            // Both are closed and it does not end: no answer either.
            if ready.isEmpty || isOver || ContinuousClock.now >= deadline { return .noAnswer }
        }
    }
}

/// What a program wrote so far.
private struct Transcript {
    private let descriptor: FileDescriptor
    private var bytes: [UInt8] = []
    private(set) var isOpen = true

    init(_ descriptor: FileDescriptor) { self.descriptor = descriptor }

    var text: String { String(decoding: bytes, as: UTF8.self) }
    var interest: Poll.Interest { .read(isOpen ? descriptor : nil) }

    mutating func take() {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { read(descriptor.rawValue, $0.baseAddress, $0.count) }
        if count > 0 { bytes += buffer[0..<count] }
        // A kernel says enough in its first lines; the rest of a boot is not wanted.
        if count <= 0 || bytes.count > 1 << 20 { isOpen = false }
    }
}
