import DevboxCore
import Guests
import HostTools
import SystemPackage
import Targets
import TestSupport
import Testing

extension IntegrationTests {
    @Suite("Targets", .serialized)
    struct TargetTests {
        let bed: TestBed

        init() throws { bed = try TestBed.shared.get() }

        @Test(
            "a command of a running guest has its variables and begins in its folder; one that is not there is no status of the command's",
            arguments: [GuestMode.lxc, .kvm])
        func surroundings(mode: GuestMode) throws {
            let work = try WorkDirectory(given: bed.work.string, environment: Command.inheritedEnvironment)
            try bed.withGuest("target-\(mode.rawValue)") { guest in
                try bed.run("start", "--mode", mode.rawValue, guest).succeeded()
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
                #expect(target.hasOwnKernel == (mode == .kvm) && target.architecture == .host)
                if mode == .kvm { #expect(try target.console().contains("Linux version")) }
            }
        }
    }
}
