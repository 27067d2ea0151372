import DevboxCore
import FoundationEssentials
import Glibc
import HostTools
import SystemPackage
import TestSupport
import Testing

extension IntegrationTests {
    /// From arming to a vmcore on the host, with kernels that really panic.
    @Suite("Kdump", .serialized)
    struct KdumpTests {
        let bed: TestBed

        init() throws { bed = try TestBed.shared.get() }

        private struct Dump: Decodable {
            let kernel: String?
            let title: String?
            let folder: String
            let isComplete: Bool
            let size: Int64
            let commandLine: String?
        }

        private func dumps(of guest: String) throws -> [Dump] {
            let text = try bed.run("dumps", guest, "--json").succeeded().out
            return try JSONDecoder().decode([Dump].self, from: Data(text.utf8))
        }

        @Test(
            "two kernels, each leaves a dump that the host can read: one by an interrupt from outside, one by a hung task; no sysctl of the host is touched"
        )
        func panics() throws {
            let (package, second) = try bed.realKernel()
            let sysctls = try TestBed.hostSysctls()
            try bed.withGuest("kdump") { guest in
                defer { try? Files.removeTree(bed.work.appending("share/dumps/\(guest)")) }
                try bed.run("kdump-arm", guest, "--hung-task-timeout", "10").succeeded()
                let first = try bed.startingKernel(guest)
                // The second comes when the guest is armed already.
                try bed.run("install-kernel", guest, package.string).succeeded()
                try bed.checkDisk(guest)

                try bed.run("start", guest).succeeded()
                let status = try bed.run("kdump-status", guest)
                #expect(status.status == 0 && status.out.contains("loaded"), "\(status.out)")
                try armRunning(guest)
                // As if a dump of the same minute were there, whichever minute that will be.
                let folders = """
                    systemctl start kdump-tools
                    for ahead in 0 1 2 3; do
                        folder=/var/crash/$(date -d "+$ahead min" +%Y%m%d%H%M); mkdir $folder; : > $folder/earlier
                    done
                    sync
                    """
                try bed.run("exec", guest, "--", "sh", "-c", folders).succeeded()
                // A guest that hangs is interrupted from outside, and saves its dump all the same.
                let interrupted = try bed.run("dump", guest, "--panic")
                #expect(
                    interrupted.status == 0 && interrupted.err.contains("/var/crash/"),
                    "\(interrupted.out)\(interrupted.err)")
                try bed.run("stop", "--force", guest).succeeded()

                try bed.run("start", guest, "--kernel", first).succeeded()
                let hang = """
                    systemctl start kdump-tools; cd /root; truncate -s 16M image; mkfs.ext4 -q image; mkdir -p m; mount image m
                    sync; fsfreeze -f m; touch m/never
                    """
                #expect(try bed.run("exec", guest, "--", "sh", "-c", hang).status == 121)
                try bed.run("wait", guest, "--for", "dump", "--timeout", "240").succeeded()
                try bed.run("stop", "--force", guest).succeeded()
                #expect(try self.dumps(of: guest).count == 2)
                let mixed = "cd /var/crash; ls -d *-*/earlier; for dump in */dump.*; do ls ${dump%/*}/earlier; done; :"
                let earlier = try bed.run("exec", guest, "--", "sh", "-c", mixed).succeeded().out
                #expect(
                    !earlier.isEmpty && earlier.split(separator: "\n").allSatisfy { $0.contains("-") }, "\(earlier)")

