import DevboxCore
import Glibc
import HostTools
import Sandbox
import SystemPackage
import TestSupport
import Testing

extension IntegrationTests {
    /// A user who has all that a container without root takes, in a mount namespace where /dev/fuse is open and /etc/subuid has the user in it: the
    /// host's own stay as they are. A cgroup is delegated by what that is, with no systemd.
    @Suite("An ordinary user's container", .serialized)
    struct UserContainerTests {
        let bed: TestBed
        private let user = 65_534
        private let scratch: ScratchDirectory
        private let work: FilePath

        init() throws {
            bed = try TestBed.shared.get()
            scratch = try ScratchDirectory()
            work = scratch("work")
            try Files.setMode(scratch.path, 0o755)
            try Files.makeDirectory(work.appending("images"))
            try tool("cp", Devbox.program.name, scratch("devbox").string)
            try tool(
                "cp", "-a", "--reflink=auto", bed.work.appending("images/\(TestBed.image)").string,
                work.appending("images").string)
            try tool("chown", "-R", "\(user):\(user)", work.string)
            try Files.setMode(work, 0o700)
            try tool("mknod", scratch("fuse").string, "c", "10", "229")
            try Files.setMode(scratch("fuse"), 0o666)
            try Files.writeAtomically(Array("nobody:100000:65536\n".utf8), to: scratch("subid"), mode: 0o644)
        }

        private static let enter = """
            group=$1 fuse=$2 subid=$3
            shift 3
            mount --bind "$fuse" /dev/fuse && mount --bind "$subid" /etc/subuid && mount --bind "$subid" /etc/subgid || exit
            [ -z "$group" ] || echo $$ >"$group/cgroup.procs" || exit
            exec "$@"
            """

        /// Runs devbox as the user, from within a cgroup.
        private func devbox(
            _ arguments: [String], in group: FilePath?, input: String = ""
        ) throws -> (status: HostTools.ExitStatus, out: String, err: String) {
            let words =
                ["--mount", "--propagation", "private", "--", "sh", "-c", Self.enter, "sh", group?.string ?? ""]
                + [scratch("fuse").string, scratch("subid").string, "setpriv", "--reuid=\(user)", "--regid=\(user)"]
                + ["--clear-groups", "--", "env", "-i", "HOME=\(work)", "PATH=/usr/bin:/bin", "DEVBOX_WORK=\(work)"]
                + [scratch("devbox").string] + arguments
            let output = try runner.attempt(
                Command(Unshare.program, words), input: Array(input.utf8), limit: .seconds(120))
            return (output.status, output.text, String(decoding: output.errorBytes, as: UTF8.self))
        }

        /// A cgroup that is the user's as long as the body runs; nothing may be left in it then.
        private func withDelegatedCgroup(_ body: (FilePath) throws -> Void) throws {
            let tree = try #require(
                ContainerCgroups.mountPoints(in: Files.text("/proc/self/mounts")).first, "cgroup version 2 is mounted")
            let group = FilePath(tree).appending("devbox-test-\(getpid())")
            try Files.makeDirectory(group)
            defer { ContainerCgroups.remove(group.lastComponent?.string ?? "", in: FilePath(tree)) }
            for path in [group] + ["procs", "subtree_control", "threads"].map({ group.appending("cgroup.\($0)") }) {
                try tool("chown", "\(user):\(user)", path.string)
            }
            try body(group)
        }

