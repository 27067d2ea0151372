import DevboxCore
import Glibc
@testable import Guests
import HostTools
import Images
import Stores
import SystemPackage
import TestSupport
import Testing

@Suite("Cloning", .timeLimit(.minutes(10)))
struct ClonerTests {
    private let here: TestWork
    init() throws {
        here = try TestWork()
        try TestImage.make(in: here.work)
    }

    @Test("wrong names, taken names and unknown sources have exit codes of their own, and nothing is left of them")
    func refusals() throws {
        try here.clone("base", "a")
        let before = try Files.list(here.work.guests)
        for (source, name, code) in [
            ("base", "a", ExitCode.exists), ("base", "A", .usage), ("base", "../x", .usage), ("base", "", .usage),
            ("none", "b", .notFound), ("../base", "b", .usage), ("a", "a", .exists),
        ] {
            let error = reported { try here.clone(source, name) }
            #expect(error?.exitCode == code, "\(source) \(name): \(error?.message ?? "no error")")
            #expect(error?.hint != nil)
        }
        #expect(try Files.list(here.work.guests) == before)
    }

    @Test("an image that somebody wrote to is bad input, and no guest is made on it")
    func changedImage() throws {
        let disk = ImageStore(here.work).image("base").disk
        try Files.setMode(disk, 0o600)
        try tool("qemu-io", "-f", "qcow2", "-c", "write -P 1 0 4k", disk.string)
        #expect(reported { try here.clone("base", "a") }?.exitCode == .badInput)
        #expect(try Files.list(here.work.guests).isEmpty)
    }

    @Test("a clone has its boot files, its record and a thin disk")
    func complete() throws {
        let record = try here.clone("base", "a")
        let files = here.store.files("a")
        #expect(try Files.list(files.path) == ["boot", "disk.qcow2", "guest.json"])
        #expect(try Files.list(files.boot).count == 2)
        #expect(try Files.status(files.disk).st_size < 1 << 20)
        #expect(try here.store.load("a").identity == record.identity)
        #expect(record.kernels.map(\.version) == ["6.1.0-47-amd64"])
    }

    @Test("a kernel that cannot start is refused as an environment that cannot be had, and says nothing against itself")
    func obstacle() throws {
        var record = try here.clone("base", "a")
        record.kernels[0].obstacle = "there is no initrd"
        let error = reported { _ = try BootKernelChoice.choose(record, version: nil) }
        #expect(error?.exitCode == .environment && error?.message.contains("there is no initrd") == true)
        #expect(try RecordFile.decode(GuestRecord.self, from: RecordFile.json(record)).kernels == record.kernels)
        record.kernels[0].obstacle = nil
        #expect(try BootKernelChoice.choose(record, version: "6.1.0-47-amd64").version == "6.1.0-47-amd64")
    }

    @Test("clones of clones read right, also after the work directory was moved")
    func moved() throws {
        try here.clone("base", "a")
        try here.clone("a", "b")
        try here.clone("b", "c")
        let new = here.scratch("elsewhere")
        try Files.rename(here.work.path, to: new)
        let work = try WorkDirectory(given: new.string, environment: [:])
        for name in ["a", "b", "c"] {
            let guest = try StoppedGuest(name, in: GuestStore(work), for: "test", runner: runner)
            #expect(try guest.openRoot().text("/etc/hostname") == "\(name)\n")
            try tool("qemu-img", "check", "-q", "-f", "qcow2", guest.files.disk.string)
        }
    }

    @Test("20 clones at once, by as many processes, are 20 sound guests with identities of their own")
    func atOnce() async throws {
        let work = here.work.path
        try await withThrowingTaskGroup(of: Runner.Output.self) { group in
            for number in 1...20 { group.addTask { try Devbox.run("clone", "base", "g\(number)", work: work) } }
            for try await output in group { #expect(output.status == .exited(0), "\(output.complaint)") }
        }
        let names = try here.store.names()
        #expect(names.count == 20)
        #expect(try Set(names.map { try here.store.load($0).identity.machineID }).count == 20)
        for name in names { try tool("qemu-img", "check", "-q", "-f", "qcow2", here.store.files(name).disk.string) }
    }

    @Test("one of several clones to the same name wins, and the others end with 73")
    func sameName() async throws {
        let work = here.work.path
        var codes: [Int32] = []
        try await withThrowingTaskGroup(of: Runner.Output.self) { group in
            for _ in 1...5 { group.addTask { try Devbox.run("clone", "base", "a", work: work) } }
            for try await output in group { codes.append(output.status.shellStatus) }
        }
        #expect(codes.sorted() == [0, 73, 73, 73, 73])
        try here.check("a")
    }

    @Test("what a killed clone left is gone after the next command, and what another is filling stays")
    func unfinished() throws {
        try here.scratch.write("x", to: "work/guests/.new-dead-4711/disk.qcow2")
        let alive = try UnfinishedFolder(for: "alive", in: here.work.guests)
        #expect(try here.store.names().isEmpty)
        #expect(try Files.list(here.work.guests) == [alive.path.lastComponent?.string])
    }

    @Test("a clone that finds no room ends with an error, and leaves nothing")
    func fullDisk() throws {
        let line = "trap '' XFSZ; ulimit -f 200; exec \"$1\" clone base a"
        let output = try runner.attempt(
            Command(
                Program("sh", package: "dash", for: "tests"), ["-c", line, "sh", Devbox.program.name],
                environment: ["DEVBOX_WORK": here.work.path.string]))
        #expect(output.status == .exited(1))
        #expect(output.complaint.contains("too large"))
        #expect(try here.store.names().isEmpty)
        #expect(try Files.list(here.work.guests).isEmpty)
    }

    @Test("a record that cannot be written is as it was")
    func fullRecord() throws {
        try here.clone("base", "a")
        let before = try Files.read(here.store.files("a").record)
        let line = "trap '' XFSZ; ulimit -f 1; exec \"$1\" flip a lxc"
        let output = try runner.attempt(
            Command(
                Program("sh", package: "dash", for: "tests"), ["-c", line, "sh", Devbox.program.name],
                environment: ["DEVBOX_WORK": here.work.path.string]))
        #expect(output.status == .exited(1))
        #expect(try Files.read(here.store.files("a").record) == before)
        #expect(try Files.list(here.store.files("a").path) == ["boot", "disk.qcow2", "guest.json"])
    }
}
