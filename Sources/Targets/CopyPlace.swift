import DevboxCore
import SystemPackage

/// One side of a copy: a path of the host, or `guest:/path`.
public enum CopyPlace: Sendable, Equatable {
    case host(FilePath)
    case guest(String, path: String)

    /// Reads what the user typed. A name of a guest in front of a colon is a guest; `./a:b` is a file.
    public init(_ text: String) throws {
        // Other tools have a stream there; a file of that name is ./-.
        guard text != "-" else {
            throw Failure(
                .usage, "'-' is neither a file nor a folder here",
                hint:
                    "`devbox exec GUEST -- cat /path` prints a file of a guest; `… -- tee /path` takes one from standard input"
            )
        }
        if let colon = text.firstIndex(of: ":"), !text[..<colon].contains("/"), Names.isValid(String(text[..<colon])) {
            let path = String(text[text.index(after: colon)...])
            guard path.hasPrefix("/"), !path.utf8.contains(0) else {
                throw Failure(.usage, "'\(Names.printable(text))': a path in a guest begins with /")
            }
            self = .guest(String(text[..<colon]), path: path)
        } else {
            self = .host(Files.currentDirectory.pushing(FilePath(text)).lexicallyNormalized())
        }
    }
}
