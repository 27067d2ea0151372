import DevboxCore
import Glibc
import SystemPackage

/// Writes a part file as its bytes come; of a large one they are digested meanwhile.
///
/// libcurl hands on 16 KB at a time. They are collected, because a file system takes one large chunk in half the time of many small
/// ones; of a slow server's what is older than a second is written with the next chunk. A file that fits into one chunk stays in
/// memory: what verifies it writes it too, in another thread.
final class PartWriter {
    private let part: PartFile
    /// Nil as long as nothing is to be written.
    private var file: FileDescriptor?
    private let buffer = ChunkBuffer()
    private var filled = 0
    private var written: Int64
    private var lastWrite = ContinuousClock.now
    /// Digests a large file while it comes. Of others the digest is for what verifies them.
    private var follower: FollowingHasher?

    /// A file that is no larger stays in memory.
    static let largestChunk = Int64(ChunkBuffer.size)
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
        if offset > 0 || total > Self.largestChunk { file = try part.open(at: offset) }
        // What an earlier attempt left has not been digested.
        if offset > 0 || total != .max && total > Self.worthFollowing { try follow() }
    }

    deinit {
        // What came is kept for a later attempt, where there is to be one.
        if file != nil { try? flush() }
        try? file?.close()
    }

    /// The next bytes of the file.
    func append(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let chunk = rest.prefix(buffer.bytes.count - filled)
            UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[filled...]).copyMemory(from: .init(rebasing: chunk))
            filled += chunk.count
            rest = rest.dropFirst(chunk.count)
            if filled == buffer.bytes.count || ContinuousClock.now - lastWrite > .seconds(1) { try flush() }
        }
    }

    /// Writes what was collected.
    func flush() throws {
        guard filled > 0 else { return }
        let chunk = UnsafeRawBufferPointer(rebasing: buffer.bytes[..<filled])
        filled = 0
        lastWrite = .now
        try Files.writeAll(opened(), chunk, name: part.path.string)
        written += Int64(chunk.count)
        if follower == nil, written > Self.worthFollowing { try follow() }
        follower?.advance(to: written)
    }

    private func opened() throws -> FileDescriptor {
        if let file { return file }
        let file = try part.open(at: written)
        self.file = file
        return file
    }

    private func follow() throws { follower = try FollowingHasher(part.path) }

    /// All of the file has come.
    func finish() throws -> Downloaded {
        guard let file else {
            return Downloaded(
                part: part, content: buffer, size: offset,
                beginning: Array(buffer.bytes[..<filled].prefix(Downloaded.beginning)))
        }
        try flush()
        var beginning = [UInt8](repeating: 0, count: Downloaded.beginning)
        let count = try beginning.withUnsafeMutableBytes { bytes in
            try posix("read \(part.path)") { pread(file.rawValue, bytes.baseAddress, bytes.count, 0) }
        }
        return Downloaded(
            part: part, content: nil, size: written, beginning: Array(beginning.prefix(count)), follower: follower)
    }
}
