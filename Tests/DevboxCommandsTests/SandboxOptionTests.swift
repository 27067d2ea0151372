import ArgumentParser
import DevboxCore
import Guests
import HostTools
import Images
import Sandbox
import SystemPackage
import TestSupport
import Testing

@testable import DevboxCommands

@Suite("--in, --init and image trust", .timeLimit(.minutes(5)))
struct SandboxOptionTests {
    private func parse<T: ParsableCommand>(_ type: T.Type, _ line: String) throws -> T {
        try #require(DevboxCommand.parseAsRoot(line.split(separator: " ").map(String.init)) as? T)
    }

    private func complaint(_ line: String) -> String? {
        do {
            _ = try DevboxCommand.parseAsRoot(line.split(separator: " ").map(String.init))
            return nil
        } catch {
            return DevboxCommand.fullMessage(for: error)
        }
    }

    private static let lines = [
        "exec g --in X -- true", "shell g --in X", "cp --in X f g:/f", "install --in X g f.deb",
        "install-kernel --in X g f.deb", "remove-kernel g 6.1 --in X", "fetch ltp --install g --in X", "dumps g --in X",
        "dumps --in X", "kdump-arm g --in X", "kdump-disarm g --in X", "clone g h --in X", "snapshot g --in X",
    ]

    @Test("each command that works on a stopped guest's disk takes both words, and no other one", arguments: lines)
    func words(line: String) throws {
        for kind in SandboxKind.allCases {
            #expect(complaint(line.replacing("X", with: kind.rawValue)) == nil)
        }
        let wrong = complaint(line.replacing("X", with: "chroot"))
        #expect(wrong?.contains("container") == true && wrong?.contains("appliance") == true, "\(wrong ?? "")")
    }

    @Test("it reaches the guests, and what devbox.yaml says does too")
    func reaches() throws {
        let scratch = try ScratchDirectory()
        _ = try WorkDirectory(given: scratch("work").string, environment: [:])
        try scratch.write("sandbox:\n  in: container\n", to: "work/devbox.yaml")
        let command = try parse(ExecCommand.self, "exec g --in appliance --work \(scratch("work")) -- true")
        let policy = try command.options.targets(in: command.sandbox.kind).store.sandboxes
        #expect(policy.wanted == .appliance && policy.configured == .container)
        let without = try parse(CpCommand.self, "cp f g:/f --work \(scratch("work"))")
        let other = try without.options.guests(in: without.sandbox.kind).sandboxes
        #expect(other.wanted == nil && other.configured == .container)
        let kernels = try parse(InstallKernelCommand.self, "install-kernel g f.deb --in container")
        #expect(kernels.sandbox.kind == .container)
    }

    @Test("where the guest runs already it is wrong usage, and what to do is said; nothing is done")
    func running() throws {
        let scratch = try ScratchDirectory()
        let work = try WorkDirectory(given: scratch("work").string, environment: [:])
        try TestImage.make(in: work)
        #expect(try Devbox.run("clone", "base", "a", work: work.path).status.isSuccess)
        // Somebody who listens is a supervisor.
        let files = GuestStore(work).files("a")
        try Files.makeDirectory(files.run)
        let state = #"{"mode":"kvm","startedAt":"2026-11-21T13:25:41Z"}"#
        try Files.writeAtomically(Array(state.utf8), to: files.runState)
        let listener = try UnixSocket.listen(files.control)
        defer { try? listener.close() }
        let package = try TestPackage("nightly").pack(in: scratch)
        for arguments in [
            ["exec", "a", "--", "true"], ["exec", "a", "--mode", "lxc", "--", "true"],
            ["cp", package.string, "a:/root/"],
            ["install", "a", package.string], ["fetch", "none", "--install", "a"], ["dumps", "a"], ["kdump-arm", "a"],
            ["kdump-disarm", "a"],
        ] {
            let words = [arguments[0], "--in", "container"] + arguments.dropFirst()
            let output = try runner.attempt(
                Command(Devbox.program, words, environment: ["DEVBOX_WORK": work.path.string]), limit: .seconds(30))
            #expect(output.status == .exited(arguments[0] == "exec" ? 125 : 64), "\(words): \(output.complaint)")
            let told = String(decoding: output.errorBytes, as: UTF8.self)
            #expect(told.contains("--in is for a stopped guest, but the guest a runs already"), "\(words): \(told)")
            #expect(told.contains("`devbox stop a`"), "\(words): \(told)")
        }
    }

