import SystemPackage

/// ssh(1), with nothing of the user's own configuration and with the host key known before the first connection.
public enum SSH {
    /// ssh(1), where the host has it.
    public static let program = Program(
        "ssh", package: "openssh-client", for: "commands in guests that run as virtual machines")

    /// The name that a guest's key stands under in its known_hosts file: its identity, as ports come and go.
    public static func hostAlias(_ id: String) -> String { "devbox-\(id)" }

    /// The options for a guest, as they stand in ssh_config(5).
    public static func options(id: String, port: Int, key: FilePath, knownHosts: FilePath) -> [(
        name: String, value: String
    )] {
        // Nobody listens on the loopback, and an emulated guest takes a fifth longer for a key exchange that quantum computers
        // do not break.
        [
            ("HostName", "127.0.0.1"), ("Port", String(port)), ("User", "root"), ("IdentityFile", value(key)),
            ("IdentitiesOnly", "yes"), ("UserKnownHostsFile", value(knownHosts)), ("GlobalKnownHostsFile", "/dev/null"),
            ("HostKeyAlias", hostAlias(id)), ("StrictHostKeyChecking", "yes"), ("PasswordAuthentication", "no"),
            ("HostKeyAlgorithms", "ssh-ed25519"), ("KexAlgorithms", "curve25519-sha256"),
        ]
    }

    /// A path as ssh_config(5) reads it back: `%` begins a token, and a space ends an argument outside of quotes.
    static func value(_ path: FilePath) -> String {
        let text = path.string.replacingScalar("%", with: "%%")
        return text.unicodeScalars.contains { $0 == " " || $0 == "\t" || $0 == "#" } ? "\"\(text)\"" : text
    }

    /// Runs a command on a guest. ssh hands the far shell one line, so each word is quoted for it.
    ///
    /// - Parameter terminal: whether the command gets a terminal.
    public static func run(
        _ arguments: [String], options: [(name: String, value: String)], terminal: Bool
    ) -> Command {
        var words = [
            "-F", "/dev/null", "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=30", "-o", "ServerAliveInterval=15",
        ]
        for (name, value) in options { words += ["-o", "\(name)=\(value)"] }
        words += [terminal ? "-tt" : "-T", "guest"]
        if !arguments.isEmpty { words += ["--", arguments.map(Command.quote).joined(separator: " ")] }
        return Command(program, words)
    }
}
