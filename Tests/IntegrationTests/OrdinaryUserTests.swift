import DevboxCore
import Glibc
import HostTools
import SystemPackage
import TestSupport
import Testing

extension IntegrationTests {
    /// What needs no root, with a copy of the program that has nothing beside it.
    @Suite("An ordinary user", .serialized)
    struct OrdinaryUserTests {
        let bed: TestBed
        private let user = 65_534

        init() throws { bed = try TestBed.shared.get() }

        @Test("clones an image, starts the guest as a virtual machine, arms it, and owns all that comes of it")
        func cloneAndStart() throws {
            let scratch = try ScratchDirectory()
            try Files.setMode(scratch.path, 0o755)
            let program = try install(in: scratch)
            let work = try workDirectory(in: scratch)
            func devbox(_ arguments: String...) throws -> Runner.Output {
                let words =
                    ["--reuid=\(user)", "--regid=\(user)", "--clear-groups", "--", "env", "-i", "HOME=\(work)"]
                    + ["PATH=/usr/bin:/bin", "DEVBOX_WORK=\(work)", program.string] + arguments
                return try runner.attempt(Command(Setpriv.program, words), limit: .seconds(300))
            }
            let before = try HostState(of: bed, work: work)
            #expect(try devbox("packages").status == .exited(0), "it makes of the folder a work directory")
            // What root's devbox left when it was killed is seen, though only root may look into it.
            let left = work.pushing(FilePath("share/debug/.new-debug-\(try TestBed.endedProcess())-1"))
            try Files.makeDirectory(left)
            try Files.setMode(left, 0o700)
            let doctor = try devbox("doctor", "--json").text
            #expect(doctor.contains(left.string) && doctor.contains("it is another user's"), "\(doctor)")
            try Files.removeTree(left)
            #expect(try devbox("clone", TestBed.image, "mine").status == .exited(0))
            let stopped = try devbox("exec", "mine", "--", "true")
            #expect(
                stopped.status == .exited(125)
                    && String(decoding: stopped.errorBytes, as: UTF8.self).contains("needs root"))
            let container = try devbox("start", "--mode", "lxc", "mine")
            #expect(
                container.status == .exited(69)
                    && String(decoding: container.errorBytes, as: UTF8.self).contains("as a container without root"))
            let started = try devbox("start", "--accel", "tcg", "mine")
            #expect(started.status == .exited(0), "\(String(decoding: started.errorBytes, as: UTF8.self))")
            #expect(try devbox("exec", "mine", "--", "sh", "-c", "touch /work/notes/here; hostname").text == "mine\n")
            let outside = try devbox("dump", "mine")
            #expect(outside.status == .exited(0), "\(String(decoding: outside.errorBytes, as: UTF8.self))")
            #expect(try Files.list(work.appending("share/dumps/mine")).count == 1)
            let dump = scratch("vmcore")
            try tool(
                "cp", FilePath(#filePath).removingLastComponent().pushing("../CrashTests/Fixtures/kdump.elf.xz").string,
                scratch("vmcore.xz").string)
            try tool("xz", "-d", scratch("vmcore.xz").string)
            try Files.setMode(dump, 0o644)
            #expect(try devbox("exec", "mine", "--", "mkdir", "-p", "/var/crash/202611211805").status == .exited(0))
            #expect(try devbox("cp", dump.string, "mine:/var/crash/202611211805/vmcore").status == .exited(0))
            let stop = try devbox("stop", "mine")
            #expect(String(decoding: stop.errorBytes, as: UTF8.self).contains("shut down in"))
            // A guest in which something ran is checked first, which an ordinary user may do where /dev/fuse is open to all.
            let armed = try devbox("kdump-arm", "mine")
            #expect(armed.status == .exited(0), "\(String(decoding: armed.errorBytes, as: UTF8.self))")
            #expect(try devbox("kdump-status", "mine").status == .exited(0))
            #expect(try devbox("kdump-disarm", "mine").status == .exited(0))
            #expect(try Files.status(work.appending("share/notes/here")).st_uid == uid_t(user))
            // The disk is read without root; only a change of it needs root.
            let dumps = try devbox("dumps", "mine")
            #expect(dumps.status == .exited(0) && dumps.text.contains("complete  sysrq: Trigger a crash"))
            let removal = try devbox("dumps", "mine", "--remove-from-guest")
            #expect(removal.status == .exited(77) && removal.text.contains("complete  sysrq: Trigger a crash"))
            let others = try tool("find", work.string, "!", "-user", "\(user)")
            #expect(others == "")
            try before.waitUntilBack()
        }

        private func install(in scratch: ScratchDirectory) throws -> FilePath {
            try Files.makeDirectory(scratch("bin"))
            let program = scratch("bin/devbox")
            try tool("cp", Devbox.program.name, program.string)
            return program
        }

        /// A work directory of the user's with a copy of the base image in it.
        private func workDirectory(in scratch: ScratchDirectory) throws -> FilePath {
            let work = scratch("work")
            let image = bed.work.appending("images/\(TestBed.image)")
            try Files.makeDirectory(work.appending("images"))
            try tool("cp", "-a", "--reflink=auto", image.string, work.appending("images/\(TestBed.image)").string)
            try tool("chown", "-R", "\(user):\(user)", work.string)
            try Files.setMode(work, 0o700)
            return work
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
