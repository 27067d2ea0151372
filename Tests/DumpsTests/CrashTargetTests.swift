import Testing

@testable import Dumps

@Suite("Where a guest's settings have its dumps go")
struct CrashTargetTests {
    private func target(_ text: String, _ source: CrashTarget.Source = .debian) -> CrashTarget {
        CrashTarget(text, source)
    }

    @Test(
        "kdump-tools' folder is the last that its shell would see, without quotes and comments",
        arguments: [
            ("", "/var/crash"), ("KDUMP_COREDIR=\"/var/crash\"\n", "/var/crash"), ("KDUMP_COREDIR=\n", "/var/crash"),
            ("KDUMP_COREDIR=/srv/crash # there\n", "/srv/crash"), ("#KDUMP_COREDIR=/srv\n", "/var/crash"),
            ("KDUMP_COREDIR=/a\n  export KDUMP_COREDIR='/b c'\n", "/b c"), ("KDUMP_COREDIR=/srv//x/;\n", "/srv/x"),
            ("MY_KDUMP_COREDIR=/x\nKDUMP_COREDIR_OLD=/y\n", "/var/crash"),
            ("USE_KDUMP=1 # KDUMP_COREDIR is /x\n", "/var/crash"),
            ("KDUMP_COREDIR=/s\"r\"v\r\n", "/srv"), ("KDUMP_COREDIR=/\n", "/"),
        ])
    func folders(text: String, folder: String) {
        #expect(target(text).folder == folder)
        #expect(target(text).obstacles.isEmpty)
    }

