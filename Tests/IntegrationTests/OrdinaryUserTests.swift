import DevboxCore
import Glibc
import HostTools
import SystemPackage
import TestSupport
import Testing

extension IntegrationTests {
    /// What needs no root: all but containers.
    @Suite("An ordinary user", .serialized)
    struct OrdinaryUserTests {
        let bed: TestBed

        init() throws { bed = try TestBed.shared.get() }

        @Test(
            "with no sudo, no /dev/fuse and no /dev/loop-control: from an image to a dump, and nothing of a guest is mounted on the host"
        )
        func story() throws {
            let (kernel, version) = try bed.realKernel()
            let scratch = try ScratchDirectory()
            let user = try OrdinaryUser(in: scratch)
            let work = user.work
            let before = try HostState(of: bed, work: work)
            try user.run("packages").succeeded()
            try leftOfRoot(user)
            try user.run("image", "build", "base", limit: .seconds(900)).succeeded()
            try user.run("clone", "base", "mine").succeeded()

            // Stopped.
            let first = try user.traced(
                "exec", "mine", "--", "sh", "-c", "hostname; id -u; stat -c %u / /etc /var; touch /work/notes/here"
            )
            .succeeded()
            #expect(first.out == "mine\n0\n0\n0\n0\n", "what is laid over an image is root's: \(first.out)")
            #expect(try Files.status(work.appending("share/notes/here")).st_uid == uid_t(OrdinaryUser.id))
            let (package, symbols) = try (copy(kernel, to: scratch), symbols(of: version, in: scratch))
            let installed = try user.traced("install-kernel", "mine", package.string, "--debug", symbols.string)
                .succeeded()
            #expect(
                installed.err.contains("installed \(version)") && installed.err.contains("/work/debug/"),
                "\(installed.err)")
            let reproducer = try scratch.write("#!/bin/sh\nuname -r\n", to: "reproduce")
            try Files.setMode(reproducer, 0o755)
            try user.traced("cp", reproducer.string, "mine:/root/").succeeded()
            try user.run("snapshot", "mine", "clean").succeeded()
            // On its own kernel, without its init and with it.
            let own = try user.traced("exec", "--mode", "kvm", "--init", "none", "mine", "--", "/root/reproduce")
                .succeeded()
            #expect(own.out == "\(version)\n")
            let whole = try user.traced("exec", "--mode", "kvm", "mine", "--", "/root/reproduce").succeeded()
            #expect(whole.out == "\(version)\n")

            // A guest in which something ran is checked before it is edited.
            try user.traced("kdump-arm", "mine").succeeded()
            #expect(try user.run("kdump-status", "mine").status == 0)
            #expect(
                try user.run("start", "--mode", "lxc", "mine").status != 0, "there is nothing to mount its disk with")
            try user.run("start", "--accel", "tcg", "mine").succeeded()
            #expect(try user.run("exec", "mine", "--", "/root/reproduce").out == "\(version)\n")
            try user.run("dump", "mine").succeeded()
            try user.run("cp", "mine:/root/reproduce", scratch("work/back").string).succeeded()
            #expect(try Files.text(scratch("work/back")) == (try Files.text(reproducer)))
            let crash = "systemctl start kdump-tools; sync; echo 1 >/proc/sys/kernel/sysrq; echo c >/proc/sysrq-trigger"
            let panic = try user.run("exec", "mine", "--", "sh", "-c", crash)
            #expect(panic.status == 121, "\(panic.err)")
            try user.run("wait", "mine", "--for", "dump", "--timeout", "240").succeeded()
            try user.run("stop", "--force", "mine").succeeded()

            // Its journal is to be replayed.
            let dumps = try user.traced("dumps", "mine", "--remove-from-guest").succeeded()
            #expect(dumps.out.contains("complete  sysrq: Trigger a crash"), "\(dumps.out)")
            #expect(try !user.run("dumps", "mine").err.contains("brought out"))
            #expect(try user.run("rollback", "mine", "clean").succeeded().err.contains("back at clean"))
            #expect(try user.run("kernels", "mine").out.contains(version))
            try before.waitUntilBack()
            try user.run("remove", "mine").succeeded()
            #expect(try tool("find", work.string, "!", "-user", "\(OrdinaryUser.id)") == "")
        }

        /// What root's devbox left when it was killed is seen, though only root may look into it.
        private func leftOfRoot(_ user: OrdinaryUser) throws {
            let left = user.work.pushing(FilePath("share/debug/.new-debug-\(try TestBed.endedProcess())-1"))
            try Files.makeDirectory(left)
            try Files.setMode(left, 0o700)
            let doctor = try user.run("doctor", "--json").out
            #expect(doctor.contains(left.string) && doctor.contains("it is another user's"), "\(doctor)")
            try Files.removeTree(left)
        }

        /// The test bed is root's.
        private func copy(_ file: FilePath, to scratch: ScratchDirectory) throws -> FilePath {
            let copy = scratch(file.lastComponent?.string ?? "package.deb")
            try tool("cp", file.string, copy.string)
            try Files.setMode(copy, 0o644)
            return copy
        }

        /// A package of symbols, of which the kernel's name is right.
        private func symbols(of version: String, in scratch: ScratchDirectory) throws -> FilePath {
            let debug = TestPackage("linux-image-\(version)-dbg", architecture: "amd64")
            let folder = scratch("tree-\(debug.name)-1.0/usr/lib/debug/boot")
            try Files.makeDirectory(folder)
            let source = try scratch.write("int main(void) { return 0; }", to: "vmlinux.c")
            try tool("gcc", "-g", "-Wl,--build-id", "-o", folder.appending("vmlinux-\(version)").string, source.string)
            return try debug.pack(in: scratch)
        }
    }
}

extension TestBed {
    /// The id of a process that has ended.
    static func endedProcess() throws -> pid_t {
        var child = try ChildProcess(
            Command(Program("true", package: "coreutils", for: "tests"), []), output: .null, error: .null)
        _ = try child.wait()
        return child.pid
    }
}
