import DevboxCore

/// A command as one line for the login shell that sshd hands it to, whichever that is: sh, bash, zsh, tcsh and fish do the same with it.
///
/// They agree on little: on words of ASCII between single quotes without `'`, `!` and `\` in them, and on a backslash outside of quotes
/// before another one. So what a shell of the guest's is to begin with is such a word, and the command comes as another one, in the
/// notation of printf(1)'s `%b`, with an octal number for every byte that is not among these.
public struct LoginShellLine {
    /// The line.
    public let text: String

    /// - Parameters:
    ///   - words: the command and its arguments.
    ///   - starter: a line for sh(1) without `'` and `!`. It finds in `$1` what ends a word, and in `$2` the words, both for `%b`.
    /// - Throws: `usage` where every byte that could stand between words is in one of them.
    public init(_ words: [String], starter: String) throws {
        let (separator, command) = try Self.encode(words)
        text =
            "exec /bin/sh -c \(Self.quoted(starter)) sh \(Self.quoted(separator)) \(Self.quoted(command))"
    }

    /// What ends a word, and the words, each with that behind it, both for `%b` and in one line of ASCII.
    ///
    /// - Throws: `usage` where every byte that could stand between words is in one of them.
    public static func encode(_ words: [String]) throws -> (separator: String, words: String) {
        var free = Set(separators)
        for byte in words.joined().utf8 where byte < 0x20 { free.remove(byte) }
        guard let separator = separators.first(where: free.contains) else {
            throw Failure(.usage, "a command for a virtual machine cannot have every control character in it")
        }
        return (escaped([separator]), words.map { escaped($0.utf8) + escaped([separator]) }.joined())
    }

    /// What may end a word: no blank, and nothing that bash has a use of its own for.
    private static let separators = Array((0x0B...0x1E).reversed()) + Array(0x02...0x08) as [UInt8]

    /// Bytes for `printf %b`.
    private static func escaped(_ bytes: some Sequence<UInt8>) -> String {
        var result = ""
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "'"), UInt8(ascii: "!"), UInt8(ascii: "\\"), 0..<0x20, 0x7F...:
                let digits = String(byte, radix: 8)
                result += "\\0" + String(repeating: "0", count: 3 - digits.count) + digits
            default: result.unicodeScalars.append(Unicode.Scalar(byte))
            }
        }
        return result
    }

    private static func quoted(_ text: String) -> String {
        "'" + text.replacingScalar("\\", with: "'\\\\'") + "'"
    }
}