    @Test(
        "what only a shell understands, or what leads elsewhere, is no folder and is told",
        arguments: [
            "KDUMP_COREDIR=$HOME/x", "KDUMP_COREDIR=\"`id`\"", "KDUMP_COREDIR=/x\\", "KDUMP_COREDIR='/x",
            "[ -d /x ] && KDUMP_COREDIR=/x", ": ${KDUMP_COREDIR:=/x}", "KDUMP_COREDIR=/x exec reboot",
            "KDUMP_COREDIR=/srv/../etc", "KDUMP_COREDIR=../crash", "KDUMP_COREDIR=/./x", "KDUMP_COREDIR='/x\u{1B}[2J'",
            "KDUMP_COREDIR=/x/*", "KDUMP_COREDIR=~/x", "KDUMP_COREDIR='/x\u{202E}'",
            "KDUMP_COREDIR=/" + String(repeating: "x", count: 5000),
        ])
    func hostile(line: String) {
        let found = target("USE_KDUMP=1\n\(line)\n")
        #expect(found.folder == nil)
        #expect(
            found.obstacles.count == 1
                && found.obstacles.allSatisfy { $0.contains("not understood") && $0.utf8.count < 600 })
        #expect(!found.obstacles.contains { $0.contains("\u{1B}") || $0.contains("\u{202E}") })
    }

    @Test(
        "another machine is an obstacle, and the folder stays known",
        arguments: [
            ("SSH=root@10.0.0.1", CrashTarget.Source.debian), ("NFS=\"server:/x\"", .debian),
            ("FTP=server:/x", .debian),
            ("SSH=$HOST", .debian), ("nfs server:/x", .fedora), ("ssh kdump@server", .fedora),
            ("net server:/x", .fedora),
            ("  nfs4 server:/x # why", .fedora), ("virtiofs tag", .fedora), ("KDUMP_SAVEDIR=ssh://server/x", .suse),
            ("KDUMP_SAVEDIR=\"nfs://server/x\"", .suse),
        ])
    func remote(line: String, source: CrashTarget.Source) {
        let found = target("\(line)\n", source)
        #expect(found.folder == "/var/crash")
        #expect(
            found.obstacles.count == 1
                && found.obstacles.allSatisfy { $0.contains("another machine") && $0.contains(source.rawValue) })
    }

    @Test("a key beside it, and a target that is commented out, are none")
    func none() {
        #expect(target("SSH_KEY=/root/.ssh/kdump\n#SSH=\"<user at server>\"\nSSH=\nHOSTTAG=ip\n") == .usual)
        #expect(target("# nfs server:/x\n#path /x\nsshkey /root/x\n\n", .fedora) == .usual)
    }

    @Test("kdump.conf's path counts, and a file system of its own is not looked into")
    func fedora() {
        #expect(
            target("path /var/crash\ncore_collector makedumpfile -l -d 31\npath /srv/crash\n", .fedora).folder
                == "/srv/crash")
        #expect(target("path crash\n", .fedora).folder == nil)
        #expect(
            target("ext4 /dev/vdb1\npath /x\n", .fedora).obstacles.first?.contains("file system of their own") == true)
        #expect(target("raw /dev/vdb\n", .fedora).obstacles.count == 1)
        #expect(target("KDUMP_SAVEDIR=\"file:///srv/crash\"\n", .suse).folder == "/srv/crash")
        #expect(target("KDUMP_SAVEDIR=/srv/crash\n", .suse) == target("KDUMP_SAVEDIR=file:///srv/crash\n", .suse))
    }

    @Test("one file of settings alone counts: kdump-tools', where the guest has it")
    func sources() {
        let texts: [CrashTarget.Source: String] = [
            .debian: "KDUMP_COREDIR=/a\n", .fedora: "path /b\n", .suse: "KDUMP_SAVEDIR=/c\n",
        ]
        #expect(CrashTarget { texts[$0] }.folder == "/a")
        #expect(CrashTarget { $0 == .debian ? nil : texts[$0] }.folder == "/b")
        #expect(CrashTarget { $0 == .suse ? texts[$0] : nil }.folder == "/c")
        #expect(CrashTarget { _ in nil } == .usual)
        #expect(target(String(repeating: "#", count: 70_000)).folder == nil)
    }

    @Test("a dump that is compressed as a whole is told, as devbox does not read it")
    func compression() {
        #expect(target("KDUMP_COMPRESSION=gzip\n").obstacles.first?.contains("KDUMP_COMPRESSION=gzip") == true)
        #expect(target("KDUMP_COMPRESSION=\n") == .usual && target("KDUMP_COMPRESSION=none\n") == .usual)
    }

    @Test("what a guest prints of its settings and its folder is read, and nothing of it is believed")
    func listing() {
        let settings = "KDUMP_COREDIR=/srv/crash\n"
        let header = "/etc/default/kdump-tools S0RVTVBfQ09SRURJUj0vc3J2L2NyYXNoCg==\n"
        let output =
            Array(header.utf8) + [0]
            + Array("d 4096 8 1.5 x\0f 5 8 2.5 x/dump.1\0f 5 8 2.5 ../dump.1\0f -1 8 2 y\0".utf8)
        let listing = CrashListing(output[...], of: "/srv/crash")
        #expect(listing.target == target(settings) && !listing.isLink)
        #expect(listing.entries.map(\.path) == ["/srv/crash/x", "/srv/crash/x/dump.1"])
        #expect(CrashListing(Array("\(header)link\n".utf8)[...], of: "/srv/crash").isLink)
        for strange in ["", "\0", "/etc/default/kdump-tools ***\n\0"] {
            #expect(CrashListing(Array(strange.utf8)[...], of: "/x").target == .usual)
        }
    }

    @Test(
        "the parts of a split dump are dumps, and what only begins like one is none",
        arguments: [
            ("vmcore", true), ("vmcore1", true), ("vmcore.1", true), ("vmcore-2", true), ("vmcore_part_03", true),
            ("dumpfile1", true), ("dump.202611031746", true), ("dump-1", true), ("vmcore-incomplete", true),
            ("vmcore-dmesg.txt", false), ("vmcore-dmesg-incomplete.txt", false), ("dumpster", false),
            ("dumpfile", false),
            ("kexec-dmesg.log", false), ("vmcores", false), ("dump_notes", false), ("dmesg.202611031746", false),
        ])
    func names(name: String, isDump: Bool) { #expect(CrashFolder.isDump(name) == isDump) }
}
