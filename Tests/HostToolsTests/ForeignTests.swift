import DevboxCore
import SystemPackage
import TestSupport
import Testing

@testable import HostTools

@Suite("Foreign programs")
struct ForeignTests {
    @Test(
        "an emulator is registered as Debian's qemu-user-static registers it",
        arguments: Architecture.allCases.filter { !$0.runsNatively && ![.amd64, .i386].contains($0) })
    func likeDebian(architecture: Architecture) throws {
        let file = try Files.text(FilePath("/usr/lib/binfmt.d/qemu-\(architecture.qemuUser).conf"))
        let registration = try #require(BinfmtRegistration(architecture))
        #expect(registration.line == file.filter { !$0.isNewline })
        // The file of binfmt-support has the same in other words.
        let words = try Files.text(FilePath("/usr/share/binfmts/qemu-\(architecture.qemuUser)")).split(separator: "\n")
        #expect(words.contains("interpreter \(registration.interpreter)") && words.contains("fix_binary yes"))
        #expect(registration.magic.count == 20 && registration.mask.count == 20)
    }

    @Test("the kernel matches an architecture's own programs by it, and no other's", arguments: Architecture.allCases)
    func magic(architecture: Architecture) throws {
        // arch-test(1) has one small program for each of some thirty architectures.
        let folder = FilePath("/usr/lib/arch-test")
        let registration = BinfmtRegistration(architecture, interpreter: "/usr/bin/qemu")
        let matching = try Files.list(folder).filter { name in
            let start = try Files.read(folder.appending(name)).prefix(20)
            return start.count == 20
                && zip(zip(start, registration.magic), registration.mask).allSatisfy { ($0.0 ^ $0.1) & $1 == 0 }
        }
        // What an ELF header does not tell apart.
        let alike = ["amd64": ["illumos-amd64"], "armhf": ["arm", "armel"]]
        #expect(matching == ([architecture.rawValue] + (alike[architecture.rawValue] ?? [])).sorted())
    }

    @Test("without the -P of Debian's name, the emulator is not told the program's own name")
    func flags() {
        #expect(BinfmtRegistration(.arm64, interpreter: "/usr/bin/qemu-aarch64-static").line.hasSuffix(":OF"))
        #expect(
            BinfmtRegistration(.arm64, interpreter: "/usr/libexec/qemu-binfmt/aarch64-binfmt-P").line.hasSuffix(":OPF"))
    }

    private static let usable = "enabled\ninterpreter /usr/libexec/qemu-binfmt/arm-binfmt-P\nflags: POF\noffset 0\n"

    private func way(entry: String?, emulator: Bool = true, own: Bool = true) throws -> ForeignCode {
        let registration = emulator ? BinfmtRegistration(.armhf, interpreter: "/usr/bin/qemu-arm-static") : nil
        let host = ForeignCode.Host(entry: entry, registration: registration, allowsOwn: { _ in own })
        return try ForeignCode.choose(.armhf, purpose: "a container", on: host)
    }

    @Test("the host's registration is used where a guest can use it, else one of a namespace's own")
    func choice() throws {
        let own = ForeignCode.ownRegistration(BinfmtRegistration(.armhf, interpreter: "/usr/bin/qemu-arm-static"))
        #expect(try way(entry: Self.usable) == .hostRegistration)
        #expect(try way(entry: Self.usable, emulator: false, own: false) == .hostRegistration)
        #expect(try way(entry: nil) == own)
        #expect(try way(entry: Self.usable.replacing("enabled", with: "disabled")) == own)
        // Without F the emulator would be looked up in the guest.
        #expect(try way(entry: Self.usable.replacing("POF", with: "PO")) == own)
    }

    @Test("where there is no way, it is 69 and the hint says what to install")
    func noWay() throws {
        for (emulator, own) in [(false, true), (true, false)] {
            let error = try #require(reported { _ = try way(entry: nil, emulator: emulator, own: own) })
            #expect(error.exitCode == .missing)
            #expect(error.message.contains("cannot run armhf programs for a container"))
            #expect(error.hint?.contains("apt-get install qemu-user-static binfmt-support") == true)
        }
    }

    @Test("programs that the processor runs need no emulator")
    func native() throws {
        let host = try #require(Architecture.host)
        #expect(host.runsNatively)
        for architecture in Architecture.allCases where architecture.runsNatively {
            #expect(try ForeignCode.way(for: architecture) == .native)
        }
    }

    @Test("a binfmt_misc is never mounted in devbox's own user namespace, which may be the host's")
    func guardedSteps() throws {
        let scratch = try ScratchDirectory()
        try scratch.write("#!/bin/sh\ntouch \(scratch("mounted"))\nexit 1\n", to: "mount")
        try Files.setMode(scratch("mount"), 0o755)
        let steps = PrivateBinfmt.steps(BinfmtRegistration(.arm64, interpreter: "/usr/bin/qemu-aarch64-static"))
        let script = "PATH=\(scratch.path):$PATH; \(steps)"
        #expect(try attempt("sh", "-c", script).status != .exited(0))
        #expect(!Files.exists(scratch("mounted")))
        #expect(try attempt("unshare", "--user", "--map-root-user", "sh", "-c", script).status != .exited(0))
        #expect(Files.exists(scratch("mounted")))
    }

    @Test("mmdebstrap registers the emulator by itself, before anything foreign runs")
    func bootstrap() {
        var command = Mmdebstrap(
            suite: "bookworm", architecture: .arm64, packages: ["udev"], mode: "unshare", sources: [], overlay: "/o",
            packageCache: nil, answers: [], enabled: [], disabled: [], masked: [], removed: [], links: [], epoch: 1)
        #expect(!command.command.arguments.contains { $0.contains("binfmt") || $0.contains("check/qemu") })
        command.emulator = BinfmtRegistration(.arm64, interpreter: "/usr/bin/qemu-aarch64-static")
        let hooks = command.command.arguments.filter { $0.contains("-hook=") }
        #expect(hooks.first?.contains("qemu-aarch64-static:OF") == true)
        #expect(command.command.arguments.contains("--skip=check/qemu"))
    }

    @Test("what is laid over an image is root's, whoever builds it, and so are the folders above it")
    func overlayOwners() {
        var command = Mmdebstrap(
            suite: "bookworm", architecture: .amd64, packages: [], mode: "unshare", sources: [], overlay: "/o",
            packageCache: nil, answers: [], enabled: [], disabled: [], masked: [], removed: [], links: [], epoch: 1)
        #expect(!command.command.arguments.contains { $0.contains("chown") })
        command.overlayFiles = ["etc/ssh/a b", "etc/c"]
        let arguments = command.command.arguments
        let hook = arguments.firstIndex(
            of: "--essential-hook=cd \"$1\" && chown -h 0:0 -- . etc etc/c etc/ssh 'etc/ssh/a b'")
        let copy = arguments.firstIndex { $0.hasPrefix("--essential-hook=sync-in /o ") }
        #expect(hook != nil && copy != nil && hook.map { $0 - 1 } == copy)
    }

    @Test("in an identity namespace every id that devbox has is itself")
    func identity() {
        #expect(IdentityNamespace.identity("         0          0 4294967295\n") == "0 0 4294967295\n")
        #expect(IdentityNamespace.identity("0 1000 1\n1 100000 65536\n") == "0 0 1\n1 1 65536\n")
    }
}
