import Archives
import DevboxCore
import HostTools
import SystemPackage

/// Unpacks an archive from a pipe while something else fills it.
struct Unpacking {
    let pipe: Pipe
    private let thread: WorkThread<LeftOut>

    /// Begins to unpack what will be written into the pipe.
    init(name: String, into folder: FilePath) throws {
        let pipe = try Pipe()
        let end = UnpackedPipe(pipe: pipe)
        self.pipe = pipe
        thread = try WorkThread {
            // A sender that goes on must not wait for a reader that has given up.
            defer { end.pipe.closeReadEnd() }
            return try ArchiveExtractor.extract(end.pipe.readEnd, name: name, into: folder)
        }
    }

    /// Waits for the end of it.
    func finish() -> Result<LeftOut, any Error> { thread.wait() }
}

/// The thread's own: of the pipe it uses the end that is read from, and closes it.
private struct UnpackedPipe: @unchecked Sendable { let pipe: Pipe }
