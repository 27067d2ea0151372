import DevboxCore
import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import HostTools

extension IntegrationTests {
    @Suite("Foreign programs", .serialized)
    struct ForeignTests {
        let bed: TestBed

        init() throws { bed = try TestBed.shared.get() }

        private static let foreign: Architecture = Architecture.host == .arm64 ? .amd64 : .arm64

        /// What would differ if anything had been registered in the host's binfmt_misc, or that were mounted.
        private func binfmt() throws -> [String] {
            let mounts = try Files.text("/proc/mounts").split(separator: "\n").filter { $0.contains("binfmt_misc") }
            return try mounts.map(String.init) + Files.list("/proc/sys/fs/binfmt_misc")
        }

        @Test("a container of another architecture runs its programs, and the host's binfmt_misc stays as it is")
        func exec() throws {
            let scratch = try ScratchDirectory()
            let disk = try makeDisk(Self.foreign, in: scratch)
            let before = try HostState(of: bed)
            let registered = try binfmt()
            let name = "foreign-\(String(UInt32.random(in: .min ... .max), radix: 36))"
            defer {
                _ = try? bed.run("remove", "--force", "\(name)-guest")
                _ = try? bed.run("image", "remove", name)
            }
            try bed.run("image", "import", disk.string, "--name", name, "--trusted").succeeded()
            try bed.run("clone", name, "\(name)-guest").succeeded()

            let machine = Self.foreign == .arm64 ? "aarch64\n" : "x86_64\n"
            #expect(try bed.run("exec", "\(name)-guest", "--", "uname", "-m").succeeded().out == machine)
            let script = "cat; echo complaint >&2; echo kept > /root/note; exit 7"
            let result = try bed.run("exec", "\(name)-guest", "--", "sh", "-c", script, input: "spoken\n")
            #expect(result.out == "spoken\n")
            #expect(result.err.hasSuffix("complaint\n"))
            #expect(result.status == 7)
            #expect(try bed.run("exec", "\(name)-guest", "--", "cat", "/root/note").out == "kept\n")
            try before.waitUntilBack()
            #expect(try binfmt() == registered)
            try bed.checkDisk("\(name)-guest")
        }

        @Test("root in an identity namespace registers an emulator for itself alone")
        func identityNamespace() throws {
            let registered = try binfmt()
            let registration = try #require(BinfmtRegistration(Self.foreign))
            let script =
                "\(PrivateBinfmt.steps(registration)) && /usr/lib/arch-test/\(Self.foreign.rawValue) && stat -c %u:%g /"
            let command = Unshare.dying(Command(Program("sh", package: "dash", for: "tests"), ["-c", script]))
            let output = try Pipe()
            var child = try IdentityNamespace.start(
                command, input: .null, output: .descriptor(output.writeEnd), error: .inherit)
            output.closeWriteEnd()
            let text = String(
                decoding: try Files.readAll(output.readEnd, name: "the output", limit: 4096), as: UTF8.self)
            #expect(text == "ok\n0:0\n")
            #expect(try child.wait() == .exited(0))
            #expect(try binfmt() == registered)
        }

        /// A disk with busybox, which is a whole system in one statically linked file.
        private func makeDisk(_ architecture: Architecture, in scratch: ScratchDirectory) throws -> FilePath {
            let root = scratch("root")
            try scratch.write("PRETTY_NAME=\"busybox\"\nID=debian\nVERSION_ID=\"12\"\n", to: "root/etc/os-release")
            for folder in ["bin", "dev", "proc", "sys", "run", "tmp", "work", "root", "usr/bin", "var/lib"] {
                try Files.makeDirectory(root.pushing(FilePath(folder)))
            }
            try fetchBusybox(architecture, to: scratch("unpacked"), scratch)
            // A file of its own for the shell: import looks at it to see the architecture.
            for name in ["busybox", "sh"] {
                let binary = scratch("unpacked").pushing(
                    FilePath(Files.exists(scratch("unpacked/usr/bin/busybox")) ? "usr/bin/busybox" : "bin/busybox"))
                try tool("cp", binary.string, root.appending("bin").appending(name).string)
            }
            for name in ["cat", "echo", "kill", "sleep", "uname"] {
                try tool("ln", "-s", "busybox", root.appending("bin").appending(name).string)
            }
            let disk = scratch("disk.raw")
            try tool(
                "mke2fs", "-q", "-t", "ext4", "-L", "root", "-E", "root_owner=0:0", "-d", root.string, disk.string,
                "64M")
            return disk
        }

        /// Downloads Debian's busybox-static of an architecture, from the machine's own apt sources but with a state of its own: the
        /// host's apt and dpkg do not learn of the architecture.
        private func fetchBusybox(_ architecture: Architecture, to folder: FilePath, _ scratch: ScratchDirectory) throws
        {
            for name in ["apt/lists/partial", "apt/cache/archives/partial"] { try Files.makeDirectory(scratch(name)) }
            let status = try scratch.write("", to: "apt/status")
            let options = [
                "-qq", "-o", "APT::Architecture=\(architecture.rawValue)", "-o",
                "APT::Architectures=\(architecture.rawValue)",
                "-o", "Dir::State=\(scratch("apt"))", "-o", "Dir::State::lists=\(scratch("apt/lists"))",
                "-o", "Dir::State::status=\(status)", "-o", "Dir::Cache=\(scratch("apt/cache"))",
                "-o", "Acquire::Languages=none", "-o", "APT::Sandbox::User=root", "-o", "APT::Update::Error-Mode=any",
            ]
            let apt = Program("apt-get", package: "apt", for: "tests")
            // One index that cannot be had (an archive that is being updated, say) does not matter if the package can.
            _ = try runner.attempt(Command(apt, options + ["update"]), limit: .seconds(120))
            try Files.makeDirectory(folder)
            try runner.run(
                Command(apt, options + ["download", "busybox-static"]), directory: folder, limit: .seconds(120))
            let deb = try #require(try Files.list(folder).first { $0.hasSuffix(".deb") })
            try tool("dpkg-deb", "-x", folder.appending(deb).string, folder.string)
        }
    }
}
