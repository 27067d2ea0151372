import Crash
import DevboxCore
import Guests
import SystemPackage
import TestSupport
import Testing

@testable import Dumps

@Suite("Dumps in a folder of the guest's own choice", .timeLimit(.minutes(10)))
struct DumpFolderTests {
    private static let fixture = FilePath(#filePath).removingLastComponent().pushing(
        "../CrashTests/Fixtures/kdump.zlib.xz"
    ).lexicallyNormalized()

    /// A guest with a dump in a folder, and settings.
    private func collect(_ settings: [String: String], folder: String) throws -> CollectedDumps {
        let scratch = try ScratchDirectory()
        let work = try WorkDirectory(given: scratch("work").string, environment: [:])
        try TestImage.make(in: work) { content in
            for (file, text) in settings { try content.write(text, to: file) }
            let place = content("\(folder)/202611010000")
            try Files.makeDirectory(place)
            try tool(
                "sh", "-c", "xz -dc \"$1\" >\"$2\"", "sh", Self.fixture.string,
                place.appending("dump.202611010000").string)
        }
        try Cloner(work, runner: runner).clone("base", as: "bug", CloneOptions(command: "test"))
        return try DumpCollector(GuestStore(work), runner: runner, command: "test").collect("bug")
    }

    @Test("they are brought out from where kdump-tools' and RHEL's settings have them, and are known by their path")
    func brought() throws {
        let debian = try collect(
            ["etc/default/kdump-tools": "KDUMP_COREDIR=\"/srv/my crash\"\n"], folder: "srv/my crash")
        #expect(debian.added.map { $0.record.origin?.path } == ["/srv/my crash/202611010000/dump.202611010000"])
        #expect(debian.obstacles.isEmpty && debian.refused.isEmpty)
        let fedora = try collect(["etc/kdump.conf": "path /srv/crash\n"], folder: "srv/crash")
        #expect(fedora.added.map { $0.record.origin?.path } == ["/srv/crash/202611010000/dump.202611010000"])
    }

    @Test("where dumps go to another machine, those of before still come, and it is told")
    func remote() throws {
        let collected = try collect(["etc/default/kdump-tools": "SSH=root@10.0.0.1\n"], folder: "var/crash")
        #expect(collected.added.count == 1 && collected.problems.isEmpty)
        #expect(collected.obstacles.first?.contains("SSH=root@10.0.0.1") == true)
    }

    @Test("where the guest mounts something at the folder, what its disk shows there is not all, which is told")
    func hidden() throws {
        let collected = try collect(
            [
                "etc/default/kdump-tools": "KDUMP_COREDIR=/srv/crash\n",
                "etc/fstab": "LABEL=root / ext4 defaults 0 1\nLABEL=data /srv ext4 defaults 0 2\n",
            ], folder: "srv/crash")
        #expect(collected.obstacles.count == 1)
        #expect(collected.obstacles.first?.contains("/srv (LABEL=data) is not seen") == true)
    }

    @Test("a setting that is not understood is an error, not an empty list")
    func notUnderstood() throws {
        let failure = reported {
            _ = try collect(["etc/default/kdump-tools": "KDUMP_COREDIR=$X\n"], folder: "var/crash")
        }
        #expect(failure?.exitCode == .badInput && failure?.message.contains("KDUMP_COREDIR=$X") == true)
    }
}
