import DevboxCore
import FoundationEssentials
import Guests
import Templates
import TestSupport
import Testing

@testable import Kdump

@Suite("What arming changes")
struct ArmingPlanTests {
    static let version = "6.1.0-47-amd64"
    static let unit = "[Unit]\nDescription=Kernel crash dump capture service\n[Install]\nWantedBy=basic.target\n"
    static let config =
        "CONFIG_KEXEC=y\nCONFIG_CRASH_DUMP=y\nCONFIG_PROC_VMCORE=y\nCONFIG_DETECT_HUNG_TASK=y\nCONFIG_SOFTLOCKUP_DETECTOR=y\n"
        + "CONFIG_HARDLOCKUP_DETECTOR=y\nCONFIG_TREE_RCU=y\nCONFIG_X86=y\n# CONFIG_KASAN is not set\n"

    /// The files of a Debian with kdump-tools that is not enabled.
    static var debian: [String: GuestFile] {
        [
            "/usr/sbin/kdump-config": .text("#!/bin/sh\n"), "/usr/bin/makedumpfile": .text("ELF"),
            "/sbin/kexec": .text("ELF"),
            "/etc/default/kdump-tools": .text(
                "USE_KDUMP=0\n#KDUMP_CMDLINE_APPEND=\"reset_devices nr_cpus=1 irqpoll\"\n", permissions: 0o640),
            "/etc/kdump/sysctl.conf": .text("vm.nr_hugepages=0\n"),
            "/lib/systemd/system/kdump-tools.service": .text(unit), "/boot/config-\(version)": .text(config),
        ]
    }

    static func record(memory: Int64 = 1 << 30) throws -> GuestRecord {
        let json = """
            {"version":1,"id":"1","name":"bug","createdAt":"2026-11-21T00:00:00Z","command":"test","image":{"name":"i","sha256":"\(SHA256Digest(of: []))"},
            "architecture":"amd64","release":{"id":"debian","prettyName":"Debian","versionID":"12"},"root":{"uuid":"u"},"mode":"kvm",
            "identity":{"hostname":"bug","machineID":"","macAddress":"","sshHostKey":""},"memory":\(memory),"cpus":1,"kernels":[],
            "kernelArguments":[],"snapshots":[]}
            """
        return try RecordFile.decode(GuestRecord.self, from: Array(json.utf8))
    }

    static func kernel(_ version: String = version, _ config: String? = config, holds: Set<String> = [])
        -> ArmingPlan.Kernel
    {
        .init(version: version, config: config.map(KernelConfig.init), initrd: Array("initrd".utf8)) {
            holds.contains($0)
        }
    }

    static func plan(
        _ found: [String: GuestFile] = debian, _ record: GuestRecord? = nil, kernels: [ArmingPlan.Kernel] = [kernel()],
        makedumpfile: String? = "1.7.2", _ change: (inout ArmingOptions) -> Void = { _ in }
    ) throws -> ArmingPlan {
        var options = ArmingOptions(command: "devbox kdump-arm bug")
        change(&options)
        return try ArmingPlan(
            options, found: found, record: record ?? Self.record(), kernels: kernels,
            makedumpfile: Makedumpfile(version: makedumpfile), templates: .builtIn)
    }

    /// The files after edits.
    static func applied(_ edits: [(path: String, file: GuestFile)], to found: [String: GuestFile]) -> [String:
        GuestFile]
    {
        var files = found
        for (path, file) in edits { files[path] = file }
        return files.filter { $0.value != .absent }
    }

    @Test("what a guest can be armed against does not stop the kernel that saves its dump")
    func crashSysctls() throws {
        let text = try Templates.builtIn.text("kdump/crash-sysctl.conf")
        for sysctl in PanicCause.allCases.flatMap(\.sysctls) {
            #expect(text.contains("\n-\(sysctl.setting.name)=0\n"), "\(sysctl.setting.name)")
        }
    }

