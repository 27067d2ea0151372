import DevboxCore
import Glibc
import HostTools
import SystemPackage

/// Digests a file in a thread of its own while another one writes it, so that download and digest overlap.
///
/// The writer tells through a pipe how far the file is filled; the thread reads it from the page cache. They share nothing else.
final class FollowingHasher: @unchecked Sendable {
    private let file: FileDescriptor
    private let name: String
    private let pipe: Pipe
    private var thread = pthread_t()
    private var isRunning = false
    private var told: Int64 = 0
    // Written by the thread alone, and read only when it has ended.
    private var hasher = SHA256Digest.Hasher()
    private var done: Int64 = 0
    private var failure: (any Error)?

    /// Begins with the digest of a file, of which nothing is said to be there yet.
    init(_ path: FilePath) throws {
        pipe = try Pipe()
        file = try Files.open(path, .readOnly, .noFollow)
        name = path.string
        let context = Unmanaged.passUnretained(self).toOpaque()
        let status = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<FollowingHasher>.fromOpaque(context).takeUnretainedValue().follow()
                return nil
            }, context)
        guard status == 0 else { throw DevboxCore.failure("start a thread", Errno(rawValue: status)) }
        isRunning = true
    }

    deinit {
        join()
        try? file.close()
    }

    /// The file is filled up to here.
    func advance(to offset: Int64) {
        // A wake-up for each chunk would cost more than it gives.
        guard offset - told >= 1 << 20 else { return }
        tell(offset)
    }

    /// The digest of the file up to an offset, which is the same whenever it is asked for again.
    func finish(at offset: Int64) throws -> SHA256Digest {
        if isRunning { tell(offset) }
        join()
        if let failure { throw failure }
        return hasher.digest
    }

    private func tell(_ offset: Int64) {
        told = offset
        withUnsafeBytes(of: offset) { bytes in
            while write(pipe.writeEnd.rawValue, bytes.baseAddress, bytes.count) < 0, errno == EINTR {}
        }
    }

    private func join() {
        guard isRunning else { return }
        isRunning = false
        pipe.closeWriteEnd()
        pthread_join(thread, nil)
    }

    private func follow() {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 4096)
        defer { buffer.deallocate() }
        var end: Int64 = 0
        while withUnsafeMutableBytes(of: &end, { read(pipe.readEnd.rawValue, $0.baseAddress, $0.count) }) > 0 {
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
    }
}
