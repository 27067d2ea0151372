import DevboxCore
import Glibc
import SystemPackage

/// Brings files into cache/downloads, several at once, and digests them on the way.
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
        let size: Build.Size
        /// How large it may be where nothing is known.
        let limit: Int64
        /// Its digest where that is known before; with a wrong one, what came by resuming is fetched anew once.
        let expected: SHA256Digest?
    }

    /// Brings all files; each has a result of its own, in the order of the requests.
    ///
    /// - Parameter progress: told several times a second.
    /// - Throws: `interrupted`; what came stays, to be gone on with.
    func bring(_ requests: [Request], progress: ([TransferProgress]) -> Void) throws
        -> [Outcome<Downloaded>]
    {
        var results = [Outcome<Downloaded>?](repeating: nil, count: requests.count)
        var downloads: [(index: Int, job: Download)] = []
        for (index, request) in requests.enumerated() {
            do {
                if request.address.origin == nil {
                    results[index] = .success(try copy(request))
                } else {
                    let job = try Download(
                        request.address, size: request.size, limit: request.limit, in: work, limits: limits)
                    downloads.append((index, job))
                }
            } catch let error as any ReportableError {
                if error.exitCode == .interrupted { throw error }
                results[index] = .failure(error)
            }
        }
        func run(_ jobs: [Download]) throws {
            guard !jobs.isEmpty else { return }
            try client().run(jobs) {
                progress(
                    jobs.map {
                        TransferProgress(
                            name: $0.address.name, received: $0.progress.received, total: $0.progress.total)
                    })
            }
        }
        try run(downloads.map(\.job))
        let spoilt = downloads.filter { index, job in
            guard job.isResumed, let expected = requests[index].expected, case .success(let file) = job.result
            else { return false }
            return file.sha256 != expected
        }.map(\.job)
        for job in spoilt { job.startOver() }
        try run(spoilt)
        for (index, job) in downloads { results[index] = job.result }
        return results.map { $0 ?? .failure(Failure.interrupted) }
    }

    /// A file of the host, which a source that is a folder has.
    private func copy(_ request: Request) throws -> Downloaded {
        let source = try Files.open(FilePath("/" + request.address.parts.joined(separator: "/")), .readOnly)
        defer { try? source.close() }
        let part = try PartFile(request.address, in: work)
        let writer = try PartWriter(part, at: 0)
        let limit = request.size.limit(request.limit)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 512 << 10, alignment: 4096)
        defer { buffer.deallocate() }
        while true {
            try Interrupts.check()
            let count = try posix("read \(request.address)") {
                read(source.rawValue, buffer.baseAddress, buffer.count)
            }
            if count == 0 { break }
            guard writer.offset + Int64(count) <= limit else {
                part.remove()
                throw FetchError.refused(
                    request.address, reason: "is larger than the \(ByteSize.text(limit)) that it may be", hint: nil)
            }
            try writer.append(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
        let (digest, beginning) = try writer.finish()
        return Downloaded(part: part, size: writer.offset, sha256: digest, beginning: beginning)
    }
}
