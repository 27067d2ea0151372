import DevboxCore
import Disks
import HostTools
@testable import Images
import SystemPackage
import Templates
import TestSupport
import Testing

@Suite("Disks and roots in archives", .timeLimit(.minutes(10)))
struct ImportArchiveTests: ImportBed {
    let scratch: ScratchDirectory
    let store: ImageStore

    private static let packers = ["xz": ".xz", "gzip": ".gz", "zstd": ".zst", "bzip2": ".bz2", "lz4": ".lz4"]

    init() throws {
        scratch = try ScratchDirectory()
        store = ImageStore(try WorkDirectory(given: scratch("work").string, environment: [:]))
    }

    @Test(
        "a compressed disk is called that, and unpacked with --convert: raw and qcow2, holes stay holes",
        arguments: packers.keys.sorted(), ["raw", "qcow2"])
    func packed(program: String, format: String) throws {
        var file = try disk()
        if format == "qcow2" {
            try tool("qemu-img", "convert", "-f", "raw", "-O", "qcow2", file.string, scratch("disk.qcow2").string)
            file = scratch("disk.qcow2")
        }
        let target = FilePath("\(file)\(Self.packers[program] ?? "")")
        // lz4(1) writes to its standard output where that is no terminal, unless several files may come.
        try tool(program, program == "lz4" ? "-kfm" : "-kf", file.string)
        #expect(try refused(target).message.contains("it is compressed (\(program))"))
        var names: Set<String> = []
        try take(target, convert: true) { names.formUnion($0.map(\.name)) }
        #expect(try hostname() == "hello")
        #expect(names.contains(target.lastComponent?.string ?? ""))
        #expect(Files.sizeOnDisk(store.image("image").disk) < 4 << 20)
    }

    @Test("a compressed disk that is cut off is damage, and one in it that devbox does not take is called by its name")
    func packedBadly() throws {
        let file = try disk()
        try tool("xz", "-kf", file.string)
        let whole = try Files.read(scratch("disk.raw.xz"))
        try Files.writeAtomically(Array(whole.prefix(whole.count / 2)), to: scratch("cut.xz"))
        #expect(try refused(scratch("cut.xz"), convert: true).message.contains("cut.xz"))
        try scratch.write("no disk", to: "text")
        try tool("gzip", "-kf", scratch("text").string)
        #expect(try refused(scratch("text.gz"), convert: true).message.contains("text.gz (gzip) is damaged"))
    }

