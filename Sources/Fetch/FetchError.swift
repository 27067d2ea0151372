import DevboxCore
import HostTools

/// Why something could not be fetched.
public enum FetchError: ReportableError {
    /// The server did not give what it was asked for. The reason is a predicate: "does not answer".
    case unreachable(Address, reason: String)
    /// The server leads elsewhere, where nothing can be fetched. The reason is a predicate.
    case misled(Address, reason: String)
    /// The server answered with a status that is an error.
    case status(Address, code: Int)
    /// The server is asked too much, and wants to be left alone for some time.
    case busy(Address, code: Int, wait: Duration?)
    /// A source that is a folder of the host lacks it.
    case noPath(Address)
    /// The server's certificate does not show that it is the one that it should be.
    case untrusted(Address, reason: String)
    /// What came for a folder is a page that lists nothing.
    case noIndex(Address)
    /// What came is not what it should be.
    case refused(Address, reason: String, hint: String?)
    /// The file has another digest than the source says.
    case wrongDigest(Address, expected: ContentDigest, by: String, got: ContentDigest)
    /// The same build had another digest when it was fetched before.
    case changed(Address, got: ContentDigest, before: PackageRecord)
    /// A signature that is bad, missing, or made with a key that does not count.
    case unsigned(Address, reason: String, hint: String?)
    /// No source has it.
    case noBuild(String, hint: String?)

    /// 65 for what came and is bad, 66 for what is not there, 75 for a server that wants to be asked later, else 1.
    public var exitCode: ExitCode {
        switch self {
        case .unreachable, .misled, .untrusted, .status: .failure
        case .noIndex, .refused, .wrongDigest, .changed, .unsigned: .badInput
        case .noPath, .noBuild: .notFound
        case .busy: .busy
        }
    }

    /// The address, and what was wrong.
    public var message: String {
        switch self {
        case .unreachable(let address, let reason), .misled(let address, let reason):
            "\(address) \(Names.printable(reason))"
        case .untrusted(let address, let reason):
            "\(address) has no certificate that is trusted here: \(Names.printable(reason))"
        case .noPath(let address): "there is no \(address)"
        case .status(let address, let code), .busy(let address, let code, _):
            "\(address) answered \(code)\(Self.words(code))"
        case .noIndex(let address): "\(address) is a page, but no index of a folder"
        case .refused(let address, let reason, _), .unsigned(let address, let reason, _):
            "\(address) \(Names.printable(reason))"
        case .wrongDigest(let address, let expected, let origin, let got):
            "\(address) has the \(got.function.words) digest \(got), but \(origin) says \(expected)"
        case .changed(let address, let got, let before):
            "\(address) has the \(got.function.words) digest \(got), but \(before.words) had "
                + "\(got.function == .sha256 ? "" : "another one, and the SHA-256 digest ")\(before.sha256) when it was fetched before"
        case .noBuild(let what, _): Names.printable(what)
        }
    }

    /// What to do next.
    public var hint: String? {
        switch self {
        case .unreachable: "try again later; a download that has begun goes on where it ended"
        case .misled: "the address in devbox.yaml may be an old one: tell who runs the source"
        case .untrusted: "CURL_CA_BUNDLE or SSL_CERT_FILE names a file with the certificate of an authority of your own"
        case .status(_, 401): "a login for a server stands in ~/.netrc, see netrc(5)"
        case .noPath: nil
        case .noIndex: "a server without indexes is a source of kind address, see `devbox templates devbox.yaml`"
        case .busy(_, _, let wait): wait.map { "the server asks to come again in \($0.inWords)" } ?? "try again later"
        case .status(_, let code): code >= 500 ? "try again later" : nil
        case .refused(_, _, let hint), .unsigned(_, _, let hint), .noBuild(_, let hint): hint
        case .wrongDigest: "the file is not used; the source may be in the middle of an update: try again later"
        case .changed(_, _, let before):
            "a build does not change: ask who runs the source. "
                + "`devbox packages --forget \(Command.quote(before.path))` accepts the new file"
        }
    }

    /// What a source does not have, on its server or on the host.
    static func absent(_ address: Address) -> FetchError {
        address.origin == nil ? .noPath(address) : .status(address, code: 404)
    }

    /// What a status that is an error means.
    static func answer(_ head: HTTPHead, of address: Address) -> FetchError {
        let wait = Attempts.isTransient(head.status) ? head.retryAfter : nil
        return head.status == 429 || wait != nil
            ? .busy(address, code: head.status, wait: wait) : .status(address, code: head.status)
    }

    private static func words(_ code: Int) -> String {
        switch code {
        case 401: " (needs a login)"
        case 403: " (forbidden)"
        case 404: " (not found)"
        case 429: " (too many requests)"
        case 500: " (server error)"
        case 502, 503, 504: " (out of service)"
        default: ""
        }
    }
}
