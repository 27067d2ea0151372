import DevboxCore
import Glibc
import SystemPackage

/// One file on its way over HTTP into its part file. It goes on where an earlier attempt, of this devbox or of another, ended.
final class Download: HTTPJob {
    let address: Address
    private let size: Build.Size
    private let limit: Int64
    private let part: PartFile
    private var attempts: Attempts
    private var writer: PartWriter?
    private var offset: Int64 = 0
    private var notes: PartFile.Notes?
    /// The offset that the running attempt asked for.
    private var asked: Int64 = 0
    private var total: Int64?
    /// How far any attempt came.
    private var furthest: Int64 = 0
    private(set) var isResumed = false
    private var result: Attempt<Downloaded>

    /// So much more than ever before makes up for failed attempts.
    private static let worthCounting: Int64 = 128 << 10

    /// - Parameters:
    ///   - size: what is known of the file's size.
    ///   - limit: how large it may be where nothing is known.
    ///   - part: where it is to be.
    init(_ address: Address, size: Build.Size, limit: Int64, part: PartFile, limits: HTTPLimits) {
        self.address = address
        self.size = size
        self.limit = size.limit(limit)
        self.part = part
        attempts = Attempts(limits)
        result = .failure(FetchError.unreachable(address, reason: "was not asked"))
        if case .exact(let bytes) = size { total = bytes }
        if let (notes, size) = part.earlier(address) {
            (self.notes, offset, total) = (notes, size, notes.total ?? total)
            (isResumed, furthest) = (true, offset)
        }
    }

    var isSmall: Bool { size.bytes.map { $0 <= PartWriter.largestChunk } ?? false }

    /// How much of it is there, and how much there is to be.
    var progress: (received: Int64, total: Int64?) { (offset, total) }

    /// What became of it, once: the content of a small file is not kept here until all others have come.
    func takeResult() -> Attempt<Downloaded> {
        defer { result = .failure(FetchError.unreachable(address, reason: "was asked before")) }
        return result
    }

    /// Forgets what came: the next attempt begins anew.
    func startOver() {
        reset()
        part.remove()
    }

    private func reset() {
        (writer, notes, offset, isResumed) = (nil, nil, 0, false)
    }

    func request() -> HTTPRequest {
        // Without something to tell the file's states apart, what came may belong to another one.
        if notes == nil { offset = 0 }
        asked = offset
        guard let notes, offset > 0 else { return HTTPRequest() }
        return HTTPRequest(headers: ["Range: bytes=\(offset)-", "If-Range: \(notes.validator)"])
    }

    func take(_ head: HTTPHead) throws {
        if head.status == 206 {
            guard asked > 0, let range = head.contentRange, range.first == asked,
                range.total == nil || notes?.total == nil || range.total == notes?.total
            else {
                throw FetchError.refused(address, reason: "sent another part of the file than asked for", hint: nil)
            }
            guard notes.map({ head.agrees(with: $0.validator) }) != false else {
                throw FetchError.refused(
                    address, reason: "sent a part of another state of the file than asked for",
                    hint: "try again: all of it is fetched anew then")
            }
            total = range.total ?? total
            isResumed = true
        } else {
            // The whole: the server knows no ranges, or the file is another one than before.
            reset()
            total = head.contentLength ?? total
            // What is there belongs to another state of the file from now on.
            if asked > 0 { try part.note(nil) }
            if let validator = head.validator, total ?? .max >= PartFile.worthNoting {
                notes = PartFile.Notes(address: address.description, validator: validator, total: head.contentLength)
            }
        }
        if case .exact(let size) = size, let total, total != size { throw wrongSize(total, size) }
        if let total, total > limit { throw tooLarge }
        if writer == nil { writer = try PartWriter(part, at: offset, of: total) }
        if offset == 0, let notes { try part.note(notes) }
    }

