import DevboxCore
import Glibc
import HostTools
import SystemPackage

/// Passes a stream of a command on to where it belongs, without the marks around it, and without what came before them: a login shell
/// may say something before the command begins.
final class OutputRelay {
    /// For the program that reaches the guest.
    var stream: ChildProcess.Stream { .descriptor(pipe.writeEnd) }

    private let pipe: Pipe
    private let over: Pipe
    private let stopping: Pipe
    private let thread: WorkThread<Report>

    /// What was seen of the command.
    struct Report: Sendable {
        /// Whether its first mark came.
        var hasBegun = false
        /// Its status; nil where its last mark did not come.
        var status: Int32?
        /// How many bytes of its standard input it has not read; nil where that is not known.
        var left: Int64?
        /// The end of what came before the first mark.
        var before: [UInt8] = []
    }

    /// Begins to pass on.
    ///
    /// - Parameters:
    ///   - target: where it goes.
    ///   - standard: devbox's own stream for it, 1 or 2.
    ///   - mark: the mark; nil for what has none, which is passed on as it is.
    ///   - isShown: whether what comes before the first mark is passed on too: at a terminal it may be a question.
    init(to target: ChildProcess.Stream, standard: Int32, mark: String?, isShown: Bool = false) throws {
        (pipe, over, stopping) = (try Pipe(), try Pipe(), try Pipe())
        let target: FileDescriptor? =
            switch target {
            case .inherit: FileDescriptor(rawValue: standard)
            case .descriptor(let descriptor): descriptor
            case .null: nil
            }
        let worker = Worker(
            pipe: pipe, over: over, stopping: stopping, target: target, marks: mark.map(CommandMarks.init),
            isShown: isShown)
        thread = try WorkThread { try worker.run() }
    }

    /// Readable once the command has ended, or nothing comes any more.
    var end: FileDescriptor { over.readEnd }

    /// To be called when the program has its end of the pipe.
    func hasStarted() { pipe.closeWriteEnd() }

    /// Waits until all that was written has been passed on.
    ///
    /// - Parameter isOver: whether only what is there already counts: what the command left running may hold the other end for ever.
    /// - Throws: where it cannot be written to where it belongs.
    func finish(isOver: Bool) throws -> Report {
        pipe.closeWriteEnd()
        if isOver { stopping.closeWriteEnd() }
        return try thread.wait().get()
    }
}

/// The thread's own.
private final class Worker: @unchecked Sendable {
    private let pipe, over, stopping: Pipe
    private var target: FileDescriptor?
    private var marks: CommandMarks?
    private let isShown: Bool
    private var report = OutputRelay.Report()
    private static let mostKept = 4096

    init(pipe: Pipe, over: Pipe, stopping: Pipe, target: FileDescriptor?, marks: CommandMarks?, isShown: Bool) {
        (self.pipe, self.over, self.stopping, self.target) = (pipe, over, stopping, target)
        (self.marks, self.isShown) = (marks, isShown)
        report.hasBegun = marks == nil
    }

    func run() throws -> OutputRelay.Report {
        // A writer that goes on must not wait for a reader that has given up.
        defer {
            // One that is read no more has not ended for that.
            if !isClosed { over.closeWriteEnd() }
            pipe.closeReadEnd()
        }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 4096)
        defer { buffer.deallocate() }
        var left: Int?
        while left != 0 {
            if left == nil, Poll.wait([.read(pipe.readEnd), .read(stopping.readEnd)])[1] {
                left = try pipe.readableBytes()
                continue
            }
            let count = try posix("read what the command writes") {
                read(pipe.readEnd.rawValue, buffer.baseAddress, min(buffer.count, left ?? buffer.count))
            }
            if count == 0 { break }
            left = left.map { $0 - count }
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            if marks == nil { try write(bytes) } else { try marks?.take(bytes, take) }
            // Nobody reads it any more: what writes it is to learn of that.
            if isClosed { return report }
        }
        try marks?.finish(take)
        return report
    }

    private var isClosed = false

    private func take(_ piece: CommandMarks.Piece) throws {
        switch piece {
        case .mark(.begins): report.hasBegun = true
        case .mark(.ends(let status)):
            report.status = status
            over.closeWriteEnd()
        case .mark(.left(let count)): report.left = count
        // What is written after the command's end is of something that it left running.
        case .text where report.status != nil: break
        case .text(let bytes):
            if !report.hasBegun {
                report.before = Array((report.before + bytes.suffix(Self.mostKept)).suffix(Self.mostKept))
            }
            if report.hasBegun || isShown { try write(bytes) }
        }
    }

    private func write(_ bytes: UnsafeRawBufferPointer) throws {
        guard let target else { return }
        var rest = bytes[...]
        while !rest.isEmpty, !isClosed {
            let part = UnsafeRawBufferPointer(rebasing: rest)
            let count = Glibc.write(target.rawValue, part.baseAddress, part.count)
            switch (count, errno) {
            case (0..., _): rest = rest.dropFirst(count)
            case (_, EINTR): continue
            // Whoever gave it to devbox may have made it so.
            case (_, EAGAIN): Poll.wait([.write(target)])
            case (_, EPIPE): isClosed = true
            case (_, let number): throw failure("write what the command writes", Errno(rawValue: number))
            }
        }
    }
}
