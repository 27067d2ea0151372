import DevboxCore
import Foundation
import Guests
import HostTools
import Sandbox
import SystemPackage
import Testing

@testable import Doctor

@Suite("The doctor's report")
struct HostReportTests {
    private func check(_ name: String, _ state: Check.State, needed: Bool, packages: [String] = []) -> Check {
        Check(name, state, for: "tests", isNeeded: needed, packages: packages)
    }

    @Test("A host that lacks only what is optional is ready")
    func optionalMissing() {
        let report = HostReport(
            programs: [check("lxc-start", .ok, needed: true, packages: ["lxc"])],
            features: [check("KVM", .missing, needed: false), check("loop", .limited, needed: true)])
        #expect(report.isReady)
        #expect(HostReport.installLine(report.missing(isNeeded: false)) == nil)
    }

    @Test("A host that lacks something needed is not ready, and the report names it")
    func neededMissing() {
        let report = HostReport(
            programs: [
                check("lxc-start", .missing, needed: true, packages: ["lxc"]),
                check("lxc-attach", .missing, needed: true, packages: ["lxc"]),
                check("qemu-system-arm", .missing, needed: false, packages: ["qemu-system-arm"]),
            ], features: [])
        #expect(!report.isReady)
        #expect(report.missing(isNeeded: true).map(\.name) == ["lxc-start", "lxc-attach"])
        #expect(HostReport.installLine(report.missing(isNeeded: true)) == "apt-get install lxc")
        #expect(HostReport.installLine(report.missing(isNeeded: false)) == "apt-get install qemu-system-arm")
        #expect(report.packages == ["lxc", "qemu-system-arm"])
    }

    @Test("Packages of what is there are not to be installed again")
    func presentPackages() {
        let report = HostReport(programs: [check("ssh", .ok, needed: true, packages: ["openssh-client"])], features: [])
        #expect(report.packages.isEmpty)
    }
}

@Suite("What follows from a host's features")
struct FeatureCheckTests {
    private func check(_ name: String, _ facts: HostFacts) throws -> Check {
        try #require(FeatureChecks.all(facts).first { $0.name == name })
    }

    @Test("A host with everything has no complaint but foreign programs")
    func everything() {
        var facts = HostFacts()
        facts.userContainers = []
        let missing = FeatureChecks.all(facts).filter { $0.state != .ok }.map(\.name)
        #expect(missing == ["arm64 programs", "armhf programs", "ppc64el programs"])
    }

    @Test("Root that cannot open FUSE has a host without it; an ordinary user only has to be root for containers")
    func closedDevice() throws {
        var facts = HostFacts()
        facts.fuse = .closed
        #expect(try check("FUSE", facts).state == .missing)
        facts.isRoot = false
        #expect(try check("FUSE", facts).state == .limited)
    }

    @Test(
        "The appliance needs a QEMU, and, without root, user namespaces; FUSE and loop devices are then needed no more")
    func appliance() throws {
        var facts = HostFacts()
        facts.isRoot = false
        (facts.fuse, facts.loop) = (.absent, .absent)
        #expect(try check("appliance", facts).state == .ok)
        #expect(try check("FUSE", facts).isNeeded == false)
        (facts.hasMachine, facts.userNamespaces) = (false, false)
        #expect(try check("appliance", facts).detail == "without QEMU for amd64, user namespaces")
        facts.isRoot = true
        #expect(try check("appliance", facts).detail == "without QEMU for amd64")
    }

    @Test("User namespaces are needed by ordinary users, not by root")
    func namespaces() throws {
        var facts = HostFacts()
        facts.userNamespaces = false
        #expect(try check("user namespaces", facts).isNeeded == false)
        facts.isRoot = false
        #expect(try check("user namespaces", facts).isNeeded)
    }

