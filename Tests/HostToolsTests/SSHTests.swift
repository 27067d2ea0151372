import DevboxCore
import HostTools
import SystemPackage
import TestSupport
import Testing

@Suite("ssh")
struct SSHTests {
    private let options: [(name: String, value: String)]

    init() throws {
        options = try SSH.options(id: "77", port: 4022, key: "/w/keys/id_ed25519", knownHosts: "/w/g/run/known_hosts")
    }

    /// As templates/target/begin.sh has it.
    private let starter = #"set -f; IFS=$(printf %b "$1"); set -- $(printf %b "$2"); unset IFS; exec "$@""#

    private func line(_ words: [String]) throws -> String {
        try #require(SSH.run(words, starter: starter, options: options, terminal: false).arguments.last)
    }

    @Test("ssh reads no configuration of the user's and trusts only the key that devbox noted")
    func arguments() throws {
        #expect(
            try SSH.run(["uname", "-a"], starter: "x", options: options, terminal: false).arguments == [
                "-F", "/dev/null", "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=30", "-o", "ServerAliveInterval=15",
                "-o", "HostName=127.0.0.1", "-o", "Port=4022", "-o", "User=root", "-o",
                "IdentityFile=/w/keys/id_ed25519",
                "-o", "IdentitiesOnly=yes", "-o", "UserKnownHostsFile=/w/g/run/known_hosts",
                "-o", "GlobalKnownHostsFile=/dev/null", "-o", "HostKeyAlias=devbox-77", "-o",
                "StrictHostKeyChecking=yes",
                "-o", "PasswordAuthentication=no", "-o", "HostKeyAlgorithms=ssh-ed25519",
                "-o", "KexAlgorithms=curve25519-sha256", "-T", "guest", "--",
                #"exec /bin/sh -c 'x' sh ''\\'0036' 'uname'\\'0036-a'\\'0036'"#,
            ])
        #expect(try SSH.run(["a"], starter: "x", options: options, terminal: true).arguments.contains("-tt"))
    }

    @Test("a path that ssh would take for a variable's value is refused by its name")
    func variable() throws {
        let error = reported {
            _ = try SSH.options(id: "77", port: 1, key: "/w/key", knownHosts: "/${HOME}/known_hosts")
        }
        #expect(error?.exitCode == .usage && error?.message.contains("/${HOME}/known_hosts") == true)
        _ = try SSH.options(id: "77", port: 1, key: "/$w/key", knownHosts: "/{HOME}/known_hosts")
    }

    @Test(
        "the key and the known hosts are found in a work directory with any characters in its name",
        arguments: ["/my work", "/50%", "/it's", "/a \"quoted\" one", "/#1", "/back\\slash", "/both '\"\\ %h"])
    func paths(work: String) throws {
        let odd = try SSH.options(
            id: "77", port: 1, key: FilePath("\(work)/key"), knownHosts: FilePath("\(work)/known_hosts"))
        let proxy = try SSH.proxyCommand(["/bin/echo", "\(work)/x", "", "$HOME", "`id`", "a;b"])
        let scratch = try ScratchDirectory()
        let lines = (odd.filter { $0.name != "HostName" } + [("ProxyCommand", proxy)]).map {
            "    \($0.name) \($0.value)\n"
        }
        let config = try scratch.write("Host guest\n" + lines.joined(), to: "config")
        // What ssh makes of it, on the command line and in a file.
        let file = try tool("ssh", "-G", "-F", config.string, "guest").split(separator: "\n").map(String.init)
        #expect(file.contains("identityfile \(work)/key".replacing("%", with: "%%")))
        #expect(file.contains("userknownhostsfile \(work)/known_hosts"))
        var command = try SSH.run(["true"], starter: "x", options: odd, terminal: false)
        command.arguments.insert("-G", at: 0)
        let given = try runner.run(command).text.split(separator: "\n").map(String.init)
        #expect(given.contains("identityfile \(work)/key".replacing("%", with: "%%")))
        let shell = String(try #require(file.first { $0.hasPrefix("proxycommand ") }).dropFirst("proxycommand ".count))
        #expect(shell == proxy)
        let said = try tool("sh", "-c", "exec \(shell.replacing("%%", with: "%"))")
        #expect(said == "\(work)/x  $HOME `id` a;b\n")
    }

    private static let oddWords = [
        ["a b", "", "it's", "$HOME", "*", "\n"], ["'\u{301}; echo no", "\\", "\"", "`id`", "a=b"],
        ["s/\\\\/X/", "!x!", "end\n", "\u{1}\u{7F}", "~", "#", "{a,b}", "^a^b", ""],
        ["-n", "é\u{1E}", "\u{1D}", "%s\\0047"],
    ]

    @Test("a command's words reach the far program unchanged through sh and bash", arguments: oddWords)
    func quoting(words: [String]) throws {
        for shell in ["sh", "bash"] {
            // What sshd does with it: the login shell's -c.
            let output = try runner.run(
                Command(Program(shell, package: shell, for: "tests"), ["-c", line(["printf", "%s\\0"] + words)]))
            let got = output.bytes.split(separator: 0, omittingEmptySubsequences: false).dropLast().map(Array.init)
            #expect(got == words.map { Array($0.utf8) }, "\(shell)")
        }
    }

    @Test("no login shell finds anything in a command's line that others read otherwise", arguments: oddWords)
    func otherShells(words: [String]) throws {
        let line = try line(words)
        #expect(line.unicodeScalars.allSatisfy { (0x20..<0x7F).contains($0.value) && $0 != "!" })
        // Between single quotes fish knows backslashes, tcsh and sh do not: there are none. Outside of them there are backslashes in pairs alone.
        for (number, part) in line.split(separator: "'", omittingEmptySubsequences: false).enumerated() {
            if number % 2 == 1 {
                #expect(!part.contains("\\"))
            } else {
                #expect(["exec /bin/sh -c ", " sh ", " ", "\\\\", ""].contains(part), "\(part)")
            }
        }
    }

    @Test("a command with every control character in it is refused, not changed")
    func everyControlCharacter() {
        let all = String(String.UnicodeScalarView((1..<0x20).compactMap { Unicode.Scalar($0 as UInt32) }))
        #expect(throws: Failure.self) { try line(["echo", all]) }
    }
}
