import DevboxCore
import Foundation
@testable import Guests
import Images
import SystemPackage
import TestSupport
import Testing

@Suite("A clone's identity", .timeLimit(.minutes(10)))
struct IdentityTests {
    private let here: TestWork
    init() throws { here = try TestWork() }

    private static let hostsFiles: [(String, String)] = [
        ("127.0.0.1\tlocalhost\n", "127.0.0.1\tlocalhost\n127.0.1.1\tnew\n"),
        ("# x\n127.0.1.1\told.example old\n::1 ip6\n", "# x\n127.0.1.1\tnew\n::1 ip6\n"),
        ("127.0.0.1 localhost\n127.0.1.1 old", "127.0.0.1 localhost\n127.0.1.1\tnew\n"),
        ("", "127.0.1.1\tnew\n"), ("\n# 127.0.1.1 no\n", "127.0.1.1\tnew\n\n# 127.0.1.1 no\n"),
        ("127.0.0.1 a\r\n127.0.1.1 old\r\n::1 b\r\n", "127.0.0.1 a\r\n127.0.1.1\tnew\n::1 b\r\n"),
    ]

    @Test("the own name stands at 127.0.1.1 in /etc/hosts, and all else is as it was", arguments: hostsFiles)
    func hosts(before: String, after: String) {
        #expect(Array(IdentityEditor.hosts(before, hostname: "new").utf8) == Array(after.utf8))
    }

    @Test("only the files of the identity change, and nothing else on the disk")
    func onlyIdentity() throws {
        try TestImage.make(in: here.work)
        try here.clone("base", "bug-1")
        let before = try here.listing(ImageStore(here.work).image("base").disk)
        let after = try here.listing(here.store.files("bug-1").disk)
        let changed = Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }
        #expect(
            changed == [
                "etc/hostname", "etc/hosts", "etc/machine-id", "var/lib/dbus/machine-id", "var/lib/systemd/random-seed",
                "root/.ssh/authorized_keys", "etc/ssh/ssh_host_rsa_key", "etc/ssh/ssh_host_rsa_key.pub",
                "etc/ssh/ssh_host_ed25519_key", "etc/ssh/ssh_host_ed25519_key.pub",
            ])
        #expect(after["etc/ssh/ssh_host_rsa_key"] == nil)
        #expect(after["etc/ssh/ssh_host_ed25519_key"]?.hasPrefix("f 600") == true)
        try here.check("bug-1")
    }

    @Test("the disk has the identity that the record says, and the work directory's key is authorised once")
    func content() throws {
        try TestImage.make(in: here.work)
        let one = try here.clone("base", "bug-1").identity
        let two = try here.clone("bug-1", "bug-2").identity
        for (name, identity) in [("bug-1", one), ("bug-2", two)] {
            #expect(try here.text(name, "/etc/hostname") == "\(name)\n")
            #expect(try here.text(name, "/etc/machine-id") == "\(identity.machineID)\n")
            #expect(try here.text(name, "/var/lib/dbus/machine-id") == "\(identity.machineID)\n")
            #expect(try here.text(name, "/etc/ssh/ssh_host_ed25519_key.pub") == "\(identity.sshHostKey)\n")
            let key = try Files.text(FilePath(here.work.sshKey.string + ".pub"))
            #expect(try here.text(name, "/root/.ssh/authorized_keys") == "ssh-ed25519 AAAAfirst somebody@else\n\(key)")
        }
        #expect(one.machineID != two.machineID && one.macAddress != two.macAddress && one.sshHostKey != two.sshHostKey)
        #expect(one.machineID.count == 32 && one.macAddress.hasPrefix("52:54:00:"))
        // The private half on the disk belongs to the public one in the record.
        let file = try here.scratch.write(here.text("bug-1", "/etc/ssh/ssh_host_ed25519_key") ?? "", to: "key")
        try Files.setMode(file, 0o600)
        #expect(try tool("ssh-keygen", "-y", "-f", file.string) == one.sshHostKey + "\n")
    }

    @Test("cloud-init is kept from undoing it where it is installed, and only there")
    func cloudInit() throws {
        try TestImage.make("plain", in: here.work)
        try TestImage.make("cloud", in: here.work) { try $0.write("x", to: "etc/cloud/cloud.cfg") }
        try here.clone("plain", "a")
        try here.clone("cloud", "b")
        #expect(try here.text("a", "/etc/cloud/cloud.cfg.d/99-devbox.cfg") == nil)
        let settings = try #require(try here.text("b", "/etc/cloud/cloud.cfg.d/99-devbox.cfg"))
        #expect(settings.contains("preserve_hostname: true") && settings.contains("ssh_deletekeys: false"))
    }

    @Test("links in an image that point at the host's files touch nothing there")
    func links() throws {
        let outside = try ScratchDirectory()
        let victim = try outside.write("host", to: "hostname")
        try TestImage.make(in: here.work) { root in
            for name in ["etc/hostname", "etc/machine-id", "root/.ssh/authorized_keys", "etc/ssh/ssh_host_ed25519_key"]
            {
                try Files.remove(root(name))
                try FileManager.default.createSymbolicLink(
                    atPath: root(name).string, withDestinationPath: victim.string)
            }
        }
        try here.clone("base", "bug-1")
        #expect(try Files.text(victim) == "host")
        #expect(try Files.list(outside.path) == ["hostname"])
        #expect(try here.text("bug-1", "/etc/hostname") == "bug-1\n")
        try here.check("bug-1")
    }

    @Test("D-Bus's link to the machine-id stays a link")
    func dbusLink() throws {
        try TestImage.make(in: here.work) { root in
            try Files.remove(root("var/lib/dbus/machine-id"))
            try FileManager.default.createSymbolicLink(
                atPath: root("var/lib/dbus/machine-id").string, withDestinationPath: "/etc/machine-id")
        }
        let identity = try here.clone("base", "bug-1").identity
        #expect(
            try here.listing(here.store.files("bug-1").disk)["var/lib/dbus/machine-id"]?.hasSuffix("/etc/machine-id")
                == true)
        #expect(try here.text("bug-1", "/var/lib/dbus/machine-id") == "\(identity.machineID)\n")
    }
}
