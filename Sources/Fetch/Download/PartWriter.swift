import DevboxCore
import Glibc
import SystemPackage

/// Writes a part file as its bytes come, and digests them on the way.
///
/// libcurl hands on 16 KB at a time. They are collected, because a file system takes one large piece in half the time of many small
/// ones; of a slow server's what is older than a second is written with the next piece. A file that fits into one piece stays in
/// memory: what verifies it may write it too, in another thread.
final class PartWriter {
    private let part: PartFile
    /// Nil as long as nothing is to be written.
    private var file: FileDescriptor?
    private let buffer: UnsafeMutableRawBufferPointer
    private var filled = 0
    private var written: Int64
    private var lastWrite = ContinuousClock.now
    private var hasher = SHA256Digest.Hasher()
    /// Digests in place of `hasher`, from `worthFollowing` on.
    private var follower: FollowingHasher?

    /// A file that is no larger stays in memory.
    static let largestPiece: Int64 = 512 << 10
    /// Below this a thread for the digest is not worth its start.
    private static let worthFollowing: Int64 = 4 << 20

    /// How much of the file there is, written or collected.
    var offset: Int64 { written + Int64(filled) }

    /// Goes on with a part at an offset; what is behind that is gone.
    ///
    /// - Parameter total: how large the file is to be, where that is known.
    init(_ part: PartFile, at offset: Int64, of total: Int64? = nil) throws {
        self.part = part
        written = offset
        let total = total ?? .max
        if offset > 0 || total > Self.largestPiece { file = try part.open(at: offset) }
        // A server may lie about the length, so this is no less than it hands on at once.
        buffer = .allocate(byteCount: Int(min(max(total, 16 << 10), Self.largestPiece)), alignment: 64)
        // What an earlier attempt left has not been digested.
        if offset > 0 { try follow(from: 0) }
    }

    deinit {
        // What came is kept for a later attempt, where there is to be one.
        if file != nil { try? flush() }
        buffer.deallocate()
        try? file?.close()
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
        try Files.writeAll(opened(), piece, name: part.path.string)
        written += Int64(piece.count)
        if follower == nil { hasher.update(piece) }
        if follower == nil, written > Self.worthFollowing { try follow(from: written) }
        follower?.advance(to: written)
    }

    private func opened() throws -> FileDescriptor {
        if let file { return file }
        let file = try part.open(at: written)
        self.file = file
        return file
    }

    private func follow(from done: Int64) throws { follower = try FollowingHasher(part.path, hasher, from: done) }

    /// All of the file has come.
    func finish() throws -> Downloaded {
        guard let file else {
            let content = UnsafeRawBufferPointer(rebasing: buffer[..<filled])
            hasher.update(content)
            return Downloaded(
                part: part, content: Array(content), size: offset, sha256: hasher.digest,
                beginning: Array(content.prefix(Downloaded.beginning)))
        }
        try flush()
        var beginning = [UInt8](repeating: 0, count: Downloaded.beginning)
        let count = try beginning.withUnsafeMutableBytes { bytes in
            try posix("read \(part.path)") { pread(file.rawValue, bytes.baseAddress, bytes.count, 0) }
        }
        return Downloaded(
            part: part, content: nil, size: written, sha256: try follower?.finish(at: written) ?? hasher.digest,
            beginning: Array(beginning.prefix(count)))
    }
}
