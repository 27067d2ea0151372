import DevboxCore
import SystemPackage

/// ssh(1), with nothing of the user's own configuration and with the host key known before the first connection.
public enum SSH {
    /// ssh(1), where the host has it.
    public static let program = Program(
        "ssh", package: "openssh-client", for: "commands in guests that run as virtual machines")

    /// The name that a guest's key stands under in its known_hosts file: its identity, as ports come and go.
    public static func hostAlias(_ id: String) -> String { "devbox-\(id)" }

    /// The options for a guest, as they stand in ssh_config(5).
    ///
    /// - Throws: `usage` for a path that ssh would take for another one.
    public static func options(id: String, port: Int, key: FilePath, knownHosts: FilePath) throws -> [(
        name: String, value: String
    )] {
        // It is a variable's value for ssh, and nothing keeps it from that.
        if let path = [key, knownHosts].first(where: { $0.string.contains("${") }) {
            throw Failure(
                .usage, "ssh cannot be told of \(path): it takes ${…} for a variable",
                hint: "another name for the work directory: it may be moved as a whole")
        }
        // Nobody listens on the loopback, and an emulated guest takes a fifth longer for a key exchange that quantum computers
        // do not break.
        return [
            ("HostName", "127.0.0.1"), ("Port", String(port)), ("User", "root"), ("IdentityFile", value(key)),
            ("IdentitiesOnly", "yes"), ("UserKnownHostsFile", value(knownHosts)), ("GlobalKnownHostsFile", "/dev/null"),
            ("HostKeyAlias", hostAlias(id)), ("StrictHostKeyChecking", "yes"), ("PasswordAuthentication", "no"),
            ("HostKeyAlgorithms", "ssh-ed25519"), ("KexAlgorithms", "curve25519-sha256"),
        ]
    }

    /// A path as ssh_config(5) reads it back: `%` begins a token, and a space ends an argument outside of quotes, in which a quote and a
    /// backslash have one before them.
    static func value(_ path: FilePath) -> String {
        let text = path.string.replacingScalar("%", with: "%%")
        guard text.unicodeScalars.contains(where: { " \t#\"'\\".unicodeScalars.contains($0) }) else { return text }
        return "\"" + text.replacingScalar("\\", with: "\\\\").replacingScalar("\"", with: "\\\"") + "\""
    }

    /// A command as ssh_config(5) has it for ProxyCommand: `%` begins a token, and a shell reads the rest. ssh looks for quotes itself
    /// before, and takes a backslash for one also between single ones: so there are none, but backslashes.
    ///
    /// - Throws: `usage` for a word with a line's end, which such a file cannot have.
    public static func proxyCommand(_ words: [String]) throws -> String {
        try words.map { word in
            guard !word.unicodeScalars.contains(where: { $0 == "\n" || $0 == "\r" }) else {
                throw Failure(.usage, "ssh cannot be told of \(Names.printable(word)): it has more than one line")
            }
            var result = ""
            for scalar in word.unicodeScalars {
                if scalar == "%" { result += "%" } else if !isPlain(scalar) { result += "\\" }
                result.unicodeScalars.append(scalar)
            }
            return result.isEmpty ? "''" : result
        }.joined(separator: " ")
    }

    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value > 0x7F || scalar.properties.isAlphabetic || scalar.properties.numericType != nil
            || "_-./=:,+@".unicodeScalars.contains(scalar)
    }

    /// Runs a command on a guest, whatever root's login shell is there: see `LoginShellLine`.
    ///
    /// - Parameters:
    ///   - arguments: the command and its arguments.
    ///   - starter: the line that a shell of the guest's begins with, as `templates/target/begin.sh` has it.
    ///   - terminal: whether the command gets a terminal.
    /// - Throws: `usage` for words that nothing could stand between.
    public static func run(
        _ arguments: [String], starter: String, options: [(name: String, value: String)], terminal: Bool
    ) throws -> Command {
        var words = [
            "-F", "/dev/null", "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=30", "-o", "ServerAliveInterval=15",
        ]
        for (name, value) in options { words += ["-o", "\(name)=\(value)"] }
        words += [terminal ? "-tt" : "-T", "guest", "--", try LoginShellLine(arguments, starter: starter).text]
        return Command(program, words)
    }
}
