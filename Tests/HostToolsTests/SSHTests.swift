import HostTools
import TestSupport
import Testing

@Suite("ssh")
struct SSHTests {
    private let options = SSH.options(
        id: "77", port: 4022, key: "/w/keys/id_ed25519", knownHosts: "/w/g/run/known_hosts")

    @Test("ssh reads no configuration of the user's and trusts only the key that devbox noted")
    func arguments() {
        #expect(
            SSH.run(["uname", "-a"], options: options, terminal: false).arguments == [
                "-F", "/dev/null", "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=30", "-o", "ServerAliveInterval=15",
                "-o", "HostName=127.0.0.1", "-o", "Port=4022", "-o", "User=root", "-o",
                "IdentityFile=/w/keys/id_ed25519",
                "-o", "IdentitiesOnly=yes", "-o", "UserKnownHostsFile=/w/g/run/known_hosts",
                "-o", "GlobalKnownHostsFile=/dev/null", "-o", "HostKeyAlias=devbox-77", "-o",
                "StrictHostKeyChecking=yes",
                "-o", "PasswordAuthentication=no", "-o", "HostKeyAlgorithms=ssh-ed25519",
                "-o", "KexAlgorithms=curve25519-sha256", "-T", "guest", "--",
                "uname -a",
            ])
        #expect(SSH.run([], options: options, terminal: true).arguments.suffix(2) == ["-tt", "guest"])
    }

    @Test("the key and the known hosts are found in a work directory with a space or a % in its name")
    func paths() {
        let odd = SSH.options(id: "77", port: 1, key: "/my work/50%/key", knownHosts: "/w/50%/known_hosts")
        #expect(odd.first { $0.name == "IdentityFile" }?.value == "\"/my work/50%%/key\"")
        #expect(odd.first { $0.name == "UserKnownHostsFile" }?.value == "/w/50%%/known_hosts")
    }

    @Test(
        "a command's words reach the far program unchanged through the far shell",
        arguments: [
            ["a b", "", "it's", "$HOME", "*", "\n"], ["'\u{301}; echo no", "\\", "\"", "`id`", "a=b"],
        ])
    func quoting(words: [String]) throws {
        let line = try #require(SSH.run(["printf", "%s\\0"] + words, options: options, terminal: false).arguments.last)
        // What sshd does with it: the login shell's -c.
        let output = try runner.run(Command(Program("sh", package: "dash", for: "tests"), ["-c", line]))
        let got = output.bytes.split(separator: 0, omittingEmptySubsequences: false).dropLast().map(Array.init)
        #expect(got == words.map { Array($0.utf8) })
    }
}
