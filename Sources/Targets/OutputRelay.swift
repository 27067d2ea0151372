import CLinux
import DevboxCore
import Glibc
import HostTools
import SystemPackage

/// Passes a stream of a command on to where it belongs, without the marks around it, and without what came before them: a login shell
/// may say something before the command begins.
///
/// Whoever waits for the command watches `news`, and joins the thread only when it has nothing to wait for any more: the one that reads
/// the output may be slow, and must keep neither a time limit nor Ctrl-C from their work.
final class OutputRelay {
    /// For the program that reaches the guest.
    var stream: ChildProcess.Stream { pipe.map { .descriptor($0.writeEnd) } ?? .null }
    /// Readable when there is something that `look` has not told yet.
    var news: FileDescriptor { told.readEnd }

    private let pipe: Pipe?
    private let told: Pipe
    private let stopping: Pipe
    private let abandoning: Pipe
    private let thread: WorkThread<Report>
    private var progress = Progress()

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

    /// How far it is.
    struct Progress: Equatable {
        /// Whether the command's last mark came; all before it has been passed on.
        var hasEnded = false
        /// Whether it was told how much of its input the command has left over.
        var hasLeft = false
        /// Whether nobody reads it any more.
        var isUnwanted = false
        /// Whether nothing comes any more, and all was passed on.
        var isFinished = false

        /// Whether the command's end need not wait for it.
        var isOver: Bool { hasEnded || isUnwanted || isFinished }
    }

    /// Begins to pass on.
    ///
    /// - Parameters:
    ///   - source: where it comes from, which stays the caller's; nil for a pipe of its own.
    ///   - target: where it goes.
    ///   - standard: devbox's own stream for it, 1 or 2.
    ///   - mark: the mark; nil for what has none, which is passed on as it is.
    ///   - isShown: whether what comes before the first mark is passed on too: at a terminal it may be a question.
    init(
        from source: FileDescriptor? = nil, to target: ChildProcess.Stream, standard: Int32, mark: String?,
        isShown: Bool = false
    ) throws {
        (told, stopping, abandoning) = (try Pipe(), try Pipe(), try Pipe())
        let input: Source
        if let source {
            (input, pipe) = (Source(source), nil)
        } else {
            let pipe = try Pipe()
            (input, self.pipe) = (Source(pipe), pipe)
        }
        _ = devbox_set_nonblocking(told.readEnd.rawValue, 1)
        let target: FileDescriptor? =
            switch target {
            case .inherit: FileDescriptor(rawValue: standard)
            case .descriptor(let descriptor): descriptor
            case .null: nil
            }
        let worker = Worker(
            source: input, told: told, stopping: stopping, abandoning: abandoning, target: target,
            marks: mark.map(CommandMarks.init), isShown: isShown)
        thread = try WorkThread { try worker.run() }
    }

    /// To be called when the program has its end of the pipe.
    func hasStarted() { pipe?.closeWriteEnd() }

    /// How far it is now.
    func look() -> Progress {
        var buffer = [UInt8](repeating: 0, count: 16)
        while !progress.isFinished {
            let count = buffer.withUnsafeMutableBytes { read(news.rawValue, $0.baseAddress, $0.count) }
            if count < 0 { break }
            if count == 0 { progress.isFinished = true }
            for byte in buffer.prefix(count) {
                switch News(rawValue: byte) {
                case .ended: progress.hasEnded = true
                case .left: progress.hasLeft = true
                case .unwanted: progress.isUnwanted = true
                case nil: break
                }
            }
        }
        return progress
    }

    /// What is there already is the last that counts: what the command left running may hold the other end for ever.
    func readNoFurther() {
        pipe?.closeWriteEnd()
        stopping.closeWriteEnd()
    }

    /// Waits until all that was written has been passed on.
    ///
    /// - Throws: where it cannot be written to where it belongs.
    func finish() throws -> Report {
        pipe?.closeWriteEnd()
        return try thread.wait().get()
    }

