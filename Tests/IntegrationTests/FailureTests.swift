import DevboxCore
import Glibc
import HostTools
import SystemPackage
import TestSupport
import Testing

extension IntegrationTests {
    /// What goes wrong has the right exit code, one clear line, a hint, and changes nothing.
    @Suite("Failures", .serialized)
    struct FailureTests {
        let bed: TestBed

        init() throws { bed = try TestBed.shared.get() }

        @Test("bad names, unknown names and taken names")
        func names() throws {
            try bed.withGuest("name") { guest in
                let bad = try bed.run("clone", TestBed.image, "../escape")
                #expect(bad.status == 64 && bad.err.contains("cannot name a guest") && bad.err.contains("hint:"))
                #expect(try bed.run("clone", "no-such-image", "x").status == 66)
                #expect(try bed.run("show", "no-such-guest").status == 66)
                let taken = try bed.run("clone", TestBed.image, guest)
                #expect(taken.status == 73 && taken.err.contains("hint: `devbox remove \(guest)`"))
                #expect(try bed.run("exec", "no-such-guest", "--", "true").status == 125)
                // In a bisection a line that is wrong must not look like a bad commit.
                #expect(try bed.run("exec", guest).status == 125)
                #expect(try bed.run("exec", guest, "--kernel", "6.1", "--", "true").status == 125)
                #expect(try bed.run("start", guest, "--timeout").status == 64)
                // QEMU's own reason is told.
                let huge = "\(guest)-huge"
                defer { _ = try? bed.run("remove", "--force", huge) }
                try bed.run("clone", TestBed.image, huge, "--memory", "100T").succeeded()
                let failed = try bed.run("start", huge)
                #expect(failed.status == 1 && failed.err.contains("QEMU did not start: "), "\(failed.err)")
                #expect(failed.err.contains("memory"), "\(failed.err)")
            }
        }

        @Test("a truncated qcow2, a text file, a folder and a foreign disk are refused by import, and no image appears")
        func badDisks() throws {
            let scratch = try ScratchDirectory()
            let base = bed.work.appending("images/\(TestBed.image)/disk.qcow2")
            let cut = scratch("cut.qcow2").string
            try tool("dd", "if=\(base)", "of=\(cut)", "bs=1M", "count=20", "status=none")
            let text = try scratch.write("not a disk", to: "text")
            let empty = scratch("empty.raw").string
            try tool("truncate", "-s", "64M", empty)
            for file in [cut, text.string, empty, scratch.path.string] {
                let result = try bed.run("image", "import", file, "--name", "bad")
                #expect(result.status == 65, "\(file): \(result.err)")
                #expect(result.err.split(separator: "\n").first?.hasPrefix("devbox: error: ") == true)
            }
            #expect(try bed.run("image", "import", scratch("none").string, "--name", "bad").status == 66)
            #expect(!(try Files.list(bed.work.appending("images")).contains { $0 == "bad" || $0.hasPrefix(".") }))
        }

        @Test(
            "Ctrl-C ends the building of an image while its packages are still being installed, and nothing of it stays"
        )
        func interruptedBuild() throws {
            let before = try HostState(of: bed)
            var child = try ChildProcess(bed.command(["image", "build", "interrupted"]), output: .null, error: .null)
            func isInstalling() throws -> Bool {
                try Files.list("/proc").contains {
                    ((try? Files.text(FilePath("/proc/\($0)/comm"))) ?? "") == "mmdebstrap\n"
                }
            }
            try TestBed.wait(for: "mmdebstrap", isInstalling)
            child.signal(SIGINT)
            #expect(try child.wait(until: .now + .seconds(8))?.shellStatus == 128 + SIGINT)
            try before.waitUntilBack()
            #expect(!(try Files.list(bed.work.appending("images")).contains { $0 != TestBed.image }))
        }

        @Test("a full disk fails a clone with one line and a hint, and leaves nothing half-made")
        func fullDisk() throws {
            // In a mount namespace of its own, guests/ is a file system with no room for a layer.
            let script = """
                mount -t tmpfs -o size=256k,mode=755 none "$1/guests" || exit 99
                "$2" clone \(TestBed.image) full; echo "status $?"; ls -A "$1/guests" | wc -l
                """
            let result = try attempt(
                "unshare", "--mount", "--propagation", "private", "env", "DEVBOX_WORK=\(bed.work)", "sh", "-c", script,
                "sh",
                bed.work.string, Devbox.program.name)
            #expect(result.text == "status 1\n0\n")
            let message = String(decoding: result.errorBytes, as: UTF8.self)
            #expect(message.contains("no space left on device") && message.contains("hint: free some space"))
        }

        @Test("a disk that is too full for an image is what the error names, and nothing is left on it")
        func fullDiskForImage() throws {
            let script = """
                mount -t tmpfs -o size=64m,mode=755 none "$1/images" || exit 99
                "$2" image build full; echo "status $?"; ls -A "$1/images" | wc -l
                """
            let result = try attempt(
                "unshare", "--mount", "--propagation", "private", "env", "DEVBOX_WORK=\(bed.work)", "sh", "-c", script,
                "sh", bed.work.string, Devbox.program.name)
            #expect(result.text == "status 1\n0\n")
            let message = String(decoding: result.errorBytes, as: UTF8.self)
            #expect(
                message.lowercased().contains("no space left on device") && message.contains("hint: free some space"))
        }

        @Test("a missing program is named, with the package to install")
        func missingProgram() throws {
            let script = """
                mount --bind /dev/null "$(command -v ssh-keygen)" || exit 99
                "$1" clone \(TestBed.image) missing; echo "status $?"
                """
            let result = try attempt(
                "unshare", "--mount", "--propagation", "private", "env", "DEVBOX_WORK=\(bed.work)", "sh", "-c", script,
                "sh",
                Devbox.program.name)
            #expect(result.text == "status 69\n")
            let message = String(decoding: result.errorBytes, as: UTF8.self)
            #expect(
                message.contains("ssh-keygen is not installed")
                    && message.contains("hint: apt-get install openssh-client"))
            #expect(try bed.run("show", "missing").status == 66)
        }

        @Test("an image that somebody wrote to is not cloned any more")
        func changedImage() throws {
            let disk = bed.work.appending("images/\(TestBed.image)/disk.qcow2")
            let status = try Files.status(disk)
            defer {
                var times = [status.st_atim, status.st_mtim]
                utimensat(AT_FDCWD, disk.string, &times, 0)
            }
            try tool("touch", "-m", disk.string)
            let result = try bed.run("clone", TestBed.image, "changed")
            #expect(result.status == 65 && result.err.contains("somebody wrote to this image"))
        }
    }
}
