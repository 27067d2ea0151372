import DevboxCore
import Glibc
import SystemPackage

/// A program of the host with its arguments: a value that can be compared, printed and run, never a shell string.
public struct Command: Sendable, Equatable {
    /// What is run.
    public var program: Program
    /// Its arguments, without the program's own name.
    public var arguments: [String]
    /// Variables beside the few that every program gets; see `Command.baseEnvironment`.
    public var environment: [String: String]

    /// - Parameters:
    ///   - program: what is run.
    ///   - arguments: its arguments, without the program's own name.
    ///   - environment: variables beside those that every program gets.
    public init(_ program: Program, _ arguments: [String], environment: [String: String] = [:]) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
    }

    /// A line that does the same when it is pasted into a shell.
    public var line: String {
        let variables = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\(Self.quote($0.value))" }
        return (variables + ([program.name] + arguments).map(Self.quote)).joined(separator: " ")
    }

    /// A word as a POSIX shell reads it back unchanged.
    public static func quote(_ word: String) -> String {
        let plain = word.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "_-./=:,+@%".utf8.contains(byte)
            }
        }
        if plain, !word.isEmpty { return word }
        return "'" + word.replacingScalar("'", with: "'\\''") + "'"
    }

    /// What every program gets of devbox's own environment: enough to run, too little to change what it does or says.
    static func baseEnvironment(_ inherited: [String: String] = inheritedEnvironment) -> [String: String] {
        let kept = [
            "HOME", "TERM", "TMPDIR", "USER", "LOGNAME", "http_proxy", "https_proxy", "no_proxy", "DEVBOX_WORK",
            "SUDO_UID", "SUDO_GID",
        ]
        var result = inherited.filter { kept.contains($0.key) }
        result["PATH"] = Program.searchPath.joined(separator: ":")
        result["LC_ALL"] = "C.UTF-8"
        return result
    }

    /// The environment of this process.
    public static var inheritedEnvironment: [String: String] {
        var result: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let parts = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { result[String(parts[0])] = String(parts[1]) }
            entry = entry.advanced(by: 1)
        }
        return result
    }
}

extension String {
    /// Each occurrence of a character replaced, also where a combining character follows it: Swift takes the two for one
    /// character, a shell does not.
    func replacingScalar(_ scalar: Unicode.Scalar, with text: String) -> String {
        var result = String.UnicodeScalarView()
        for each in unicodeScalars {
            if each == scalar { result.append(contentsOf: text.unicodeScalars) } else { result.append(each) }
        }
        return String(result)
    }
}