    @Test("an armed guest has the sysctls with their reasons, an enabled service, an initrd, and its own settings kept")
    func files() throws {
        let plan = try Self.plan()
        let files = Self.applied(plan.edits, to: Self.debian)
        let sysctls = try #require(files[KdumpPaths.sysctls]?.text)
        #expect(
            sysctls.contains(
                "# a task that stays in uninterruptible sleep: a lost wake-up, stuck I/O\nkernel.hung_task_panic = 1\n")
        )
        #expect(!sysctls.contains("panic_on_warn"))
        let settings = try #require(files[KdumpPaths.settings]?.text)
        #expect(settings.split(separator: "\n").filter { $0.hasPrefix("USE_KDUMP=") } == ["USE_KDUMP=1"])
        #expect(settings.contains("\nMAKEDUMP_ARGS=\"-c -d 31\"\n"))
        #expect(settings.contains("\nKDUMP_CMDLINE_APPEND=\"reset_devices nr_cpus=1 irqpoll panic=10\"\n"))
        #expect(files[KdumpPaths.settings] == .text(settings, permissions: 0o640))
        #expect(
            files["/etc/systemd/system/basic.target.wants/kdump-tools.service"]
                == .link("/lib/systemd/system/kdump-tools.service"))
        #expect(files["/var/lib/kdump/initrd.img-\(Self.version)"]?.text == "initrd")
        // Where these two differ, kdump-tools makes the initrd anew at every boot.
        #expect(files["/var/lib/kdump/latest_sysctls-\(Self.version)"]?.text == files["/etc/kdump/sysctl.conf"]?.text)
        #expect(files["/etc/kdump/sysctl.conf"]?.text?.contains("vm.nr_hugepages=0\n") == true)
        #expect(files["/etc/kdump/sysctl.conf"]?.text?.contains("-kernel.hung_task_panic=0\n") == true)
        #expect(plan.state.kernelArguments == ["crashkernel=192M"] && plan.warnings.isEmpty)
    }

    @Test("disarming brings back every byte, and names what was edited since")
    func disarming() throws {
        let menu = GuestFile.text("menuentry {\n\tlinux /vmlinuz ro\n}\n", permissions: 0o600)
        var before = Self.debian
        before[KdumpPaths.grubMenu] = menu
        let plan = try Self.plan(before, Self.record(memory: 512 << 20))
        #expect(plan.memory == 1 << 30)
        let armed = Self.applied(plan.edits, to: before)
        #expect(armed[KdumpPaths.grubMenu]?.text?.contains("crashkernel=192M") == true)
        #expect(armed[KdumpPaths.grubSettings]?.text?.contains("$GRUB_CMDLINE_LINUX_DEFAULT crashkernel=192M") == true)

        let clean = Disarming(plan.state, found: armed)
        #expect(Self.applied(clean.edits, to: armed) == before && clean.edited.isEmpty)
        var record = try Self.record(memory: 1 << 30)
        #expect(clean.memory(of: record) == 512 << 20)
        record.memory = 4 << 30
        #expect(clean.memory(of: record) == 4 << 30)

        var edited = armed
        edited[KdumpPaths.settings] = .text("USE_KDUMP=1\n# mine\n")
        let careful = Disarming(plan.state, found: edited)
        #expect(careful.edited == [KdumpPaths.settings])
        #expect(Self.applied(careful.edits, to: edited)[KdumpPaths.settings]?.text == "USE_KDUMP=1\n# mine\n")
    }

    @Test("arming again changes only what is asked for anew, and disarming still goes back to the beginning")
    func again() throws {
        let first = try Self.plan()
        let armed = Self.applied(first.edits, to: Self.debian)
        var record = try Self.record()
        try record.set(first.state)
        #expect(try Self.plan(armed, record).edits.isEmpty)
        let second = try Self.plan(armed, record) {
            $0.causes = [.warn]; $0.dumpLevel = 1
        }
        #expect(second.edits.map(\.path) == [KdumpPaths.settings, KdumpPaths.sysctls])
        let rearmed = Self.applied(second.edits, to: armed)
        #expect(rearmed[KdumpPaths.sysctls]?.text?.contains("hung_task") == false)
        #expect(Self.applied(Disarming(second.state, found: rearmed).edits, to: rearmed) == Self.debian)
    }

    @Test("what was edited since stays as it is when the guest is armed again, and disarming names it still")
    func againEdited() throws {
        let first = try Self.plan()
        var armed = Self.applied(first.edits, to: Self.debian)
        armed[KdumpPaths.sysctls] = .text("kernel.panic = 5\n")
        armed[KdumpPaths.crashSysctls] = .text("# mine\n")
        var record = try Self.record()
        try record.set(first.state)
        let second = try Self.plan(armed, record) { $0.causes = [.warn] }
        #expect(!second.edits.contains { [KdumpPaths.sysctls, KdumpPaths.crashSysctls].contains($0.path) })
        #expect(second.warnings.filter { $0.contains("it stays so") }.count == 2)
        let rearmed = Self.applied(second.edits, to: armed)
        let disarming = Disarming(second.state, found: rearmed)
        #expect(Set(disarming.edited) == [KdumpPaths.sysctls, KdumpPaths.crashSysctls])
        var expected = Self.debian
        for path in disarming.edited { expected[path] = armed[path] }
        #expect(Self.applied(disarming.edits, to: rearmed) == expected)
    }

    @Test("what is a link or a folder where arming would put a file is refused: it could not be brought back")
    func links() throws {
        for (file, words) in [(GuestFile.link("/etc/site/kdump"), "a symbolic link"), (.other, "no plain file")] {
            var found = Self.debian
            found[KdumpPaths.settings] = file
            let failure = reported { _ = try Self.plan(found) }
            #expect(failure?.exitCode == .badInput && failure?.message.contains(words) == true)
        }
    }

    @Test("what a guest says of its memory is no number that anything overflows with")
    func meminfo() {
        let text = "MemTotal: 9223372036854775807 kB\nMemFree: -9007199254740992 kB\nCached: 1099511627775 kB\n"
        #expect(DumpSize.meminfo(text) == ["Cached": 1_099_511_627_775 << 10])
    }

    @Test("a kernel that came since gets its initrd, and one that went loses it; the sysctls stay")
    func kernels() throws {
        let first = try Self.plan { $0.hungTaskTimeout = 30 }
        var armed = Self.applied(first.edits, to: Self.debian)
        var record = try Self.record()
        try record.set(first.state)
        armed["/boot/config-6.12.1"] = .text(Self.config)
        let second = try ArmingPlan(
            again: first.state, found: armed, record: record, kernels: [Self.kernel("6.12.1")],
            makedumpfile: Makedumpfile(version: "1.7.8"), templates: .builtIn)
        let files = Self.applied(second.edits, to: armed)
        #expect(files["/var/lib/kdump/initrd.img-6.12.1"] != nil)
        #expect(files["/var/lib/kdump/initrd.img-\(Self.version)"] == nil)
        #expect(files[KdumpPaths.sysctls] == armed[KdumpPaths.sysctls])
        #expect(second.state.settings == first.state.settings)
    }

    @Test(
        "a sysctl that no kernel has is told and not written; one that some have is written so that it may be missing")
    func missingSysctls() throws {
        let old = Self.kernel("5.10", "CONFIG_KEXEC=y\nCONFIG_CRASH_DUMP=y\nCONFIG_PROC_VMCORE=y\nCONFIG_TREE_RCU=y\n")
        let only = try Self.plan(kernels: [old])
        #expect(only.state.settings.map(\.name) == ["kernel.panic_on_oops", "kernel.panic_on_rcu_stall"])
        #expect(only.warnings.contains("5.10 has no sysctl kernel.hung_task_panic"))
        let both = try Self.plan(kernels: [Self.kernel(), old])
        #expect(
            Self.applied(both.edits, to: Self.debian)[KdumpPaths.sysctls]?.text?.contains(
                "\n-kernel.hung_task_panic = 1") == true)
        let named = try Self.plan(kernels: [Self.kernel(holds: ["panic_on_taint"])]) {
            $0.sysctls = [("kernel.panic_on_taint", "1"), ("kernel.nonsense", "1")]
        }
        #expect(named.state.settings.map(\.name).contains("kernel.panic_on_taint"))
        #expect(!named.state.settings.map(\.name).contains("kernel.nonsense"))
        #expect(named.warnings == ["\(Self.version) has no sysctl kernel.nonsense"])
    }

    @Test("a kernel that cannot leave a dump is told; a guest without kdump-tools is refused with what to do")
    func unable() throws {
        let warnings = try Self.plan(kernels: [
            Self.kernel(Self.version, "CONFIG_KEXEC=y\nCONFIG_TREE_RCU=y\nCONFIG_X86=y\n")
        ]).warnings
        #expect(
            warnings.contains(
                "\(Self.version) cannot leave a dump: it was built without CONFIG_CRASH_DUMP, CONFIG_PROC_VMCORE"))
        var bare = Self.debian
        bare["/usr/sbin/kdump-config"] = nil
        let failure = #expect(throws: Failure.self) { try Self.plan(bare) }
        #expect(failure?.exitCode == .notFound && failure?.hint?.contains("kdump-tools") == true)
    }

    @Test("a makedumpfile that is too old for a kernel gets a level that spoils nothing, and that is told")
    func level() throws {
        let new = Self.kernel("6.12.115+deb12-amd64")
        let plan = try Self.plan(kernels: [new, Self.kernel()])
        let settings = try #require(Self.applied(plan.edits, to: Self.debian)[KdumpPaths.settings]?.text)
        #expect(settings.contains("\nMAKEDUMP_ARGS=\"-c -d 23\"\n") && plan.state.dumpLevel == 23)
        #expect(
            plan.warnings.first?.contains("makedumpfile 1.7.2 spoils dumps of 6.12.115+deb12-amd64 at level 31") == true
        )
        #expect(try Self.plan(kernels: [new], makedumpfile: "1.7.6").state.dumpLevel == 31)
        #expect(try Self.plan(kernels: [new], makedumpfile: nil).state.dumpLevel == 23)
        let low = try Self.plan(kernels: [new]) { $0.dumpLevel = 17 }
        #expect(low.state.dumpLevel == 17 && low.warnings.isEmpty)
    }

    @Test("a crashkernel= that reserves nothing in this guest is told, by kernel where they differ")
    func reservation() throws {
        let kernels = [Self.kernel(), Self.kernel("5.10.0-30-amd64")]
        func plan(_ size: String, _ kernels: [ArmingPlan.Kernel]) throws -> ArmingPlan {
            var record = try Self.record()
            record.kernels = kernels.map { .init(version: $0.version, vmlinuz: "v", initrd: nil, fingerprint: "") }
            return try Self.plan(Self.debian, record, kernels: kernels) { $0.crashKernel = CrashKernelSize(size) }
        }
        let none = try plan("4G-:256M", kernels)
        #expect(none.reserved == 0 && none.warnings == ["crashkernel=4G-:256M has nothing for a machine of 1G"])
        let some = try plan("1G-:256M", kernels)
        #expect(some.reserved == 256 << 20 && some.warnings.count == 1)
        #expect(some.warnings.first?.hasPrefix("5.10.0-30-amd64: ") == true)
        #expect(try plan("192M", kernels).reserved == 192 << 20)
    }

    @Test("dumps that would go to another machine, or nobody knows where, are told when the guest is armed")
    func targets() throws {
        for (line, word) in [
            ("SSH=root@10.0.0.1", "another machine"), ("KDUMP_COREDIR=$HOME/x", "not understood"),
            ("KDUMP_COREDIR=/srv/../etc", "not understood"),
        ] {
            var found = Self.debian
            found[KdumpPaths.settings] = .text("USE_KDUMP=0\n\(line)\n")
            #expect(try Self.plan(found).warnings.filter { $0.contains(word) }.count == 1, "\(line)")
        }
    }

    @Test("lists of faults are read; what is none is named with what there is")
    func lists() throws {
        let list = try ArmingOptions.parse("oops,hung-task,vm.panic_on_oom=2")
        #expect(list.causes == [.oops, .hungTask] && list.sysctls.first?.name == "vm.panic_on_oom")
        #expect(try ArmingOptions.parse("all").causes == PanicCause.allCases)
        for bad in ["", "oom,everything", "kernel.x=", "../x=1", "kernel..x=1", "kernel.x=1\nkernel.y=2"] {
            let failure = #expect(throws: Failure.self) { try ArmingOptions.parse(bad) }
            #expect(failure?.exitCode == .usage)
        }
    }

    @Test("a dump's size is bound by what its level keeps")
    func size() {
        let text =
            "MemTotal:         800000 kB\nMemFree:          500000 kB\nBuffers: 10000 kB\nCached: 90000 kB\nAnonPages: 50000 kB\nShmem: 0 kB\n"
        let meminfo = DumpSize.meminfo(text)
        #expect(DumpSize.bound(level: 31, meminfo: meminfo) == 150_000 << 10 + 64 << 20)
        #expect(DumpSize.bound(level: 1, meminfo: meminfo) == 800_000 << 10 + 64 << 20)
        #expect(DumpSize.bound(level: 31, memory: 1 << 30) == 128 << 20)
        #expect(DumpSize.bound(level: 0, memory: 1 << 30) == 1 << 30)
    }
}