                let dumps = try dumps(of: guest)
                #expect(dumps.map(\.kernel) == [first, second] && dumps.allSatisfy(\.isComplete))
                #expect(dumps.allSatisfy { $0.commandLine?.contains("crashkernel=192M") == true })
                #expect(dumps.first?.title?.contains("blocked for more than 10 seconds") == true, "\(dumps)")
                let signs = ["hung_task: blocked tasks", "NMI: Not continuing"]
                for (dump, sign) in zip(dumps, signs) {
                    let folder = FilePath(dump.folder)
                    let scratch = try ScratchDirectory()
                    let other = scratch("dmesg")
                    try tool("makedumpfile", "--dump-dmesg", folder.appending("vmcore").string, other.string)
                    let (theirs, ours) = (try Files.text(other), try Files.text(folder.appending("dmesg.txt")))
                    #expect(theirs.contains("Kernel panic - not syncing: \(sign)"))
                    // Two readers of one ring buffer.
                    #expect(ours.split(separator: "\n") == theirs.split(separator: "\n"))
                }
                // What was brought out is not brought out again.
                #expect(try !bed.run("dumps", guest).succeeded().err.contains("brought out"))
                try bed.run("dumps", guest, "--remove-from-guest").succeeded()
                #expect(try bed.run("kdump-status", guest).out.contains("Dumps:     none"))
                try bed.checkDisk(guest)
            }
            #expect(try TestBed.hostSysctls() == sysctls)
        }

        /// Arming, disarming and arming again while the guest runs.
        private func armRunning(_ guest: String) throws {
            func values() throws -> String {
                let names = "kernel.panic_on_warn kernel.hung_task_panic kernel.hung_task_timeout_secs"
                return try bed.run("exec", guest, "--", "sh", "-c", "sysctl -n \(names) | tr '\\n' ' '").succeeded().out
            }
            #expect(try values() == "0 1 10 ")
            let other = try bed.run("kdump-arm", guest, "--panic-on", "oops,warn").succeeded()
            #expect(other.err.contains("the sysctls are in effect, and its crash kernel is loaded"), "\(other.err)")
            #expect(try values().hasPrefix("1 0 "))
            let gone = try bed.run("kdump-disarm", guest).succeeded()
            #expect(gone.err.contains("until it is restarted"), "\(gone.err)")
            #expect(try values().hasPrefix("0 0 "))
            // A crash kernel that was told to save nothing would stand there for ever.
            let loaded = { try bed.run("exec", guest, "--", "cat", "/sys/kernel/kexec_crash_loaded").succeeded().out }
            #expect(try loaded() == "0\n")
            let disarmed = try bed.run("kdump-status", guest)
            #expect(disarmed.status == 3 && disarmed.out.contains("no: it is not armed"), "\(disarmed.out)")
            #expect(try !bed.run("exec", guest, "--", "ls", "/etc/sysctl.d").succeeded().out.contains("devbox"))
            try bed.run("kdump-arm", guest, "--hung-task-timeout", "10").succeeded()
            #expect(try values() == "0 1 10 ")
            #expect(try loaded() == "1\n")
            for (size, rest) in [("200M", "a restart reserves 200M"), ("192M", "its crash kernel is loaded")] {
                let again = try bed.run("kdump-arm", guest, "--crashkernel", size, "--hung-task-timeout", "10")
                    .succeeded()
                #expect(again.err.contains("the sysctls are in effect, and \(rest)"), "\(again.err)")
            }
            #expect(try bed.run("kdump-status", guest).status == 0)
        }

        @Test(
            "--verify crashes a clone and shows its dump, and nothing of it is left; on a disk without room it fails with the reason"
        )
        func verify() throws {
            try bed.withGuest("verify") { guest in
                // In a folder of its own choice.
                let settings = "echo 'KDUMP_COREDIR=\"/srv/my crash\"' >>/etc/default/kdump-tools"
                try bed.run("exec", guest, "--", "sh", "-c", settings).succeeded()
                let host = try HostState(of: bed)
                let (before, dumps) = (try Files.list(bed.work.appending("guests")), bed.work.appending("share/dumps"))
                let dumpsBefore = try Files.list(dumps)
                let proven = try bed.run("kdump-arm", guest, "--verify", "--json").succeeded()
                #expect(proven.err.contains("panicked and left a vmcore of"), "\(proven.err)")
                #expect(proven.out.contains("sysrq: Trigger a crash"))
                #expect(proven.out.contains("\"path\" : \"/srv/my crash/2"), "\(proven.out)")
                #expect(try Files.list(bed.work.appending("guests")) == before)
                #expect(try Files.list(dumps) == dumpsBefore)
                try host.waitUntilBack()

                let fill = "fallocate -l $(( ($(stat -f -c '%a * %S' /) ) - (60 << 20) )) /var/fill"
                try bed.run("exec", guest, "--", "sh", "-c", fill).succeeded()
                let refused = try bed.run("kdump-arm", guest, "--dump-level", "1", "--verify")
                #expect(refused.status == 1 && refused.err.contains("a dump may take 1G"), "\(refused.err)")
            }
        }
    }
}
