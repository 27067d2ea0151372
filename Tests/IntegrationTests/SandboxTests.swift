import DevboxCore
import HostTools
import Sandbox
import SystemPackage
import TestSupport
import Testing

extension IntegrationTests {
    @Suite("Containers that are no guests", .serialized)
    struct SandboxTests {
        let bed: TestBed
        let scratch: ScratchDirectory
        let work: WorkDirectory

        init() throws {
            bed = try TestBed.shared.get()
            scratch = try ScratchDirectory()
            work = try WorkDirectory(given: bed.work.string, environment: Command.inheritedEnvironment)
            // A root that has nothing of its own but names: its programs are the host's.
            for name in ["run", "dev", "proc", "sys", "usr", "etc"] { try Files.makeDirectory(scratch("root/\(name)")) }
            for name in ["bin", "sbin", "lib", "lib64"] {
                try tool("ln", "-s", "usr/\(name)", scratch("root/\(name)").string)
            }
        }

        /// Runs a command in a container over a folder.
        private func run(_ command: SandboxCommand, change: (inout SandboxPlan) -> Void = { _ in }) throws -> (
            status: Int32?, output: String
        ) {
            let root = SandboxRoot.folder(path: scratch("root").string)
            var plan = SandboxPlan(
                "devbox-test", root: root, architecture: try #require(Architecture.host), task: .command(command),
                folder: scratch("run"), work: work)
            let programs = try Files.list("/usr").map { SandboxMount.Entry(FilePath("/usr").appending($0), as: $0) }
            plan.mounts = [SandboxMount("/usr", entries: programs)]
            change(&plan)
            let pipe = try Pipe()
            var sandbox = try Sandbox(
                plan, streams: .attached(input: .null, output: .descriptor(pipe.writeEnd)), console: runner.console,
                devbox: Devbox.program)
            pipe.closeWriteEnd()
            let status = try sandbox.finish(until: .now + .seconds(30))
            return (status, String(decoding: try Files.readAll(pipe.readEnd, name: "output"), as: UTF8.self))
        }

        @Test("a command runs over a folder, with variables, a folder to begin in, and a status of its own")
        func folder() throws {
            try scratch.write("of the root\n", to: "root/etc/note")
            let script = #"cat note; pwd; echo "$GREETING"; id -u; hostname; touch made; exit 7"#
            let before = try HostState(of: bed)
            let result = try run(
                SandboxCommand(["sh", "-c", script], environment: ["GREETING": "good\nday"], directory: "/etc"))
            #expect(result.status == 7)
            #expect(result.output == "of the root\n/etc\ngood\nday\n0\ndevbox-test\n")
            #expect(Files.exists(scratch("root/etc/made")))
            try before.waitUntilBack()
        }

        @Test("a root that is not writable stays as it is, and what it is shown too")
        func readOnly() throws {
            let script = "touch /etc/made || touch /usr/made || echo refused"
            let result = try run(SandboxCommand(["sh", "-c", script])) { $0.isWritable = false }
            #expect(result.output == "refused\n")
            #expect(result.status == 0)
            #expect(!Files.exists(scratch("root/etc/made")))
        }

        @Test("a folder to begin in that is not there is a failure of the environment, and no status of the command")
        func missingFolder() throws {
            #expect { try run(SandboxCommand(["true"], directory: "/nowhere")) } throws: {
                let failure = $0 as? Failure
                return failure?.exitCode == .environment && failure?.message.contains("no folder /nowhere") == true
            }
        }

        @Test("a plan may be larger than what its channel takes at once")
        func largePlan() throws {
            let words = (1...5000).map { "\($0)-" + String(repeating: "x", count: 80) }
            let result = try run(SandboxCommand(["sh", "-c", #"echo $#; echo "${5000}""#, "sh"] + words))
            #expect(result.output == "5000\n\(words[4999])\n")
        }
    }
}
