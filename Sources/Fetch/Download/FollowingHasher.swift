import DevboxCore
import Glibc
import HostTools
import SystemPackage

/// Digests a file in a thread of its own while another one writes it, so that download and digest overlap.
///
/// The writer tells through a pipe how far the file is filled; the thread reads it from the page cache. They share nothing else. Who
/// has the value is the writer: it is handed on, and never used by two at once.
final class FollowingHasher: @unchecked Sendable {
    private let progress: Pipe
    private let thread: WorkThread<SHA256Digest>
    private var told: Int64 = 0
    private var isFinished = false

    /// Begins with the digest of a file, of which nothing is said to be there yet.
    init(_ path: FilePath) throws {
        let progress = try Pipe()
        let file = try Files.open(path, .readOnly, .noFollow)
        let follower = Follower(file: file, name: path.string, progress: progress.readEnd)
        self.progress = progress
        do {
            thread = try WorkThread(follower.digest)
        } catch {
            try? file.close()
            throw error
        }
    }

    deinit {
        // The thread reads a descriptor that goes with this.
        progress.closeWriteEnd()
        _ = thread.wait()
    }

    /// The file is filled up to here.
    func advance(to offset: Int64) {
        // A wake-up for each chunk would cost more than it gives.
        guard offset - told >= 1 << 20 else { return }
        tell(offset)
    }

    /// The digest of the file up to an offset, which is the same whenever it is asked for again.
    func finish(at offset: Int64) throws -> SHA256Digest {
        if !isFinished {
            isFinished = true
            tell(offset)
            progress.closeWriteEnd()
        }
        return try thread.wait().get()
    }

    private func tell(_ offset: Int64) {
        told = offset
        withUnsafeBytes(of: offset) { bytes in
            while write(progress.writeEnd.rawValue, bytes.baseAddress, bytes.count) < 0, errno == EINTR {}
        }
    }
}

/// What the thread has: the file, which it closes, and where it is told how far that is filled.
private struct Follower: Sendable {
    let file: FileDescriptor
    let name: String
    let progress: FileDescriptor

    func digest() throws -> SHA256Digest {
        defer { try? file.close() }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 4096)
        defer { buffer.deallocate() }
        var hasher = SHA256Digest.Hasher()
        var done: Int64 = 0
        var end: Int64 = 0
        var failure: (any Error)?
        // What is told is read to its end whatever happens: the writer must never wait.
        while withUnsafeMutableBytes(of: &end, { read(progress.rawValue, $0.baseAddress, $0.count) }) > 0 {
            while done < end, failure == nil {
                let count = pread(file.rawValue, buffer.baseAddress, min(buffer.count, Int(end - done)), off_t(done))
                guard count > 0 else {
                    if count < 0, errno == EINTR { continue }
                    failure =
                        count < 0
                        ? DevboxCore.failure("read \(name)", Errno(rawValue: errno))
                        : Failure(.failure, "\(name) became shorter while it was read")
                    break
                }
                hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                done += Int64(count)
            }
        }
        if let failure { throw failure }
        return hasher.digest
    }
}
