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
    /// A source that is a folder of the host lacks it.
    case noPath(Address)
    /// The server's certificate does not show that it is the one that it should be.
    case untrusted(Address, reason: String)
    /// What came is not what it should be.
    case refused(Address, reason: String, hint: String?)
    /// The file has another digest than the source says.
    case wrongDigest(Address, expected: SHA256Digest, by: String, got: SHA256Digest)
    /// The same build had another digest when it was fetched before.
    case changed(Address, got: SHA256Digest, before: PackageRecord)
    /// A signature that is bad, missing, or made with a key that does not count.
    case unsigned(Address, reason: String, hint: String?)
    /// No source has it.
    case noBuild(String, hint: String?)

    /// 65 for what came and is bad, 66 for what is not there, else 1.
    public var exitCode: ExitCode {
        switch self {
        case .unreachable, .misled, .untrusted, .status: .failure
        case .refused, .wrongDigest, .changed, .unsigned: .badInput
        case .noPath, .noBuild: .notFound
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
        case .status(let address, let code): "\(address) answered \(code)\(Self.words(code))"
        case .refused(let address, let reason, _), .unsigned(let address, let reason, _):
            "\(address) \(Names.printable(reason))"
        case .wrongDigest(let address, let expected, let origin, let got):
            "\(address) has the SHA-256 digest \(got), but \(origin) says \(expected)"
        case .changed(let address, let got, let before):
            "\(address) has the SHA-256 digest \(got), but \(before.words) had \(before.sha256) when it was fetched before"
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