    @Test(
        "a tar archive with one disk in it, an OVA say, is unpacked; one with several is refused by their names",
        arguments: ["", "z", "J"])
    func archive(compression: String) throws {
        let file = try disk()
        try tool(
            "qemu-img", "convert", "-f", "raw", "-O", "vmdk", "-o", "subformat=streamOptimized", file.string,
            scratch("a.vmdk").string)
        try tool("qemu-img", "resize", "-f", "raw", file.string, "32M")
        try scratch.write("<Envelope/>", to: "a.ovf")
        let archive = scratch("appliance.ova")
        try tool("tar", "-c\(compression)f", archive.string, "-C", scratch.path.string, "a.ovf", "a.vmdk")
        #expect(try refused(archive).message.contains("it is a tar archive"))
        try take(archive, convert: true)
        #expect(try hostname() == "hello")
        // As clouds have it: a sparse file.
        try tool("tar", "-c\(compression)Sf", archive.string, "-C", scratch.path.string, "disk.raw")
        try take(archive, as: "sparse", convert: true)
        #expect(try hostname("sparse") == "hello" && store.load("sparse").disk.virtualSize == 32 << 20)
        try tool("cp", scratch("a.vmdk").string, scratch("b.vmdk").string)
        try tool("truncate", "-s", "2M", scratch("a.vmdk").string, scratch("b.vmdk").string)
        try tool("tar", "-c\(compression)f", archive.string, "-C", scratch.path.string, "a.vmdk", "b.vmdk")
        let error = try #require(reported { try take(archive, as: "two", convert: true) })
        #expect(
            error.exitCode == .badInput && error.message.hasSuffix("several disks: a.vmdk, b.vmdk"), "\(error.message)")
    }

    @Test(
        "a tar archive with the files of a root file system becomes a disk, whatever the order in it",
        arguments: [".", "etc bin"])
    func root(members: String) throws {
        let files = try files()
        let archive = scratch("root.tar.xz")
        try runner.run(
            .init(
                .init("tar", package: "tar", for: "tests"),
                ["--owner=0", "--group=0", "-cJf", archive.string, "-C", files.string]
                    + members.split(separator: " ").map(String.init)))
        let record = try take(archive, convert: true)
        #expect(try hostname() == "hello" && record.root.partition == nil && record.disk.virtualSize >= 8 << 30)
        #expect(Files.sizeOnDisk(store.image("image").disk) < 32 << 20)
        // Folders that are not in it are made.
        try tool(
            "tar", "-cf", scratch("bare.tar").string, "-C", files.string, "etc/os-release", "bin/sh",
            "etc/hostname")
        try take(scratch("bare.tar"), as: "bare", convert: true)
        #expect(try hostname("bare") == "hello")
        // Incus' and LXD's have the root in a folder, beside a text; a hard link is told with that folder.
        try tool("mkdir", scratch("incus").string)
        try tool("cp", "-a", files.string, scratch("incus/rootfs").string)
        try tool("ln", scratch("incus/rootfs/etc/hostname").string, scratch("incus/rootfs/etc/other").string)
        try scratch.write("architecture: x86_64\n", to: "incus/metadata.yaml")
        try tool("tar", "-cJf", scratch("incus.tar.xz").string, "-C", scratch("incus").string, ".")
        let unified = try take(scratch("incus.tar.xz"), as: "incus", convert: true)
        let disk = try Qcow2Reader(store.image("incus").disk)
        #expect(try unified.root.open(on: disk, name: "incus").text("/etc/other") == "hello")
        #expect(try unified.root.open(on: disk, name: "incus").find("/metadata.yaml") == nil)
        try tool("tar", "-cf", scratch("other.tar").string, "-C", files.string, "etc/hostname")
        let error = try #require(reported { try take(scratch("other.tar"), as: "other", convert: true) })
        #expect(error.message.contains("neither a disk nor a root file system"), "\(error.message)")
    }

    @Test("of a path that is twice in a tar the last one counts, and what lies behind a link lies where that leads")
    func twice() throws {
        let files = try files()
        for name in ["usr/lib", "opt"] { try Files.makeDirectory(scratch("files").pushing(FilePath(name))) }
        try tool("ln", "-s", "usr/lib", scratch("files/lib").string)
        try tool("ln", "-s", "hostname", scratch("files/etc/name").string)
        try tool("ln", scratch("files/etc/hostname").string, scratch("files/etc/same").string)
        let archive = scratch("twice.tar").string
        try tool("tar", "--owner=0", "--group=0", "--sort=name", "-cf", archive, "-C", files.string, ".")
        try scratch.write("again", to: "more/etc/hostname")
        try scratch.write("no link", to: "more/etc/name")
        try scratch.write("behind", to: "more/lib/x")
        try scratch.write("a file", to: "more/usr/lib/y")
        try tool("tar", "-rf", archive, "-C", scratch("more").string, "etc/hostname", "etc/name", "lib", "usr/lib/y")
        try scratch.write("a file again", to: "more/lib/y")
        try tool("tar", "-rf", archive, "-C", scratch("more").string, "lib/y")

        try take(FilePath(archive), convert: true)
        #expect(try hostname() == "again")
        let root = try Ext4FileSystem(on: Qcow2Reader(store.image("image").disk), disk: "image")
        #expect(try root.text("/etc/same") == "hello" && root.text("/etc/name") == "no link")
        #expect(try root.text("/usr/lib/x") == "behind" && root.text("/lib/y") == "a file again")
        let etc = try #require(try root.find("/etc"))
        #expect(try root.names(in: etc) == ["hostname", "name", "os-release", "same"])
        let raw = scratch("check.raw")
        try tool("qemu-img", "convert", "-f", "qcow2", "-O", "raw", store.image("image").disk.string, raw.string)
        try tool("e2fsck", "-fn", raw.string)
    }

    @Test(
        "a tar that has a file in the place of a folder, or something below a file or below links without an end, is refused by the name",
        arguments: [
            ("opt", "is a folder already"), ("etc/hostname/x", "lies below what is no folder"),
            ("loop/x", "lies behind links that lead nowhere"),
        ])
    func contradiction(path: String, words: String) throws {
        let files = try files()
        try Files.makeDirectory(scratch("files/opt"))
        try tool("ln", "-s", "loop", scratch("files/loop").string)
        let archive = scratch("bad.tar")
        try tool("tar", "-cf", archive.string, "-C", files.string, ".")
        try scratch.write("x", to: "more/\(path)")
        try tool("tar", "-rf", archive.string, "-C", scratch("more").string, path)
        #expect(try refused(archive, convert: true).message.contains("a member \(path) that \(words)"))
    }

    @Test("what an archive holds before its disk is passed over under the eyes of the watch")
    func passing() throws {
        try tool("truncate", "-s", "64M", scratch("big").string)
        try tool("cp", try disk().string, scratch("a.img").string)
        try tool("tar", "-cJf", scratch("a.tar.xz").string, "-C", scratch.path.string, "big", "a.img")
        nonisolated(unsafe) var steps = 0
        let watch = DiskWatch(runner: runner, folder: scratch.path, name: "a", progress: { _ in steps += 1 })
        let content = try DiskArchive(path: scratch("a.tar.xz"), name: "a", watch: watch).content()
        #expect(content == .disk("a.img") && steps > 64)
    }
}
