import DevboxCore
import Dumps
import Foundation
import Guests
import SystemPackage
import TestSupport
import Testing

@testable import Kdump

@Suite("Whether a stopped guest would leave a dump", .timeLimit(.minutes(10)))
struct StoppedStatusTests {
    /// A guest with what arming needs, armed.
    ///
    /// - Parameters:
    ///   - settings: lines of /etc/default/kdump-tools.
    ///   - elsewhere: directories that its record has as not followed.
    private func status(
        _ settings: String = "", crashKernel: String = "192M", kernel: String = "6.1.0-47-amd64", fstab: String = "",
        elsewhere: [String] = [], script: String = "true"
    ) throws -> (status: KdumpStatus, warnings: [String]) {
        let scratch = try ScratchDirectory()
        let work = try WorkDirectory(given: scratch("work").string, environment: [:])
        try TestImage.make(in: work, size: "32M") { content in
            try tool(
                "rm", content("boot/vmlinuz-6.1.0-47-amd64").string, content("boot/initrd.img-6.1.0-47-amd64").string)
            let files = [
                "usr/sbin/kdump-config": "#!/bin/sh\n", "sbin/kexec": "ELF",
                "usr/bin/makedumpfile": "\0version 1.7.2 (released on 20 Oct 2022)\0",
                "etc/default/kdump-tools": "USE_KDUMP=1\n\(settings)\n", "etc/kdump/sysctl.conf": "\n",
                "lib/systemd/system/kdump-tools.service": ArmingPlanTests.unit, "boot/vmlinuz-\(kernel)": "kernel",
                "boot/config-\(kernel)": ArmingPlanTests.config,
                "etc/fstab": fstab,
            ]
            for (name, text) in files { try content.write(text, to: name) }
            try tool("sh", "-ec", "cd \(content.path)\n\(script)")
        }
        let store = GuestStore(work)
        try Cloner(work, runner: runner).clone(
            "base", as: "bug", CloneOptions(memory: 1 << 30, command: "test"))
        let options = ArmingOptions(crashKernel: CrashKernelSize(crashKernel), command: "test")
        let arming = try KdumpArmer(store, runner: runner).arm("bug", options)
        if !elsewhere.isEmpty {
            let record = store.files("bug").record
            var text = try Files.text(record)
            let parts = elsewhere.map { "{\"path\": \"\($0)\", \"source\": \"LABEL=x\", \"reason\": \"it is xfs\"}" }
            let start = try #require(text.range(of: #""root"\s*:\s*\{"#, options: .regularExpression))
            text.insert(
                contentsOf: "\"elsewhere\": [\(parts.joined(separator: ", "))], ", at: start.upperBound)
            try Files.writeAtomically(Array(text.utf8), to: record)
        }
        return (try KdumpInspector(store, runner: runner).status(of: "bug"), arming.warnings)
    }

    /// What is not about the image that it is tried with: it is small.
    private func obstacles(_ status: KdumpStatus) -> [String] {
        status.obstacles.filter { !$0.hasPrefix("the disk has") }
    }

    @Test("one that is armed would, and its dumps are in /var/crash")
    func ready() throws {
        let (status, _) = try status()
        #expect(obstacles(status).isEmpty, "\(status.obstacles)")
        #expect(status.dumpFolder == "/var/crash" && status.dumps == 0)
    }

    @Test(
        "what stands against a dump on the disk itself is no ready: a folder that goes, a link, a mask, sysctls that come behind",
        arguments: [
            ("KDUMP_COREDIR=/run/crash", "true", "what is in /run is gone"),
            (
                "KDUMP_COREDIR=/srv/crash", "mkdir -p srv real && ln -s ../real srv/crash",
                "a symbolic link leads to /srv/crash"
            ),
            (". /etc/default/kdump-local", "true", "takes in /etc/default/kdump-local"),
            ("", "mkdir -p etc/systemd/system && ln -s /dev/null etc/systemd/system/kdump-tools.service", "is masked"),
            (
                "", "mkdir -p etc/sysctl.d && echo 'kernel/kexec_load_disabled = 1' >etc/sysctl.d/10-x.conf",
                "no crash kernel is loaded"
            ),
            (
                "", "mkdir -p etc/sysctl.d && echo '-kernel.panic_on_oops=0 ' >etc/sysctl.d/zzz.conf",
                "sets kernel.panic_on_oops to 0"
            ),
        ])
    func against(settings: String, script: String, words: String) throws {
        let found = try obstacles(status(settings, script: script).status)
        #expect(found.count == 1 && found[0].contains(words), "\(found)")
    }

