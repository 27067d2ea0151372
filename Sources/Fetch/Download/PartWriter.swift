import DevboxCore
import Glibc
import SystemPackage

/// Writes a part file as its bytes come, and digests them on the way.
///
/// libcurl hands on 16 KB at a time. They are collected, because a file system takes one large piece in half the time of many small
/// ones; of a slow server's what is older than a second is written with the next piece.
final class PartWriter {
    private let path: FilePath
    private let file: FileDescriptor
    private let buffer: UnsafeMutableRawBufferPointer
    private var filled = 0
    private var written: Int64
    private var lastWrite = ContinuousClock.now
    private var hasher = SHA256Digest.Hasher()
    /// Digests in place of `hasher`, from `worthFollowing` on.
    private var follower: FollowingHasher?

    private static let largestPiece: Int64 = 512 << 10
    /// Below this a thread for the digest is not worth its start.
    private static let worthFollowing: Int64 = 4 << 20

    /// How much of the file there is, written or collected.
    var offset: Int64 { written + Int64(filled) }

    /// Goes on with a part at an offset; what is behind that is gone.
    ///
    /// - Parameter total: how large the file is to be, where that is known.
    init(_ part: PartFile, at offset: Int64, of total: Int64? = nil) throws {
        file = try part.open(at: offset)
        path = part.path
        written = offset
        // A server may lie about the length, so this is no less than it hands on at once.
        buffer = .allocate(byteCount: Int(min(max(total ?? .max, 16 << 10), Self.largestPiece)), alignment: 64)
        // What an earlier attempt left has not been digested.
        if offset > 0 { try follow(from: 0) }
    }

    deinit {
        // What came is kept for a later attempt, where there is to be one.
        try? flush()
        buffer.deallocate()
        try? file.close()
    }

    /// The next bytes of the file.
    func append(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(buffer.count - filled)
            UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]).copyMemory(from: .init(rebasing: piece))
            filled += piece.count
            rest = rest.dropFirst(piece.count)
            if filled == buffer.count || ContinuousClock.now - lastWrite > .seconds(1) { try flush() }
        }
    }

    /// Writes what was collected.
    func flush() throws {
        guard filled > 0 else { return }
        let piece = UnsafeRawBufferPointer(rebasing: buffer[..<filled])
        filled = 0
        lastWrite = .now
        var done = 0
        while done < piece.count {
            done += try posix("write \(path)") {
                write(file.rawValue, piece.baseAddress?.advanced(by: done), piece.count - done)
            }
        }
        written += Int64(piece.count)
        if follower == nil { hasher.update(piece) }
        if follower == nil, written > Self.worthFollowing { try follow(from: written) }
        follower?.advance(to: written)
    }

    private func follow(from done: Int64) throws { follower = try FollowingHasher(path, hasher, from: done) }

    /// The file's digest, and how it begins.
    func finish() throws -> (sha256: SHA256Digest, beginning: [UInt8]) {
        try flush()
        var beginning = [UInt8](repeating: 0, count: 16)
        let count = try beginning.withUnsafeMutableBytes { bytes in
            try posix("read \(path)") { pread(file.rawValue, bytes.baseAddress, bytes.count, 0) }
        }
        return (try follower?.finish(at: written) ?? hasher.digest, Array(beginning.prefix(count)))
    }
}
