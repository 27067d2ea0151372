import DevboxCore
import Glibc
import Guests
import HostTools
import SystemPackage
import Targets
import TestSupport
import Testing

extension IntegrationTests {
    @Suite("Commands in every mode", .serialized)
    struct ExecTests {
        let bed: TestBed

        init() throws { bed = try TestBed.shared.get() }

        @Test(
            "a command finds the same, and its end is the end, in a stopped guest however it is run, a container and a virtual machine"
        )
        func everyMode() throws {
            try bed.withGuest("modes") { guest in
                // A container, and an appliance, as which the guest's own kernel without its init behaves, too.
                for options in [[], ["--in", "appliance"]] {
                    let found = try behaviour(guest, options)
                    #expect(found == Behaviour.wanted, "\(options): \(found)")
                }
                #expect(try bed.run("exec", "--detach", guest, "--", "true").status == 125)
                try highIDs(guest)
                try highIDs(guest, ["--in", "appliance"])
                try bed.run("start", "--mode", "lxc", guest).succeeded()
                #expect(try behaviour(guest) == Behaviour.wanted)
                try surroundings(guest, hasOwnKernel: false)
                try highIDs(guest)
                try detached(guest)
                try bed.run("flip", guest, "kvm").succeeded()
                #expect(try behaviour(guest) == Behaviour.wanted)
                try surroundings(guest, hasOwnKernel: true)
                try detached(guest)
                try unread(guest)
                try saidPanic(guest)
                try terminal(guest)
                try loginShells(guest)
                try bed.run("stop", "--force", guest).succeeded()
            }
        }

        private struct Behaviour: Equatable {
            var variables, loop, odd: String
            var slow: Int
            var left, took: Bool
            var status: Int32

            static let wanted = Behaviour(
                variables: "root root /bin/bash /root C.UTF-8 dumb 0022 /root\nin\n", loop: "1\n2\n3\n",
                odd: "s/\\\\/X/|!x|\n|é|", slow: 1_000_000, left: false, took: true, status: 3)
        }

        /// - Parameter options: of `exec`.
        private func behaviour(_ guest: String, _ options: [String] = []) throws -> Behaviour {
            func run(_ command: String..., input: String = "") throws -> TestBed.Outcome {
                try bed.run(["exec", "--timeout", "60"] + options + [guest, "--"] + command, input: input)
            }
            let line =
                "printf '1\\n2\\n3\\n' | while read n; do \"$devbox\" exec \(options.joined(separator: " ")) \(guest) -- echo $n || exit; done"
            let loop = try tool(
                "env", "DEVBOX_WORK=\(bed.work)", "devbox=\(Devbox.program.name)", "sh", "-c", line)
            let clock = ContinuousClock.now
            let ended = try run("sh", "-c", "sleep 601 & setsid sleep 602 & exit 3")
            let took = ContinuousClock.now - clock
            let variables = "echo $USER $LOGNAME $SHELL $HOME $LANG $TERM $(umask) $(pwd); cat"
            return Behaviour(
                variables: try run("sh", "-c", variables, input: "in\n").out, loop: loop,
                odd: try run("printf", "%s|", "s/\\\\/X/", "!x", "\n", "é").out,
                slow: try slowlyRead(guest, options),
                left: try run("sh", "-c", "ps -e -o args= | grep '^sleep 60[12]'").status == 0,
                took: took < .seconds(30),
                status: ended.status)
        }

