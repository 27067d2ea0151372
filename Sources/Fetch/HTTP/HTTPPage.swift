import DevboxCore

/// A small text or page, or its head alone, kept in memory.
final class HTTPPage: HTTPJob {
    let address: Address
    let url: String
    let isSmall = true
    private let limit: Int
    private let headOnly: Bool
    private var bytes: [UInt8] = []
    private var attempts: Attempts
    /// What came; nil where the server says that there is no such thing.
    private(set) var result: Attempt<(head: HTTPHead, bytes: [UInt8])?>

    /// - Parameters:
    ///   - query: a question to what is there: "list-type=2".
    ///   - limit: how many bytes it may have.
    ///   - headOnly: whether the head alone is wanted.
    init(_ address: Address, query: String? = nil, limit: Int, headOnly: Bool = false, limits: HTTPLimits) {
        (self.address, self.limit, self.headOnly) = (address, limit, headOnly)
        url = address.description + (query.map { "?\($0)" } ?? "")
        attempts = Attempts(limits)
        result = .failure(FetchError.unreachable(address, reason: "was not asked"))
    }

    func request() -> HTTPRequest {
        bytes = []
        return HTTPRequest(headOnly: headOnly, limit: .seconds(300))
    }

    func take(_ head: HTTPHead) throws {
        if let length = head.contentLength, length > Int64(limit), !headOnly { throw tooLarge }
    }

    func take(_ chunk: UnsafeRawBufferPointer) throws {
        if bytes.count + chunk.count > limit { throw tooLarge }
        bytes += chunk
    }

    private var tooLarge: FetchError {
        .refused(address, reason: "is larger than the \(ByteSize.text(Int64(limit))) that it may have", hint: nil)
    }

    func end(_ outcome: HTTPEnd) -> HTTPVerdict {
        switch outcome {
        case .complete(let head): result = .success((head, bytes))
        case .status(let head) where head.status == 404 || head.status == 410: result = .success(nil)
        case .status(let head):
            result = .failure(FetchError.answer(head, of: address))
            if Attempts.isTransient(head.status), let pause = attempts.next(after: head) { return .again(after: pause) }
        case .broken(let error):
            result = .failure(error)
            if let pause = attempts.next() { return .again(after: pause) }
        case .failed(let error): result = .failure(error)
        }
        return .done
    }
}