    func take(_ bytes: UnsafeRawBufferPointer) throws {
        guard let writer else { return }
        if offset + Int64(bytes.count) > limit { throw tooLarge }
        try writer.append(bytes)
        offset += Int64(bytes.count)
        // A server that breaks off at the same place each time does not get on.
        if offset - furthest >= Self.worthCounting {
            furthest = offset
            attempts.succeed()
        }
    }

    private var tooLarge: FetchError {
        .refused(address, reason: "sends more than the \(ByteSize.text(limit)) that it may have", hint: nil)
    }

    private func wrongSize(_ got: Int64, _ expected: Int64) -> FetchError {
        .refused(
            address, reason: "has \(got) bytes, but its index says \(expected)",
            hint: "the source may be in the middle of an update: try again later")
    }

    func end(_ outcome: HTTPEnd) -> HTTPVerdict {
        switch outcome {
        case .complete: conclude()
        // The server compared If-Range first: this is the same file, and nothing of it is missing.
        case .status(let head) where head.status == 416 && asked > 0 && head[.range] == "bytes */\(asked)":
            conclude()
        case .status(let head) where head.status == 416 && asked > 0:
            startOver()
            if let pause = attempts.next() { return .again(after: pause) }
            result = .failure(FetchError.status(address, code: head.status))
        case .status(let head):
            result = .failure(FetchError.answer(head, of: address))
            if Attempts.isTransient(head.status), let pause = attempts.next(after: head) { return .again(after: pause) }
        case .broken(let error):
            result = .failure(error)
            if let pause = attempts.next() { return .again(after: pause) }
        case .failed(let error):
            result = .failure(error)
            // What an earlier attempt left is as good as before where a proxy, say, or a certificate is in the way now.
            let isUntouched = asked > 0 && offset == asked && error.exitCode != .badInput
            reset()
            if !isUntouched { part.remove() }
            return .done
        }
        if case .failure = result, notes == nil { part.remove() }
        return .done
    }

    private func conclude() {
        result = Attempt { try finish() }
        if case .failure = result { startOver() }
    }

    private func finish() throws -> Downloaded {
        if let total, offset != total { throw wrongSize(offset, total) }
        if case .exact(let size) = size, offset != size { throw wrongSize(offset, size) }
        // All of it may have come before, and an empty file comes without a chunk.
        let file = try (writer ?? PartWriter(part, at: offset, of: offset)).finish()
        writer = nil
        return file
    }
}

/// A file that came whole, and has not been compared with anything yet.
struct Downloaded: Sendable {
    /// In cache/downloads.
    let part: PartFile
    /// All of a small file, which has not been written yet; nil for one that the part file has.
    let content: ChunkBuffer?
    let size: Int64
    /// Its first bytes.
    let beginning: [UInt8]
    /// What has digested it while it came.
    var follower: FollowingHasher?

    /// How many these are at most.
    static let beginning = 16

    /// Its digest. Of what is not large that takes as long as its download, so it is made where somebody has time.
    func digest() throws -> SHA256Digest {
        if let follower { return try follower.finish(at: size) }
        guard let content else { return try SHA256Digest(of: part.path) }
        var hasher = SHA256Digest.Hasher()
        hasher.update(bytes(content))
        return hasher.digest
    }

    /// Its digest by any function. By another one than devbox's own it is read once more.
    func digest(_ function: ContentDigest.Function) throws -> ContentDigest {
        switch function {
        case .sha256: .sha256(try digest())
        case .sha512: .sha512(try content.map { SHA512Digest(of: bytes($0)) } ?? SHA512Digest(of: part.path))
        }
    }

    /// The part file with all of it.
    func file() throws -> FilePath {
        guard let content else { return part.path }
        let file = try part.open(at: 0)
        defer { try? file.close() }
        try Files.writeAll(file, bytes(content), name: part.path.string)
        return part.path
    }

    private func bytes(_ content: ChunkBuffer) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: content.bytes[..<Int(size)])
    }
}