    @Test("Containers as a user are tried by that user, and all that they lack is told")
    func containers() throws {
        var facts = HostFacts()
        #expect(try check("containers as a user", facts).state == .untried)
        var host = UserContainers()
        host.missingPrograms = [Fuse2fs.program]
        host.cgroup = .none
        facts.userContainers = host.lacks
        let lacking = try check("containers as a user", facts)
        #expect(lacking.state == .missing && !lacking.isNeeded && lacking.packages == ["fuse2fs"])
        #expect(lacking.detail?.contains("fuse2fs is missing") == true)
        #expect(lacking.detail?.contains("no cgroup of version 2 is delegated") == true)
        #expect(try check("containers as root", facts).state == .ok)
        facts.loop = .absent
        #expect(try check("containers as root", facts).detail == "without /dev/loop-control")
    }

    @Test("KVM that fails is missing, with the reason; KVM that could not be tried is neither there nor missing")
    func kvm() throws {
        var facts = HostFacts()
        facts.kvm = .fails("KVM internal error")
        let failed = try check("KVM", facts)
        #expect(failed.state == .missing)
        #expect(!failed.isNeeded)
        #expect(failed.detail?.contains("KVM internal error") == true)
        facts.kvm = .untried("there is no image")
        #expect(try check("KVM", facts).state == .untried)
    }

    @Test(
        "Little space is a limit, none is a lack",
        arguments: [(100 << 30, "ok"), (3 << 30, "limited"), (1 << 20, "missing")])
    func space(bytes: Int, state: String) throws {
        var facts = HostFacts()
        facts.freeBytes = Int64(bytes)
        #expect(try check("disk space", facts).state.rawValue == state)
    }

    @Test("An emulator is asked for only where the processor does not run the programs itself")
    func foreign() {
        var facts = HostFacts()
        facts.host = .arm64
        let names = FeatureChecks.all(facts).map(\.name).filter { $0.hasSuffix("programs") }
        #expect(names == ["amd64 programs", "i386 programs", "ppc64el programs"])
    }
}

@Suite("The programs of the host")
struct HostProgramTests {
    @Test("Every program that any source names is in the doctor's list")
    func nothingForgotten() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let sources = root.appending(path: "Sources")
        let listed = Set(HostPrograms.all.map(\.name))
        var seen = 0
        for case let file as URL in try #require(
            FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
        where file.pathExtension == "swift" {
            let text = try String(contentsOf: file, encoding: .utf8)
            for match in text.matches(of: /\bProgram\(\s*"([^"\\]+)"/) {
                seen += 1
                #expect(
                    listed.contains(String(match.1)), "\(match.1) in \(file.lastPathComponent): add it to HostPrograms")
            }
        }
        #expect(seen > 15)
    }

    @Test("No program is listed twice")
    func once() {
        let names = HostPrograms.all.map(\.name)
        #expect(Set(names).count == names.count)
    }

    @Test("The emulator of the host's own architecture is needed, the others are not")
    func emulators() {
        #expect(HostPrograms.needed(on: .arm64).contains { $0.name == "qemu-system-aarch64" })
        #expect(!HostPrograms.optional(on: .arm64).contains { $0.name == "qemu-system-aarch64" })
        #expect(HostPrograms.optional(on: .arm64).contains { $0.name == "qemu-system-x86_64" })
    }

    @Test(
        "A version is found in what programs say of themselves",
        arguments: [
            ("qemu-img version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)\nCopyright", "7.2.22"),
            ("OpenSSH_9.2p1 Debian-2+deb12u7, OpenSSL 3.0.17", "9.2p1"), ("e2fsck 1.47.0 (5-Feb-2023)", "1.47.0"),
            ("unshare from util-linux 2.38.1", "2.38.1"), ("5.0.2\n", "5.0.2"),
            ("QEMU emulator version 7.2.22 (Debian 1:7.2)", "7.2.22"), ("apt 2.6.1 (amd64)", "2.6.1"),
            ("tool v1.2", "1.2"),
        ])
    func version(text: String, version: String) {
        #expect(HostPrograms.version(in: text) == version)
    }

    @Test(
        "A program that tells no version has none",
        arguments: ["", "usage: tool [-x86] file", "unknown option -- -", "1."])
    func noVersion(text: String) {
        #expect(HostPrograms.version(in: text) == nil)
    }
}
