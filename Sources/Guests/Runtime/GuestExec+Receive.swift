import DevboxCore
import Glibc
import HostTools
import SystemPackage

extension GuestExec {
    /// Runs a command in a guest and hands on what it writes to standard output, as it comes.
    ///
    /// - Parameters:
    ///   - limit: how long it may take.
    ///   - body: is called on another thread than this one, and not after this function has returned. What it throws ends the
    ///     command, as its output is closed.
    /// - Returns: the command's own status.
    /// - Throws: what `body` threw; else what `run` throws.
    public func receive(
        _ name: String, _ arguments: [String], limit: Duration,
        to body: @escaping (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Int32 {
        let pipe = try Pipe()
        let reading = PipeReading(pipe, to: body)
        reading.start()
        var options = ExecOptions(limit: limit)
        options.input = .null
        options.output = .descriptor(pipe.writeEnd)
        let result = Result { try run(name, arguments, options) }
        pipe.closeWriteEnd()
        try reading.finish().get()
        return try result.get()
    }
}

/// Reads a pipe while something else fills it.
private final class PipeReading: @unchecked Sendable {
    private let pipe: Pipe
    private let body: (UnsafeRawBufferPointer) throws -> Void
    private var thread = pthread_t()
    private var result: Result<Void, any Error> = .success(())

    init(_ pipe: Pipe, to body: @escaping (UnsafeRawBufferPointer) throws -> Void) {
        (self.pipe, self.body) = (pipe, body)
    }

    func start() {
        pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                let reading = Unmanaged<PipeReading>.fromOpaque(context).takeUnretainedValue()
                reading.result = Result { try reading.readAll() }
                // A writer that goes on must not wait for a reader that has given up.
                reading.pipe.closeReadEnd()
                return nil
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    private func readAll() throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        while true {
            let count = try posix("read what the guest sends") {
                read(pipe.readEnd.rawValue, buffer.baseAddress, buffer.count)
            }
            if count == 0 { return }
            try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    /// The result is read only when the thread has ended.
    func finish() -> Result<Void, any Error> {
        pthread_join(thread, nil)
        return result
    }
}