        @Test("boots from the guest's disk, takes commands and files, and has written everything when it is stopped")
        func lifeOfContainer() throws {
            let before = try HostState(of: bed, work: work)
            try withDelegatedCgroup { group in
                #expect(
                    try devbox(["packages"], in: group).status == .exited(0), "it makes of the folder a work directory")
                #expect(try devbox(["clone", TestBed.image, "mine"], in: group).status == .exited(0))
                let refused = try devbox(["start", "--mode", "lxc", "mine"], in: nil)
                #expect(refused.status == .exited(69) && refused.err.contains("no cgroup of version 2 is delegated to"))
                #expect(!refused.err.contains("fuse2fs"), "only what is missing is named")

                let started = try devbox(["start", "--mode", "lxc", "mine"], in: group)
                #expect(started.status == .exited(0), "\(started.err)")
                let seen = try devbox(
                    [
                        "exec", "mine", "--", "sh", "-c",
                        "id -u; hostname; touch /work/notes/here; su nobody -s /bin/sh -c 'id -u'",
                    ],
                    in: group)
                #expect(seen.out == "0\nmine\n65534\n" && seen.status == .exited(0), "\(seen.err)")
                #expect(try Files.status(work.appending("share/notes/here")).st_uid == uid_t(user))
                // A shell of another login is in another cgroup, from which nobody may be moved.
                let outside = try devbox(["exec", "mine", "--", "sh", "-c", "sleep 1000 & exit 7"], in: nil)
                #expect(outside.status == .exited(7), "\(outside.err)")
                #expect(try devbox(["exec", "mine", "--", "pgrep", "-x", "sleep"], in: group).status == .exited(1))
                #expect(try devbox(["shell", "mine"], in: group, input: "exit 3\n").status == .exited(3))
                let write = "head -c 20000000 /dev/urandom >/root/data; chown nobody /root/data; sha256sum </root/data"
                let sum = try devbox(["exec", "mine", "--", "sh", "-c", write], in: group).out
                let stopped = try devbox(["stop", "mine"], in: group)
                #expect(stopped.status == .exited(0) && stopped.err.contains("shut down in"), "\(stopped.err)")
                try TestBed.checkDisk(work.appending("guests/mine/disk.qcow2"))
                #expect(try devbox(["start", "--mode", "lxc", "mine"], in: group).status == .exited(0))
                let read = "sha256sum </root/data; stat -c %U /root/data"
                #expect(try devbox(["exec", "mine", "--", "sh", "-c", read], in: group).out == sum + "nobody\n")
                #expect(try devbox(["stop", "mine"], in: group).status == .exited(0))
                let left = try Files.list(group).filter { !$0.contains(".") }
                #expect(left == [], "cgroups of the container")
            }
            try before.waitUntilBack()
        }

        @Test("that is killed leaves a disk that the next start puts right, with what was synced on it")
        func killed() throws {
            let before = try HostState(of: bed, work: work)
            try withDelegatedCgroup { group in
                #expect(try devbox(["packages"], in: group).status == .exited(0))
                #expect(try devbox(["clone", TestBed.image, "mine"], in: group).status == .exited(0))
                #expect(try devbox(["start", "--mode", "lxc", "mine"], in: group).status == .exited(0))
                let synced =
                    "echo kept >/root/kept; sync /root/kept; cd /root; nohup sh -c '"
                    + "while :; do i=$((i+1)); mkdir d$i; head -c 300000 /dev/zero >d$i/f; done' >/dev/null 2>&1 &"
                let wrote = try devbox(
                    ["exec", "mine", "--", "systemd-run", "--quiet", "sh", "-c", synced + " wait"], in: group)
                #expect(wrote.status == .exited(0), "\(wrote.err)")
                // It is written out every few seconds, and not with fsync(2) alone.
                let disk = work.appending("guests/mine/disk.qcow2")
                try TestBed.wait(for: "the synced file on the disk") {
                    let raw = scratch("disk.raw").string
                    try tool("qemu-img", "convert", "-U", "-f", "qcow2", "-O", "raw", disk.string, raw)
                    return try tool("debugfs", "-R", "cat /root/kept", raw).hasPrefix("kept")
                }
                for pid in try tool("pgrep", "-u", "\(user)", "-x", "unshare").split(separator: "\n") {
                    let environment = try Files.text(FilePath("/proc/\(pid)/environ"))
                    if environment.contains("DEVBOX_WORK=\(work)\0"), let pid = pid_t(pid) { kill(pid, SIGKILL) }
                }
                try before.waitUntilBack()
                let again = try devbox(["start", "--mode", "lxc", "mine"], in: group)
                #expect(again.status == .exited(0) && again.err.contains("was cut off"), "\(again.err)")
                #expect(try devbox(["exec", "mine", "--", "cat", "/root/kept"], in: group).out == "kept\n")
                #expect(try devbox(["stop", "mine"], in: group).status == .exited(0))
                try TestBed.checkDisk(work.appending("guests/mine/disk.qcow2"))
            }
            try before.waitUntilBack()
        }
    }
}
