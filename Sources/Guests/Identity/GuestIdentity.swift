import DevboxCore
import Disks
import Glibc
import SystemPackage

extension GuestRecord.Identity {
    /// A new identity.
    ///
    /// - Parameters:
    ///   - hostname: the name that the guest has for itself.
    ///   - sshHostKey: the public half of its ssh host key.
    static func new(hostname: String, sshHostKey: String) -> Self {
        var random = SystemRandomNumberGenerator()
        // 52:54:00 is what QEMU's users know a virtual machine by; it is locally administered.
        let mac = (0..<3).map { _ in hex(UInt8.random(in: .min ... .max, using: &random)) }.joined(separator: ":")
        var id = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        // machine-id(5): the bits of a version 4 UUID.
        id[6] = id[6] & 0x0F | 0x40
        id[8] = id[8] & 0x3F | 0x80
        return Self(
            hostname: hostname, machineID: id.map(hex).joined(), macAddress: "52:54:00:\(mac)", sshHostKey: sshHostKey)
    }

    private static func hex(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }
}

/// Writes an identity into a guest's file system. No other file is changed, but for what keeps cloud-init from undoing it.
struct IdentityEditor {
    let identity: GuestRecord.Identity
    /// The private half of the ssh host key, as ssh-keygen writes it.
    let hostKey: [UInt8]
    /// The public half of the key that root is reached with.
    let authorizedKey: String
    /// What keeps cloud-init, where there is one, from undoing the identity.
    let cloudInitSettings: String

    private static let hostKeyName = "ssh_host_ed25519_key"

    /// Edits the root file system.
    func apply(to root: borrowing Ext4FileSystem) throws {
        try root.put(Array("\(identity.hostname)\n".utf8), at: "/etc/hostname")
        let hosts = try root.text("/etc/hosts") ?? "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
        try root.put(Array(Self.hosts(hosts, hostname: identity.hostname).utf8), at: "/etc/hosts")
        try setMachineID(root)
        try setHostKey(root)
        try authorize(root)
        try setRandomSeed(root)
        if try root.find("/etc/cloud") != nil {
            // Disabled altogether it would not configure the network, for which some images have nothing else.
            try root.makeDirectories("/etc/cloud/cloud.cfg.d")
            try root.put(Array(cloudInitSettings.utf8), at: "/etc/cloud/cloud.cfg.d/99-devbox.cfg")
        }
    }

    /// hosts(5) with the host's own name at 127.0.1.1, as Debian does it, and all else as it was.
    static func hosts(_ text: String, hostname: String) -> String {
        // By scalars: "\r\n" is one character, which no split at "\n" finds.
        var lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last == "" { lines.removeLast() }
        let own = "127.0.1.1\t\(hostname)"
        if let index = lines.firstIndex(where: { $0.split(whereSeparator: \.isWhitespace).first == "127.0.1.1" }) {
            lines[index] = own
        } else {
            let loopback = lines.firstIndex { $0.split(whereSeparator: \.isWhitespace).first == "127.0.0.1" }
            lines.insert(own, at: loopback.map { $0 + 1 } ?? 0)
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func setMachineID(_ root: borrowing Ext4FileSystem) throws {
        let bytes = Array("\(identity.machineID)\n".utf8)
        try root.put(bytes, at: "/etc/machine-id", as: NewFile(permissions: 0o444))
        // Where D-Bus has a copy of its own it must be the same; mostly it is a link.
        guard let folder = try root.find("/var/lib/dbus"), let there = try root.lookUp("machine-id", in: folder) else {
            return
        }
        if try !root.attributes(of: there).isLink { try root.put(bytes, at: "/var/lib/dbus/machine-id") }
    }

    private func setHostKey(_ root: borrowing Ext4FileSystem) throws {
        guard let folder = try root.find("/etc/ssh") else { return }
        for name in try root.names(in: folder) where name.hasPrefix("ssh_host_") && !name.hasPrefix(Self.hostKeyName) {
            if try root.lookUp(name, in: folder).map({ try !root.attributes(of: $0).isDirectory }) == true {
                try root.remove(name, in: folder)
            }
        }
        try root.put(hostKey, at: "/etc/ssh/\(Self.hostKeyName)", as: NewFile(permissions: 0o600))
        try root.put(Array("\(identity.sshHostKey)\n".utf8), at: "/etc/ssh/\(Self.hostKeyName).pub")
    }

    private func authorize(_ root: borrowing Ext4FileSystem) throws {
        guard let home = try root.find("/root") else { return }
        if try root.find("/root/.ssh").map({ try root.attributes(of: $0).isDirectory }) != true {
            // A link that leads out of the disk, or a file in the folder's place.
            try root.remove(".ssh", in: home)
            try root.makeDirectory(".ssh", in: home, as: NewFile(permissions: 0o700))
        }
        let keys = try root.text("/root/.ssh/authorized_keys") ?? ""
        if keys.split(separator: "\n").contains(where: { $0 == authorizedKey }) { return }
        let separator = keys.isEmpty || keys.hasSuffix("\n") ? "" : "\n"
        try root.put(
            Array("\(keys)\(separator)\(authorizedKey)\n".utf8), at: "/root/.ssh/authorized_keys",
            as: NewFile(permissions: 0o600))
    }

    private func setRandomSeed(_ root: borrowing Ext4FileSystem) throws {
        guard try root.find("/var/lib/systemd") != nil else { return }
        var random = SystemRandomNumberGenerator()
        // Eight bytes a system call, not one.
        let seed = (0..<64).flatMap { _ in withUnsafeBytes(of: random.next()) { Array($0) } }
        try root.put(seed, at: "/var/lib/systemd/random-seed", as: NewFile(permissions: 0o600))
    }
}
