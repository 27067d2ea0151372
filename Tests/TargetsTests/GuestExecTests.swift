import DevboxCore
import Guests
import HostTools
import Sandbox
import SystemPackage
import TestSupport
import Testing

@testable import Targets

@Suite("What a command in a guest that does not run is refused for")
struct GuestExecTests {
    private let scratch: ScratchDirectory
    private let work: WorkDirectory

    init() throws {
        scratch = try ScratchDirectory()
        work = try WorkDirectory(given: scratch("work").string, environment: [:])
        try TestImage.make(in: work)
        try Cloner(work, runner: runner).clone("base", as: "a", CloneOptions(command: "test"))
    }

    private func failure(
        in wanted: SandboxKind? = nil, mode: GuestMode? = nil, start: StartOptions = StartOptions()
    ) -> (any ReportableError)? {
        let store = GuestStore(work, sandboxes: SandboxPolicy(wanted: wanted))
        let exec = GuestExec(GuestTargets(store, runner: runner))
        return reported { _ = try exec.run(TargetCommand(["true"]), in: "a", mode: mode, start: start) }
    }

    @Test("--in, where the guest is started for it", arguments: SandboxKind.allCases)
    func sandbox(kind: SandboxKind) {
        let error = failure(in: kind, mode: .kvm)
        #expect(error?.exitCode == .usage && error?.message.contains("--mode kvm") == true)
    }

    @Test("--init none, where no virtual machine is started", arguments: [nil, .lxc] as [GuestMode?])
    func withoutInit(mode: GuestMode?) {
        let error = failure(mode: mode, start: StartOptions(hasInit: false))
        #expect(error?.exitCode == .usage && error?.message.contains("--init none") == true)
        #expect(error?.hint?.contains("--mode kvm") == true)
    }
}

@Suite("--in, and a guest that runs")
struct RunningSandboxTests {
    @Test("is a usage error that says what to do; without it, and for all guests together, nothing is refused")
    func refused() throws {
        try SandboxPolicy().refuseIfUnused("the guest a runs already")
        try SandboxPolicy(configured: .appliance).refuseIfUnused("the guest a runs already")
        let error = reported {
            try SandboxPolicy(wanted: .container).refuseIfUnused("the guest a runs already", hint: "stop it")
        }
        #expect(error?.exitCode == .usage && error?.hint == "stop it")
        #expect(error?.message == "--in is for a stopped guest, but the guest a runs already")
    }

    @Test("targets that are worked on whether they run or not keep what devbox.yaml says")
    func alsoRunning() throws {
        let scratch = try ScratchDirectory()
        let work = try WorkDirectory(given: scratch("work").string, environment: [:])
        let policy = SandboxPolicy(wanted: .appliance, configured: .container)
        let targets = GuestTargets(GuestStore(work, sandboxes: policy), runner: runner)
        #expect(targets.alsoRunning.store.sandboxes.wanted == nil)
        #expect(targets.alsoRunning.store.sandboxes.configured == .container)
    }
}