    /// Ends it without waiting for who reads: what that has not taken by now is lost.
    @discardableResult
    func abandon() -> Report? {
        readNoFurther()
        abandoning.closeWriteEnd()
        return try? thread.wait().get()
    }
}

/// What the thread tells, a byte each; its end is the pipe's.
private enum News: UInt8 { case ended = 1, left, unwanted }

/// Where the thread reads.
private struct Source {
    let descriptor: FileDescriptor
    private let pipe: Pipe?

    init(_ pipe: Pipe) { (descriptor, self.pipe) = (pipe.readEnd, pipe) }

    init(_ descriptor: FileDescriptor) { (self.descriptor, pipe) = (descriptor, nil) }

    func close() { pipe?.closeReadEnd() }
}

/// The thread's own.
private final class Worker: @unchecked Sendable {
    private let source: Source
    private let told, stopping, abandoning: Pipe
    private var target: FileDescriptor?
    private var marks: CommandMarks?
    private let isShown: Bool
    private let isFile: Bool
    private var report = OutputRelay.Report()
    private static let mostKept = 4096
    /// What a pipe that is writable takes without waiting; see pipe(7).
    private static let unwaited = 4096

    init(
        source: Source, told: Pipe, stopping: Pipe, abandoning: Pipe, target: FileDescriptor?, marks: CommandMarks?,
        isShown: Bool
    ) {
        (self.source, self.told, self.stopping, self.abandoning) = (source, told, stopping, abandoning)
        (self.target, self.marks, self.isShown) = (target, marks, isShown)
        var status = stat()
        isFile = target.map { fstat($0.rawValue, &status) == 0 && status.st_mode & S_IFMT == S_IFREG } ?? true
        report.hasBegun = marks == nil
    }

    func run() throws -> OutputRelay.Report {
        // A writer that goes on must not wait for a reader that has given up.
        defer {
            source.close()
            told.closeWriteEnd()
        }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 4096)
        defer { buffer.deallocate() }
        var left: Int?
        while left != 0 {
            if left == nil, Poll.wait([.read(source.descriptor), .read(stopping.readEnd)])[1] {
                left = try Pipe.readableBytes(source.descriptor)
                continue
            }
            let count = try posix("read what the command writes") {
                read(source.descriptor.rawValue, buffer.baseAddress, min(buffer.count, left ?? buffer.count))
            }
            if count == 0 { break }
            left = left.map { $0 - count }
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            if marks == nil { try write(bytes) } else { try marks?.take(bytes, take) }
            // What writes it is to learn that nobody reads it any more.
            if isClosed { return report }
        }
        try marks?.finish(take)
        return report
    }

    private var isClosed = false
    private var isAbandoned = false

    private func tell(_ news: News) {
        var byte = news.rawValue
        _ = Glibc.write(told.writeEnd.rawValue, &byte, 1)
    }

    private func take(_ piece: CommandMarks.Piece) throws {
        // What comes behind something that was lost tells nothing of the whole.
        if isAbandoned { return }
        switch piece {
        case .mark(.begins): report.hasBegun = true
        case .mark(.ends(let status)):
            report.status = status
            tell(.ended)
        case .mark(.left(let count)):
            report.left = count
            tell(.left)
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
            var part = UnsafeRawBufferPointer(rebasing: rest)
            if !isFile {
                // Who reads it may never do so again, and nobody could wait for this thread then.
                let ready = Poll.wait([.write(target), .read(abandoning.readEnd)])
                if !ready[0] {
                    (isClosed, isAbandoned) = (true, true)
                    return
                }
                part = UnsafeRawBufferPointer(rebasing: rest.prefix(Self.unwaited))
            }
            let count = Glibc.write(target.rawValue, part.baseAddress, part.count)
            switch (count, errno) {
            case (0..., _): rest = rest.dropFirst(count)
            // Whoever gave it to devbox may have made it non-blocking.
            case (_, EINTR), (_, EAGAIN): continue
            case (_, EPIPE):
                isClosed = true
                tell(.unwanted)
            case (_, let number): throw failure("write what the command writes", Errno(rawValue: number))
            }
        }
    }
}
