import DevboxCore
import Glibc
import SystemPackage

/// Brings files into cache/downloads, several at once.
final class Downloader {
    private let work: WorkDirectory
    private let limits: HTTPLimits
    private let client: () throws -> HTTPClient

    /// - Parameter client: made when the first file comes over HTTP.
    init(_ work: WorkDirectory, limits: HTTPLimits, client: @escaping () throws -> HTTPClient) {
        (self.work, self.limits, self.client) = (work, limits, client)
    }

    /// A file to bring.
    struct Request {
        let address: Address
        let key: PartKey
        let size: Build.Size
        /// How large it may be where nothing is known.
        let limit: Int64
        /// Its digest where that is known before; with a wrong one, what came by resuming is fetched anew once.
        let expected: ContentDigest?
    }

    /// Brings a file.
    func bring(_ request: Request) throws -> Downloaded {
        var result: Attempt<Downloaded>?
        try bring([request]) { result = $1 }
        guard let result else { throw Failure.interrupted }
        return try result.get()
    }

    /// Brings all files.
    ///
    /// - Parameters:
    ///   - progress: told several times a second.
    ///   - came: called for each request, by its index, with what became of it, while others are still on their way.
    /// - Throws: `interrupted`; what came stays, to be gone on with.
    func bring(
        _ requests: [Request], progress: ([TransferProgress]) -> Void = { _ in },
        came: (Int, Attempt<Downloaded>) -> Void
    ) throws {
        var downloads: [(index: Int, job: Download)] = []
        let folder = try PartFolder(work)
        for (index, request) in requests.enumerated() {
            do {
                if request.address.origin == nil {
                    came(index, .success(try copy(request, to: folder.part(request.key))))
                } else {
                    let job = Download(
                        request.address, size: request.size, limit: request.limit, part: folder.part(request.key),
                        limits: limits)
                    downloads.append((index, job))
                }
            } catch let error as any ReportableError {
                if error.exitCode == .interrupted { throw error }
                came(index, .failure(error))
            }
        }
        let indexes = Dictionary(uniqueKeysWithValues: downloads.map { (ObjectIdentifier($0.job), $0.index) })
        func run(_ jobs: [Download], ended: (Download, Int) -> Void) throws {
            guard !jobs.isEmpty else { return }
            let tick = {
                progress(
                    jobs.map {
                        TransferProgress(
                            name: $0.address.name, received: $0.progress.received, total: $0.progress.total)
                    })
            }
            try client().run(jobs, tick: tick) { job in
                if let index = indexes[ObjectIdentifier(job)] { ended(job, index) }
            }
        }
        var spoilt: [Download] = []
        try run(downloads.map(\.job)) { job, index in
            let result = job.takeResult()
            if job.isResumed, let expected = requests[index].expected,
                case .success(let digest) = Attempt(catching: { try result.get().digest(expected.function) }),
                digest != expected
            {
                spoilt.append(job)
            } else {
                came(index, result)
            }
        }
        for job in spoilt { job.startOver() }
        try run(spoilt) { job, index in came(index, job.takeResult()) }
    }

    /// A file of the host, which a source that is a folder has.
    private func copy(_ request: Request, to part: PartFile) throws -> Downloaded {
        // Whoever has the folder may have put a fifo there since it was read.
        let source = try Files.open(SourceReader.path(request.address), .readOnly, .nonBlocking)
        defer { try? source.close() }
        var status = stat()
        guard fstat(source.rawValue, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw FetchError.refused(request.address, reason: "is no plain file", hint: nil)
        }
        let writer = try PartWriter(part, at: 0, of: request.size.bytes)
        let limit = request.size.limit(request.limit)
        let buffer = ChunkBuffer()
        while true {
            try Interrupts.check()
            let count = try posix("read \(request.address)") {
                read(source.rawValue, buffer.bytes.baseAddress, buffer.bytes.count)
            }
            if count == 0 { break }
            guard writer.offset + Int64(count) <= limit else {
                part.remove()
                throw FetchError.refused(
                    request.address, reason: "is larger than the \(ByteSize.text(limit)) that it may be", hint: nil)
            }
            try writer.append(UnsafeRawBufferPointer(rebasing: buffer.bytes[..<count]))
        }
        return try writer.finish()
    }
}
