import DevboxCore
import Disks
import HostTools
import Stores
import SystemPackage
import Templates

/// Takes disks that come from elsewhere. Nothing in them is believed before it was checked.
public struct ImageImporter: Sendable {
    private let store: ImageStore
    private let runner: Runner
    private let templates: Templates
    /// How much of the host's disk has to stay free, in bytes; nil for what is sensible.
    var reserve: Int64?

    /// - Parameters:
    ///   - store: the images of the work directory.
    ///   - runner: runs qemu-img and e2fsck.
    ///   - templates: what initrds are made of.
    public init(_ store: ImageStore, runner: Runner, templates: Templates) {
        self.store = store
        self.runner = runner
        self.templates = templates
    }

    /// Imports a disk under a name. The file is only read.
    ///
    /// - Parameters:
    ///   - flatten: whether a backing file that lies beside it may be read too.
    ///   - convert: whether disks of other formats, compressed files and tar archives are taken, and made into one.
    ///   - trusted: the user's word on whether the host's kernel may mount it.
    ///   - command: the command line, for the record.
    ///   - progress: told several times a second.
    /// - Throws: `badInput` for a damaged disk, one of a kind that is not wanted, and one that refers to other files.
    public func importDisk(
        _ file: FilePath, as name: String, flatten: Bool, convert: Bool = false, trusted: Bool = false,
        command: String,
        progress: @escaping ([TransferProgress]) -> Void = { _ in }
    ) throws -> ImageRecord {
        try store.checkFree(name)
        func disk(in folder: FilePath) -> RawDisk {
            let watch = DiskWatch(
                runner: runner, folder: folder, name: file.lastComponent?.string ?? name, reserve: reserve,
                progress: progress)
            return RawDisk(folder: folder, flatten: flatten, converts: convert, watch: watch)
        }
        // What is not taken is told before anything is made.
        let known = try disk(in: store.work.images).check(file)
        let lock = try store.lock(name, for: "image import")
        defer { _ = lock.descriptor }
        let folder = try UnfinishedFolder(for: name, in: store.work.images)
        let raw = try disk(in: folder.path).make(of: file, known)
        let assembly = ImageAssembly(
            store: store, runner: runner, templates: templates, reserve: reserve)
        try replayJournal(raw, assembly: assembly, name: file.string)
        let digest = try SHA256Digest(of: file)
        return try assembly.finish(
            name, in: folder, raw: raw,
            origin: .init(kind: "import", command: command, file: file.string, sha256: digest, trusted: trusted),
            progress: progress)
    }

    /// A disk of a machine that was not shut down: the journals of its file systems are replayed, once, in the image.
    private func replayJournal(_ raw: FilePath, assembly: ImageAssembly, name: String) throws {
        let disk = try FileDevice(raw, writable: true)
        let root = try assembly.inspect(disk, name: name).root
        for (path, partition) in [("root", root.partition)] + (root.parts ?? []).map({ ($0.path, $0.partition) }) {
            let part: any BlockDevice = try partition.map { try PartitionDevice(of: disk, at: $0) } ?? disk
            let device = raw.string + (partition.map { "?offset=\($0.offset)" } ?? "")
            try replayJournal(of: part, device, name: name, path: path)
        }
    }

    private func replayJournal(of part: any BlockDevice, _ device: String, name: String, path: String) throws {
        // e2fsck sees what is behind the partition too; a kernel does not mount such a one.
        guard try Ext4FileSystem(on: part, disk: name).size <= part.size else {
            throw DiskError.damaged(disk: name, defect: "its \(path) file system is larger than what it is on")
        }
        // e2fsck waits for other machines that may have the disk, and looks for the mark of them at the wrong place of a partition. A
        // journal may bring the feature back.
        var (isProtected, wasProtected) = (true, false)
        for _ in 0..<3 where isProtected {
            if try turnOffProtection(of: part, name: name) { wasProtected = true }
            let result = try runner.attempt(Command(E2fsck.program, ["-p", device]))
            isProtected = try Ext4FileSystem(on: part, disk: name).hasMultiMountProtection
            if isProtected { continue }
            guard case .exited(let status) = result.status, status <= 1 else {
                throw DiskError.damaged(
                    disk: name, defect: "e2fsck cannot mend its \(path) file system: \(Names.printable(result.finding))"
                )
            }
        }
        guard !isProtected else {
            throw DiskError.damaged(
                disk: name, defect: "its \(path) file system is protected (mmp) again whenever its journal is replayed")
        }
        guard wasProtected else { return }
        let root = try Ext4FileSystem(on: part, disk: name, writable: true)
        try root.forgetMultiMountProtection()
        try root.close()
    }

    /// Whether there was one.
    private func turnOffProtection(of part: any BlockDevice, name: String) throws -> Bool {
        let root = try Ext4FileSystem(on: part, disk: name)
        guard root.hasMultiMountProtection else { return false }
        try root.turnOffMultiMountProtection()
        return true
    }
}
