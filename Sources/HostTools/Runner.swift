import CLinux
import DevboxCore
import Glibc
import SystemPackage

/// Starts, drains, times out, ends and reports the programs that devbox runs to their end.
public struct Runner: Sendable {
    /// Where `--verbose` prints each command.
    public let console: Console
    /// Whether Ctrl-C and SIGTERM end what runs.
    public let isInterruptible: Bool

    /// - Parameters:
    ///   - console: where `--verbose` prints each command.
    ///   - isInterruptible: whether Ctrl-C and SIGTERM end what runs.
    public init(console: Console, isInterruptible: Bool = true) {
        self.console = console
        self.isInterruptible = isInterruptible
    }

    /// The same for what must be done to its end, once a signal came too: the end of a transaction.
    public var undisturbed: Runner { Runner(console: console, isInterruptible: false) }

    /// What a program wrote, and how it ended.
    public struct Output: Sendable {
        /// Its exit status, or the signal that ended it.
        public let status: ExitStatus
        /// All of its standard output.
        public let bytes: [UInt8]
        /// All of its standard error.
        public let errorBytes: [UInt8]
        /// Its standard output as text.
        public var text: String { String(decoding: bytes, as: UTF8.self) }
        /// The line of its standard error that says why it failed; empty where there is none.
        public var complaint: String { ToolReason(String(decoding: errorBytes, as: UTF8.self)).line }
        /// The same, of a program that says on its standard output what is wrong, as e2fsck(8) does, where its standard error is empty.
        public var finding: String { complaint.isEmpty ? ToolReason(text).line : complaint }
    }

    /// Runs a program to its end and gives back what it wrote. Another status than 0 is an error.
    ///
    /// - Parameters:
    ///   - input: what it reads.
    ///   - directory: its working directory.
    ///   - limit: how long it may take.
    ///   - outputLimit: how many bytes it may write; more is an error.
    @discardableResult
    public func run(
        _ command: Command, input: [UInt8] = [], directory: FilePath? = nil, limit: Duration? = nil,
        outputLimit: Int = 16 << 20
    ) throws -> Output {
        let output = try attempt(command, input: input, directory: directory, limit: limit, outputLimit: outputLimit)
        guard output.status.isSuccess else {
            throw HostToolError.failed(command.program, output.status, complaint: output.complaint)
        }
        return output
    }

    /// The same, where another status than 0 is an answer.
    public func attempt(
        _ command: Command, input: [UInt8] = [], directory: FilePath? = nil, limit: Duration? = nil,
        outputLimit: Int = 16 << 20
    ) throws -> Output {
        console.detail("+ \(command.line)")
        let standardInput = input.isEmpty ? nil : try Pipe()
        let output = try Pipe()
        let error = try Pipe()
        var child = try ChildProcess(
            command, input: standardInput.map { .descriptor($0.readEnd) } ?? .null,
            output: .descriptor(output.writeEnd),
            error: .descriptor(error.writeEnd), directory: directory)
        standardInput?.closeReadEnd()
        output.closeWriteEnd()
        error.closeWriteEnd()

        let deadline = limit.map { ContinuousClock.now + $0 }
        var drain = Drain(
            output: output, error: error, input: standardInput, unsent: input[...], limit: outputLimit,
            program: command.program, isInterruptible: isInterruptible)
        do {
            guard try drain.run(until: deadline),
                let status = try child.wait(until: deadline, interruptible: isInterruptible)
            else {
                child.end()
                throw HostToolError.timedOut(command.program, limit ?? .zero)
            }
            return Output(status: status, bytes: drain.outputBytes, errorBytes: drain.errorBytes)
        } catch {
            child.end()
            throw error
        }
    }
}

/// Reads a program's two outputs and feeds its input at the same time, so that no full pipe blocks the other.
private struct Drain {
    let output: Pipe
    let error: Pipe
    let input: Pipe?
    var unsent: ArraySlice<UInt8>
    let limit: Int
    let program: Program
    /// Whether Ctrl-C or SIGTERM ends it.
    let isInterruptible: Bool
    var outputBytes: [UInt8] = []
    var errorBytes: [UInt8] = []
    private var outputOpen = true
    private var errorOpen = true

    init(
        output: Pipe, error: Pipe, input: Pipe?, unsent: ArraySlice<UInt8>, limit: Int, program: Program,
        isInterruptible: Bool
    ) {
        self.output = output
        self.error = error
        self.input = input
        self.unsent = unsent
        self.limit = limit
        self.program = program
        self.isInterruptible = isInterruptible
        if let input { _ = devbox_set_nonblocking(input.writeEnd.rawValue, 1) }
    }

    /// Returns false when the deadline came first.
    mutating func run(until deadline: ContinuousClock.Instant?) throws -> Bool {
        // A program may close its outputs and read on.
        while outputOpen || errorOpen || !unsent.isEmpty {
            let ready = try Poll.wait(
                [
                    .read(outputOpen ? output.readEnd : nil), .read(errorOpen ? error.readEnd : nil),
                    .write(unsent.isEmpty ? nil : input?.writeEnd),
                ], until: deadline, interruptible: isInterruptible)
            if ready.isEmpty { return false }
            if ready[0] { outputOpen = try take(output.readEnd, into: \.outputBytes) }
            if ready[1] { errorOpen = try take(error.readEnd, into: \.errorBytes) }
            if ready[2] { send() }
        }
        return true
    }

    private mutating func take(_ descriptor: FileDescriptor, into place: WritableKeyPath<Drain, [UInt8]>) throws -> Bool
    {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let count = try buffer.withUnsafeMutableBytes { buffer in
            try posix("read the output of \(program.name)") {
                read(descriptor.rawValue, buffer.baseAddress, buffer.count)
            }
        }
        self[keyPath: place] += buffer[0..<count]
        if self[keyPath: place].count > limit {
            throw Failure(.failure, "\(program.name) wrote more than \(limit) bytes")
        }
        return count > 0
    }

    private mutating func send() {
        guard let input else { return }
        let count = unsent.withUnsafeBytes { write(input.writeEnd.rawValue, $0.baseAddress, $0.count) }
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        // A program that does not read all of its input says so by its status.
        unsent = count > 0 ? unsent.dropFirst(count) : []
        if unsent.isEmpty { input.closeWriteEnd() }
    }
}