    @Test("sysctls that agree, or that those of the arming come behind, stand against nothing")
    func agreeing() throws {
        let script = """
            mkdir -p etc/sysctl.d usr/lib/sysctl.d
            echo 'kernel.panic_on_oops = 1' >etc/sysctl.d/zzzz.conf
            printf 'kernel.panic_on_oops=0\n#kernel.kexec_load_disabled=1\n' >etc/sysctl.d/50-x.conf
            echo 'kernel.kexec_load_disabled=1' >usr/lib/sysctl.d/10-y.conf; ln -s /dev/null etc/sysctl.d/10-y.conf
            """
        #expect(try obstacles(status(script: script).status).isEmpty)
    }

    @Test("its own folder is where its dumps are looked for; another machine, or what is not understood, is no ready")
    func targets() throws {
        let own = try status("KDUMP_COREDIR=/srv/crash").status
        #expect(obstacles(own).isEmpty && own.dumpFolder == "/srv/crash")
        for (line, word) in [
            ("SSH=root@10.0.0.1", "SSH=root@10.0.0.1"), ("NFS=server:/x", "another machine"),
            ("KDUMP_COREDIR=$HOME/x", "not understood"), ("KDUMP_COMPRESSION=gzip", "compressed as a whole"),
        ] {
            let (status, warnings) = try status(line)
            #expect(obstacles(status).count == 1 && status.obstacles.contains { $0.contains(word) }, "\(line)")
            #expect(!status.ready && warnings.contains { $0.contains(word) }, "\(line)")
        }
    }

    @Test(
        "what the guest mounts where its dumps go is no ready: neither space nor dumps are told of another file system")
    func mounts() throws {
        let own = "KDUMP_COREDIR=/srv/crash"
        let (hidden, _) = try status(own, fstab: "LABEL=data /srv ext4 defaults 0 2\n")
        #expect(!hidden.ready && hidden.obstacles.count == 1)
        #expect(hidden.obstacles.first?.contains("its dumps go to /srv/crash") == true)
        #expect(hidden.obstacles.first?.contains("/srv (LABEL=data) is not seen") == true)
        #expect(hidden.availableBytes == nil && hidden.dumps == nil && hidden.dumpFolder == "/srv/crash")
        let memory = try status(fstab: "tmpfs /var/crash tmpfs defaults 0 0\n").status
        #expect(memory.obstacles.first?.contains("it is in memory") == true && memory.obstacles.count == 1)
        // What was found at import has its reason.
        let usual = try status(fstab: "LABEL=x /var/crash xfs defaults 0 2\n", elsewhere: ["/var/crash"]).status
        #expect(usual.obstacles.count == 1 && usual.obstacles.first?.hasSuffix("it is xfs") == true)
        // Where no dump goes nothing is in the way.
        let other = try status(own, fstab: "LABEL=x /var/crash xfs defaults 0 2\n", elsewhere: ["/var/crash"]).status
        #expect(obstacles(other).isEmpty && other.availableBytes != nil)
    }

    @Test("a crashkernel= that reserves nothing is no ready")
    func reservation() throws {
        let (status, warnings) = try status(crashKernel: "4G-:256M")
        #expect(obstacles(status) == ["crashkernel=4G-:256M has nothing for a machine of 1G"])
        #expect(warnings.contains(obstacles(status)[0]))
        #expect(try obstacles(self.status(crashKernel: "1G-:256M").status).isEmpty)
        let doubtful = try self.status(crashKernel: "192M@64M").status
        #expect(!doubtful.ready && obstacles(doubtful) == doubtful.doubts)
    }

    @Test(
        "a level that an old makedumpfile spoils dumps at is taken back by arming, and an obstacle where it stands there"
    )
    func level() throws {
        let kernel = "6.12.115+deb12-amd64"
        let (status, warnings) = try status(kernel: kernel)
        #expect(obstacles(status).isEmpty && warnings.contains { $0.contains("level 23") })
        var edited = KdumpStatus(guest: "bug", running: false, armed: true)
        let scratch = try ScratchDirectory()
        let inspector = KdumpInspector(
            GuestStore(try WorkDirectory(given: scratch("work").string, environment: [:])), runner: runner)
        inspector.note(
            Makedumpfile(version: "1.7.2"), kernel: kernel, settings: ShellSettings("MAKEDUMP_ARGS=\"-c -d 31\""),
            &edited)
        #expect(!edited.ready && edited.obstacles.first?.contains("makedumpfile 1.7.6") == true)
    }
}
