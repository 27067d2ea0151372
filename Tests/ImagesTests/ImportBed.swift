import DevboxCore
import Disks
import HostTools
@testable import Images
import SystemPackage
import Templates
import TestSupport
import Testing

/// What tests of imports work with: a work directory, and small disks to be taken into it.
protocol ImportBed {
    var scratch: ScratchDirectory { get }
    var store: ImageStore { get }
}

extension ImportBed {
    /// A folder with the files of the smallest operating system that is one.
    func files() throws -> FilePath {
        try scratch.write("ID=debian\nVERSION_ID=\"12\"\n", to: "files/etc/os-release")
        try scratch.write("hello", to: "files/etc/hostname")
        // As far as anybody reads it: an ELF header of amd64.
        let shell: [UInt8] = [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 62, 0]
        try Files.makeDirectory(scratch("files/bin"))
        try Files.writeAtomically(shell + [UInt8](repeating: 1, count: 44), to: scratch("files/bin/sh"))
        return scratch("files")
    }

    /// A raw disk with a root file system on it.
    func disk(_ name: String = "disk.raw", options: [String] = [], size: String = "24M") throws -> FilePath {
        let path = scratch(name)
        try runner.run(
            .init(
                .init("mke2fs", package: "e2fsprogs", for: "tests"),
                ["-q", "-F", "-t", "ext4", "-L", "root", "-E", "root_owner=0:0", "-d", try files().string]
                    + options
                    + [path.string, size]))
        return path
    }

    @discardableResult
    func take(
        _ file: FilePath, as name: String = "image", flatten: Bool = false, convert: Bool = false,
        reserve: Int64? = nil,
        progress: @escaping ([TransferProgress]) -> Void = { _ in }
    ) throws -> ImageRecord {
        var importer = ImageImporter(store, runner: runner, templates: .builtIn)
        importer.reserve = reserve
        return try importer.importDisk(
            file, as: name, flatten: flatten, convert: convert, command: "test", progress: progress)
    }

    func hostname(_ image: String = "image") throws -> String? {
        let record = try store.load(image)
        let disk = try Qcow2Reader(store.image(image).disk)
        let part: any BlockDevice = try record.root.partition.map { try PartitionDevice(of: disk, at: $0) } ?? disk
        return try Ext4FileSystem(on: part, disk: image).text("/etc/hostname")
    }

    /// Nothing is left of what was refused.
    func refused(_ file: FilePath, flatten: Bool = false, convert: Bool = false) throws -> any ReportableError {
        let error = try #require(reported { try take(file, flatten: flatten, convert: convert) })
        #expect(error.exitCode == .badInput, "\(error.message)")
        #expect(try store.names().isEmpty && Files.list(store.work.images).allSatisfy { !$0.hasPrefix(".new") })
        return error
    }
}
