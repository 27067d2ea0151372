import DevboxCore
import Glibc
import Guests
import Packages
import SystemPackage
import TestSupport
import Testing

@testable import Installing

@Suite("How packages come to a guest's dpkg, and what is said of them")
struct PackageFeedTests {
    private let scratch: ScratchDirectory
    private let work: WorkDirectory

    init() throws {
        scratch = try ScratchDirectory()
        work = try WorkDirectory(given: scratch("work").string, environment: [:])
    }

    @Test("a package is handed to dpkg also where the cache is on another disk than the guests")
    func otherDisk() throws {
        var template = Array("/dev/shm/devbox-test-XXXXXX".utf8CString)
        let folder = FilePath(try #require(mkdtemp(&template).map { String(cString: $0) }))
        defer { try? Files.removeTree(folder) }
        let disks = try [folder, scratch.path].map { try Files.status($0).st_dev }
        try #require(disks[0] != disks[1])
        let file = try PackageFile(TestPackage("hello").pack(in: scratch))
        for name in ["first", "second"] {
            let place = folder.appending(name)
            try Files.makeDirectory(place)
            _ = try PackageFeed(file, DecodedCache(work), folder: place, sizeLimit: .max)
            let decoded = try DebPackage(place.appending("\(file.fileName).decoded"))
            #expect(decoded.name == "hello" && decoded.dataMember.compression == .none)
        }
    }

    @Test("a package with files where the guest mounts what devbox does not see is refused by the file's name")
    func unseen() throws {
        try TestImage.make(in: work)
        try Cloner(work, runner: runner).clone("base", as: "a", CloneOptions(command: "test"))
        var record = try GuestStore(work).load("a")
        let kernel = try PackageFile(TestPackage.kernel("6.1").pack(in: scratch))
        try PackageInstaller.checkSeen([kernel], in: record)
        record.root.elsewhere = [.init(path: "/boot", source: "/dev/vg/boot", reason: "it is a logical volume")]
        let error = reported { try PackageInstaller.checkSeen([kernel], in: record) }
        #expect(error?.exitCode == .badInput)
        #expect(error?.message.contains("not see its /boot/") == true, "\(error?.message ?? "")")
        #expect(error?.message.hasSuffix("its /boot (/dev/vg/boot) is not seen: it is a logical volume") == true)
        var other = TestPackage("other")
        other.files = ["usr/share/boot/x": "x"]
        try PackageInstaller.checkSeen([PackageFile(other.pack(in: scratch))], in: record)
    }

    private func status(_ packages: [(name: String, version: String, state: String)]) -> [UInt8] {
        Array(
            packages.map {
                "Package: \($0.name)\nStatus: install ok \($0.state)\nVersion: \($0.version)\nArchitecture: all\n\n"
            }.joined().utf8)
    }

    @Test("what is unconfigured since dpkg ran is told, and not what was before")
    func unconfigured() throws {
        let before = try UnconfiguredPackages(status([("a", "1", "half-configured"), ("b", "1", "installed")]))
        let after = try UnconfiguredPackages(
            status([("a", "1", "half-configured"), ("b", "1", "unpacked"), ("c", "1", "triggers-pending")]))
        #expect(after.names(besides: before) == "b")
        #expect(after.names(besides: after).isEmpty)
    }

    @Test("of packages of which dpkg has installed a part in a running guest, that part is known")
    func part() throws {
        let files = try ["a", "b", "c"].map { try PackageFile(TestPackage($0).pack(in: scratch)) }
        let installed = try GuestPackageInstaller.installed(
            files, before: status([("a", "0.9", "installed"), ("c", "1.0", "installed")]),
            after: status([("a", "1.0", "installed"), ("b", "1.0", "unpacked"), ("c", "1.0", "installed")]), .amd64)
        #expect(installed == [0])
    }
}
