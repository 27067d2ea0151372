import DevboxCore
import Glibc
import HostTools
import SystemPackage

/// The three streams of a command of a target, as what reaches it is started with them.
final class CommandStreams {
    /// For its standard input.
    let input: ChildProcess.Stream
    /// For its standard output.
    private(set) var output = ChildProcess.Stream.inherit
    /// For its standard error.
    private(set) var error = ChildProcess.Stream.inherit
    private var file: FileDescriptor?
    private var readings: [PipeReading?] = [nil, nil]
    private let captured = [Capture(), Capture()]

    /// What was captured of a stream. It is read only after the thread that fills it has ended.
    private final class Capture: @unchecked Sendable { var bytes: [UInt8] = [] }

    /// - Parameter target: what messages call the one that sends.
    init(_ command: TargetCommand, of target: String) throws {
        switch command.input {
        case .inherit: input = .inherit
        case .null: input = .null
        case .descriptor(let descriptor): input = .descriptor(descriptor)
        case .bytes(let bytes):
            // A file in memory: nobody has to feed it while the command runs.
            let file = try Files.inMemory(bytes, name: "input")
            self.file = file
            input = .descriptor(file)
        }
        output = try stream(command.output, 0, target)
        error = try stream(command.error, 1, target)
    }

    deinit {
        try? file?.close()
        // Where the command was not even started, they would read for ever.
        for case let reading? in readings { _ = reading.finish() }
    }

    private func stream(_ wanted: TargetCommand.Output, _ index: Int, _ target: String) throws -> ChildProcess.Stream {
        let body: (UnsafeRawBufferPointer) throws -> Void
        switch wanted {
        case .inherit: return .inherit
        case .null: return .null
        case .descriptor(let descriptor): return .descriptor(descriptor)
        case .stream(let given): body = given
        case .captured(let limit):
            let capture = captured[index]
            body = { bytes in
                guard capture.bytes.count + bytes.count <= limit else {
                    throw Failure(.badInput, "\(target) sends more than \(ByteSize.text(Int64(limit)))")
                }
                capture.bytes += bytes
            }
        }
        let reading = try PipeReading(to: body)
        readings[index] = reading
        return .descriptor(reading.pipe.writeEnd)
    }

    /// Reads what is left, and puts the result together.
    ///
    /// - Parameter status: the command's, or why there is none.
    /// - Throws: what a stream's closure threw before what `status` is.
    func finish(_ status: Result<Int32, any Error>) throws -> CommandResult {
        let results = readings.compactMap { $0?.finish() }
        for result in results { try result.get() }
        return CommandResult(status: try status.get(), output: captured[0].bytes, error: captured[1].bytes)
    }
}

/// Reads a pipe while something else fills it.
private struct PipeReading {
    let pipe: Pipe
    private let ending: Pipe
    private let thread: WorkThread<Void>

    /// Begins to read.
    init(to body: @escaping (UnsafeRawBufferPointer) throws -> Void) throws {
        let (pipe, ending) = (try Pipe(), try Pipe())
        let reader = Reader(pipe: pipe, ending: ending, body: body)
        (self.pipe, self.ending) = (pipe, ending)
        thread = try WorkThread(reader.readAll)
    }

    /// Reads what is still in the pipe, and nothing that comes later: what a command left running may hold the pipe open for ever.
    func finish() -> Result<Void, any Error> {
        pipe.closeWriteEnd()
        ending.closeWriteEnd()
        return thread.wait()
    }

    /// The thread's own: of the pipes it uses the ends that are read from, and closes the first.
    private struct Reader: @unchecked Sendable {
        let pipe: Pipe
        let ending: Pipe
        let body: (UnsafeRawBufferPointer) throws -> Void

        func readAll() throws {
            // A writer that goes on must not wait for a reader that has given up.
            defer { pipe.closeReadEnd() }
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
            defer { buffer.deallocate() }
            var left: Int?
            while left != 0 {
                if left == nil, Poll.wait([.read(pipe.readEnd), .read(ending.readEnd)])[1] {
                    left = try pipe.readableBytes()
                    continue
                }
                let count = try posix("read what the command sends") {
                    read(pipe.readEnd.rawValue, buffer.baseAddress, min(buffer.count, left ?? buffer.count))
                }
                if count == 0 { return }
                left = left.map { $0 - count }
                try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
        }
    }
}
