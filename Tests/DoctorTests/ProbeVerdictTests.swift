import DevboxCore
import Foundation
import HostTools
import Stores
import SystemPackage
import Testing

@testable import Guests

@Suite("What a kernel under KVM tells")
struct ProbeVerdictTests {
    @Test("A kernel's first line is a yes, whatever QEMU warns of")
    func firstLine() {
        let serial = "[    0.000000] Linux version 6.1.0-47-amd64 (debian-kernel@lists.debian.org)\r\n"
        let warning = "qemu-system-x86_64: warning: host doesn't support requested feature: CPUID.01H:ECX.pni [bit 0]\n"
        #expect(ProbeVerdict.judge(serial: serial, errors: warning, ended: nil) == .works)
    }

    @Test("A kernel that ran and then ended QEMU is a yes")
    func firstLineThenEnd() {
        #expect(ProbeVerdict.judge(serial: "Linux version 6.1.0", errors: "", ended: .exited(0)) == .works)
    }

    @Test("The decompressor's words alone are no answer yet")
    func decompressor() {
        let serial = "early console in extract_kernel\nProbing EDD (edd=off to disable)... ok\nDecompressing Linux... "
        #expect(ProbeVerdict.judge(serial: serial, errors: "", ended: nil) == nil)
    }

    @Test("A KVM internal error is a no though QEMU goes on")
    func internalError() {
        let errors = "KVM internal error. Suberror: 1\nemulation failure\nEAX=00000000 EBX=00000000\n"
        #expect(ProbeVerdict.judge(serial: "", errors: errors, ended: nil) == .fails("KVM internal error. Suberror: 1"))
    }

    @Test("QEMU that gives up is a no, with its own words and not its warnings")
    func aborted() {
        let errors = """
            qemu-system-x86_64: warning: this host is odd
            qemu-system-x86_64: error: failed to set MSR 0x10a to 0x69
            qemu-system-x86_64: ../../target/i386/kvm/kvm.c:3183: kvm_buf_set_msrs: Assertion failed.
            """
        #expect(
            ProbeVerdict.judge(serial: "", errors: errors, ended: .signalled(6))
                == .fails("failed to set MSR 0x10a to 0x69"))
        #expect(ProbeVerdict.judge(serial: "", errors: errors, ended: nil) == nil)
    }

    @Test("A device that may not be opened is named")
    func denied() {
        let errors =
            "Could not access KVM kernel module: Permission denied\nqemu: failed to initialize kvm: Permission denied\n"
        #expect(
            ProbeVerdict.judge(serial: "", errors: errors, ended: .exited(1))
                == .fails("QEMU's user may not open /dev/kvm"))
    }

    @Test("QEMU that ends without a word is a no")
    func silent() {
        #expect(ProbeVerdict.judge(serial: "", errors: "", ended: .exited(1)) == .fails("QEMU failed with status 1"))
    }

    @Test("What an error says cannot drive the terminal")
    func printable() {
        #expect(ProbeVerdict.judge(serial: "", errors: "\u{1B}[2J\n", ended: .exited(1)) == .fails("\\u{1b}[2J"))
    }
}

@Suite("What is remembered of KVM")
struct ProbeMemoryTests {
    private func withWork(_ body: (WorkDirectory) throws -> Void) throws {
        let folder = FilePath(NSTemporaryDirectory()).appending("devbox-doctor-\(UUID().uuidString)")
        defer { try? Files.removeTree(folder) }
        try body(try WorkDirectory(given: folder.string, environment: [:]))
    }

    @Test("A no is remembered with its reason, for one architecture")
    func remembersNo() throws {
        try withWork { work in
            ProbeMemory(work, conditions: "a").note(.fails("it broke"), for: .amd64)
            #expect(ProbeMemory(work, conditions: "a").verdict(for: .amd64) == .fails("it broke"))
            #expect(ProbeMemory(work, conditions: "a").verdict(for: .i386) == nil)
        }
    }

    @Test("One architecture's verdict leaves the other's")
    func keepsOthers() throws {
        try withWork { work in
            let memory = ProbeMemory(work, conditions: "a")
            memory.note(.works, for: .amd64)
            memory.note(.fails("no"), for: .i386)
            #expect(memory.verdict(for: .amd64) == .works)
        }
    }

    @Test("A timeout is not remembered")
    func forgetsTimeout() throws {
        try withWork { work in
            ProbeMemory(work, conditions: "a").note(.noAnswer, for: .amd64)
            #expect(ProbeMemory(work, conditions: "a").verdict(for: .amd64) == nil)
        }
    }

    @Test("When /dev/kvm's owner or mode changes, KVM is tried again")
    func otherConditions() throws {
        try withWork { work in
            ProbeMemory(work, conditions: "mode 600").note(.fails("closed"), for: .amd64)
            #expect(ProbeMemory(work, conditions: "mode 666").verdict(for: .amd64) == nil)
        }
    }

    @Test("A damaged memory is no memory")
    func damaged() throws {
        try withWork { work in
            try Cache(.accelerators, in: work).keep("{".utf8, as: "amd64.json")
            #expect(ProbeMemory(work, conditions: "a").verdict(for: .amd64) == nil)
        }
    }
}

@Suite("How QEMU is started for the trial")
struct QEMUProbeCommandTests {
    @Test("The trial has the guests' machine and sandbox, KVM, and no disk and no network")
    func arguments() {
        let command = QEMUProbeCommand(QEMUMachine(.amd64), kernel: "/proc/self/fd/3").command
        #expect(
            command.line == """
                qemu-system-x86_64 -nodefaults -no-user-config -display none \
                -sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny -machine q35,hpet=off \
                -accel kvm -cpu host -m 256 -no-reboot -serial stdio -kernel /proc/self/fd/3 \
                -append 'console=ttyS0 earlyprintk=ttyS0 panic=-1'
                """)
    }

    @Test("An ordinary user's QEMU loses the sandbox's capabilities")
    func withoutCapabilities() {
        let command = Setpriv.withoutCapabilities(Command(Program("qemu", package: "q", for: "tests"), ["-x"]))
        #expect(command.line == "setpriv --inh-caps=-all --no-new-privs -- qemu -x")
    }

    @Test("An ordinary user's sandbox keeps the capability to mount")
    func keepsCapabilities() {
        let command = Unshare.enclose(
            Command(Program("devbox", package: "d", for: "tests"), ["supervise"]), asUser: true)
        #expect(command.arguments.starts(with: ["--user", "--map-current-user", "--keep-caps", "--mount"]))
    }
}