    @Test("what is wrong in devbox.yaml keeps nobody from a command that has no use for it")
    func unused() throws {
        let scratch = try ScratchDirectory()
        let work = try WorkDirectory(given: scratch("work").string, environment: [:])
        try scratch.write("sandbox:\n  in: nowhere\n", to: "work/devbox.yaml")
        #expect(try Devbox.run("list", work: work.path).status.isSuccess)
        let output = try Devbox.run("install", "g", "f.deb", work: work.path)
        #expect(output.status == .exited(65) && output.complaint.contains("line 2"), "\(output.complaint)")
    }

    @Test(
        "choices that exclude each other are refused, and what to do is said",
        arguments: [
            ("exec g --mode kvm --in appliance -- true", "--mode kvm starts it"),
            ("shell g --mode kvm --in container", "--mode kvm starts it"),
            ("exec g --mode lxc --in appliance -- true", "--mode lxc is a container"),
            ("fetch ltp --in appliance", "--in goes with --install"),
            ("exec g --init none -- true", "add --mode kvm"),
            ("exec g --init none --mode lxc -- true", "add --mode kvm"),
            ("exec g --init none --mode kvm --detach -- true", "--detach"),
            ("exec g --init none --mode kvm --bridge br0 -- true", "--bridge"),
            ("exec g --init none --mode kvm --in appliance -- true", "--mode kvm starts it"),
            ("exec g --init systemd --mode kvm -- true", "own"),
        ])
    func refused(line: String, words: String) throws {
        let complaint = try #require(self.complaint(line))
        #expect(complaint.contains(words), "\(complaint)")
    }

    @Test("without an init, or with the guest's own")
    func initSystem() throws {
        let none = try parse(ExecCommand.self, "exec g --init none --mode kvm --kernel 6.1 -- true")
        #expect(none.initSystem == .none)
        #expect(try parse(ExecCommand.self, "exec g --mode lxc --in container -- true").initSystem == .own)
        #expect(try parse(ExecCommand.self, "exec g --init own --detach -- true").initSystem == .own)
    }

    @Test("image trust is told by list and show, and as JSON, of every image")
    func trust() throws {
        let scratch = try ScratchDirectory()
        let work = try WorkDirectory(given: scratch("work").string, environment: [:])
        var record = try TestImage.make(in: work)
        #expect(record.origin.kind == "import" && record.origin.trusted == nil)
        func isTrusted(_ arguments: String...) throws -> Bool? {
            struct Image: Decodable {
                struct Origin: Decodable { let trusted: Bool? }
                let origin: Origin
            }
            let output = try runner.run(
                Command(Devbox.program, arguments + ["--json"], environment: ["DEVBOX_WORK": work.path.string]))
            let bytes = arguments == ["image", "list"] ? Array(output.bytes.dropFirst().dropLast(2)) : output.bytes
            return try RecordFile.decode(Image.self, from: bytes).origin.trusted
        }
        // One that an earlier devbox imported.
        #expect(try isTrusted("image", "show", "base") == false)
        #expect(try isTrusted("image", "list") == false)
        #expect(try Devbox.run("image", "list", work: work.path).text.contains("no\n"))
        #expect(try isTrusted("image", "trust", "base") == true)
        #expect(try isTrusted("image", "show", "base") == true)
        #expect(try Devbox.run("image", "list", work: work.path).text.contains("yes\n"))
        #expect(try Devbox.run("image", "show", "base", work: work.path).text.contains("Trusted:  yes\n"))
        #expect(try isTrusted("image", "trust", "base", "--undo") == false)
        // One that an earlier devbox built.
        (record.origin.kind, record.origin.trusted) = ("build", nil)
        try RecordFile.write(record, to: ImageStore(work).image("base").record)
        #expect(try isTrusted("image", "show", "base") == true)
        #expect(try isTrusted("image", "trust", "base", "--undo") == false)
        #expect(try Devbox.run("image", "trust", "none", work: work.path).status == .exited(66))
    }
}
