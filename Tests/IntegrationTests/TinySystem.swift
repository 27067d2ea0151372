import DevboxCore
import SystemPackage
import TestSupport

/// A root file system of 16 MB with a static busybox and nothing else: no init, no kernel, no initramfs-tools, no dpkg to speak of, /bin
/// not merged into /usr, and none of /run, /tmp, /sys and /work.
enum TinySystem {
    private static let applets = [
        "sh", "ls", "cat", "cp", "mv", "rm", "mkdir", "tar", "sync", "sleep", "touch", "test", "chmod", "chown",
        "uname",
        "hostname", "head", "grep", "stat", "find",
    ]

    /// Makes it as a raw disk without partitions.
    ///
    /// - Parameters:
    ///   - options: of mke2fs(8).
    ///   - change: changes its files before.
    static func make(
        in scratch: ScratchDirectory, _ name: String, options: [String] = [],
        change: (FilePath) throws -> Void = { _ in }
    ) throws -> FilePath {
        let root = scratch("\(name)-root")
        for folder in [
            "bin", "sbin", "root", "usr/bin", "dev", "proc", "var/lib/dpkg/info", "var/lib/dpkg/updates", "opt",
        ] {
            try Files.makeDirectory(root.pushing(FilePath(folder)))
        }
        let files = [
            "etc/os-release": "ID=tiny\nVERSION_ID=\"1\"\nPRETTY_NAME=\"Tiny\"\n",
            "etc/passwd": "root:x:0:0::/root:/bin/sh\n", "etc/group": "root:x:0:\n", "etc/hostname": "tiny\n",
            "etc/machine-id": "", "var/lib/dpkg/status": "",
            // What a package does to the disk is a dozen files.
            "usr/bin/dpkg":
                "#!/bin/sh\nfor n in 1 2 3 4 5 6 7 8 9 10 11 12; do echo $n >/opt/$n || exit 2; done\nrm -r /usr/share\nexit 0\n",
            "usr/share/doc/a": "a", "usr/share/doc/b/c/d": String(repeating: "d", count: 300_000),
        ]
        for (path, text) in files { try scratch.write(text, to: "\(name)-root/\(path)") }
        try Files.setMode(root.pushing("usr/bin/dpkg"), 0o755)
        try tool("cp", "/bin/busybox", root.pushing("bin/busybox").string)
        for applet in applets { try tool("ln", "-s", "busybox", root.pushing(FilePath("bin/\(applet)")).string) }
        try tool("ln", "-s", "/bin/busybox", root.pushing("usr/bin/env").string)
        try change(root)
        let raw = scratch("\(name).raw")
        let words = ["-q", "-F", "-t", "ext4", "-b", "1024", "-E", "root_owner=0:0"] + options
        try tool("sh", "-c", "exec mke2fs \"$@\"", ["sh"] + words + ["-d", root.string, raw.string, "16M"])
        return raw
    }
}

/// `tool` with a list behind its words.
@discardableResult
private func tool(_ name: String, _ first: String, _ second: String, _ rest: [String]) throws -> String {
    try runner.run(.init(.init(name, package: "?", for: "tests"), [first, second] + rest)).text
}