        /// What a caller of the target itself gets: variables, a folder to begin in, and its words where there is none.
        private func surroundings(_ guest: String, hasOwnKernel: Bool) throws {
            let work = try WorkDirectory(given: bed.work.string, environment: Command.inheritedEnvironment)
            let target = try #require(try GuestTargets(GuestStore(work), runner: runner).running(guest))
            var command = TargetCommand(["sh", "-c", #"pwd; printf '%s\n' "$GREETING" "$EMPTY"; cat; exit 7"#])
            command.environment = ["GREETING": "it's \"$HOME\"\nof the day", "EMPTY": ""]
            command.directory = "/etc/default"
            command.input = .bytes(Array("read".utf8))
            command.output = .captured(limit: 1000)
            let result = try target.run(command)
            #expect(result.status == 7)
            #expect(result.text == "/etc/default\nit's \"$HOME\"\nof the day\n\nread")
            command.directory = "/nowhere"
            let error = reported { _ = try target.run(command) }
            #expect(error?.exitCode == .environment && error?.message == "there is no folder /nowhere in \(guest)")
            #expect(target.hasOwnKernel == hasOwnKernel && target.architecture == .host)
            if hasOwnKernel { #expect(try target.console().contains("Linux version")) }
        }

        /// How much comes of a command's output where it is read later than it is written.
        private func slowlyRead(_ guest: String, _ options: [String]) throws -> Int {
            let line =
                "\"$devbox\" exec \(options.joined(separator: " ")) \(guest) -- head -c 1000000 /dev/zero | { sleep 1; wc -c; }"
            let text = try tool("env", "DEVBOX_WORK=\(bed.work)", "devbox=\(Devbox.program.name)", "sh", "-c", line)
            return Int(text.filter(\.isNumber)) ?? 0
        }

        private func highIDs(_ guest: String, _ options: [String] = []) throws {
            let script = "touch /root/high && chown 65536:3000000000 /root/high && stat -c '%u %g' /root/high"
            #expect(
                try bed.run(["exec"] + options + [guest, "--", "sh", "-c", script]).out == "65536 3000000000\n")
            let scratch = try ScratchDirectory()
            try bed.run("cp", "\(guest):/root/high", scratch("high").string).succeeded()
        }

        private func detached(_ guest: String) throws {
            let result = try bed.run(
                "exec", "--detach", guest, "--", "sh", "-c", "sleep 603 & exit 3", limit: .seconds(60))
            #expect(result.status == 3)
            #expect(try bed.run("exec", guest, "--", "pkill", "-f", "^sleep 603").status == 0)
            // A terminal's end is not the end of what was to go on.
            let typed = "\(Devbox.program.name) exec --detach \(guest) -- sh -c 'sleep 604 & exit 4'"
            _ = try attempt("env", "DEVBOX_WORK=\(bed.work)", "script", "-qec", typed, "/dev/null")
            #expect(try bed.run("exec", guest, "--", "pkill", "-f", "^sleep 604").status == 0)
        }

        /// A time limit holds where nobody reads what the command writes.
        private func unread(_ guest: String) throws {
            let output = try Pipe()
            var child = try ChildProcess(
                bed.command(["exec", "--timeout", "3", guest, "--", "yes"]), output: .descriptor(output.writeEnd),
                error: .null)
            let ended = try child.wait(until: .now + .seconds(60))
            #expect(ended?.shellStatus == 122)
            #expect(try bed.run("exec", guest, "--", "pgrep", "-x", "yes").status == 1)
        }

        private func loginShells(_ guest: String) throws {
            let noisy = """
                echo echo from .bashrc >/root/.bashrc
                printf '#!/bin/sh\\necho from the shell\\necho and its error >&2\\nexec /bin/sh "$@"\\n' >/usr/local/bin/odd
                chmod +x /usr/local/bin/odd; echo /usr/local/bin/odd >>/etc/shells
                """
            try bed.run("exec", guest, "--", "sh", "-c", noisy).succeeded()
            for shell in ["/bin/bash", "/usr/local/bin/odd"] {
                try bed.run("exec", guest, "--", "usermod", "-s", shell, "root").succeeded()
                let result = try bed.run("exec", guest, "--", "printf", "%s", "s/\\\\/X/")
                #expect(result.out == "s/\\\\/X/" && result.err.isEmpty, "\(result.out)\(result.err)")
                let scratch = try ScratchDirectory()
                try bed.run("cp", "\(guest):/etc/hostname", scratch("name").string).succeeded()
                #expect(try Files.text(scratch("name")) == "\(guest)\n")
            }
            // Nobody gets in to undo it: what was left in the guest does, when it is told to.
            let sign = "build/\(guest)"
            let folder = bed.work.appending("share").pushing(FilePath(sign))
            defer { try? Files.removeTree(folder) }
            let change = """
                mkdir /work/\(sign); usermod -s /bin/false root
                (until [ -e /work/\(sign)/go ]; do sleep 0.2; done
                    usermod -s /bin/bash root; chage -d 0 root; touch /work/\(sign)/done) >/dev/null 2>&1 &
                """
            try bed.run("exec", "--detach", guest, "--", "sh", "-c", change).succeeded()
            try refuses(guest)
            try Files.writeAtomically([], to: folder.appending("go"))
            try TestBed.wait(for: "change in the guest") { Files.exists(folder.appending("done")) }
            try refuses(guest)
        }

        private func refuses(_ guest: String) throws {
            let refused = try bed.run("exec", "--bisect", guest, "--", "true")
            #expect(refused.status == 125 && refused.err.contains("was not begun"), "\(refused.err)")
        }

        private func terminal(_ guest: String) throws {
            let line = "\(Devbox.program.name) exec \(guest) -- sh -c 'tty; stty size; exit 5'; echo status $?"
            let typed = try tool(
                "env", "DEVBOX_WORK=\(bed.work)", "script", "-qec", "stty rows 33 cols 77; \(line)", "/dev/null")
            #expect(typed.contains("/dev/pts/") && typed.contains("33 77") && typed.contains("status 5"), "\(typed)")
            #expect(!typed.contains("\u{1E}"))
        }

        private func saidPanic(_ guest: String) throws {
            // The guest answers for the first within this time; the second has all of that in which an answer must come.
            let words = """
                echo '<4>selftest: expecting: Kernel panic - not syncing: softlockup' >/dev/kmsg; sleep 6
                echo '<0>Kernel panic - not syncing: x' >/dev/kmsg; sleep 18
                """
            let said = try bed.run("exec", guest, "--", "sh", "-c", words)
            #expect(said.status == 0, "\(said.err)")
            #expect(try bed.run("exec", guest, "--", "true").status == 0)
            #expect(try bed.listed(guest).state == "running")
        }
    }
}
