import DevboxCore
import Dumps
import Guests
import SystemPackage
import TestSupport
import Testing

@testable import Kdump

@Suite("Whether a stopped guest would leave a dump", .timeLimit(.minutes(10)))
struct StoppedStatusTests {
    /// A guest with what arming needs, armed.
    ///
    /// - Parameter settings: lines of /etc/default/kdump-tools.
    private func status(
        _ settings: String = "", crashKernel: String = "192M", kernel: String = "6.1.0-47-amd64",
        volume: (path: String, source: String)? = nil
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
            ]
            for (name, text) in files { try content.write(text, to: name) }
        }
        let store = GuestStore(work)
        try Cloner(work, runner: runner).clone(
            "base", as: "bug", CloneOptions(memory: 1 << 30, command: "test"))
        var record = try store.load("bug")
        record.root.elsewhere = volume.map {
            [.init(path: $0.path, source: $0.source, reason: "it is a logical volume")]
        }
        try store.save(record)
        let options = ArmingOptions(crashKernel: CrashKernelSize(crashKernel), command: "test")
        let arming = try KdumpArmer(store, runner: runner).arm("bug", options)
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
        "dumps that go to a volume that the disk alone does not show are no ready, by the folder that the settings name"
    )
    func otherVolume() throws {
        let volume = (path: "/srv", source: "/dev/vg/srv")
        #expect(try obstacles(self.status(volume: volume).status).isEmpty)
        let (status, warnings) = try status("KDUMP_COREDIR=/srv/crash", volume: volume)
        #expect(obstacles(status).count == 1 && obstacles(status)[0].hasPrefix("its /srv (/dev/vg/srv) is not seen"))
        #expect(warnings.contains { $0.contains("/dev/vg/srv") })
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
