import DevboxCore
import Disks
import Glibc
import HostTools
import Stores
import SystemPackage
import Templates

/// Takes disks that come from elsewhere. Nothing in them is believed before it was checked.
public struct ImageImporter: Sendable {
    private let store: ImageStore
    private let runner: Runner
    private let templates: Templates

    /// - Parameters:
    ///   - store: the images of the work directory.
    ///   - runner: runs qemu-img and e2fsck.
    ///   - templates: what initrds are made of.
    public init(_ store: ImageStore, runner: Runner, templates: Templates) {
        self.store = store
        self.runner = runner
        self.templates = templates
    }

    /// Imports a raw or qcow2 disk under a name. The file is only read.
    ///
    /// - Parameters:
    ///   - flatten: whether a backing file that lies beside it may be read too.
    ///   - command: the command line, for the record.
    /// - Throws: `badInput` for a damaged disk, or one that refers to other files.
    public func importDisk(_ file: FilePath, as name: String, flatten: Bool, command: String) throws -> ImageRecord {
        try store.checkFree(name)
        let format = try check(file, flatten: flatten, depth: 0)
        let lock = try store.lock(name, for: "image import")
        defer { _ = lock.descriptor }
        let folder = try UnfinishedFolder(for: name, in: store.work.images)
        let raw = folder.path.appending("disk.raw")
        try runner.run(QemuImg.convert(file, format: format, to: raw, as: "raw"))
        let assembly = ImageAssembly(store: store, runner: runner, templates: templates)
        try replayJournal(raw, assembly: assembly, name: file.string)
        let digest = try SHA256Digest(of: file)
        return try assembly.finish(
            name, in: folder, raw: raw,
            origin: .init(kind: "import", command: command, file: file.string, sha256: digest))
    }

    /// Looks at a disk's header before any program opens it: a backing or data file can be any file of the host.
    ///
    /// - Returns: the disk's format.
    private func check(_ file: FilePath, flatten: Bool, depth: Int) throws -> String {
        let status = try Files.status(file)
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw Failure(.badInput, "\(file) is not a plain file")
        }
        guard let header = try Qcow2Header.read(file) else {
            guard status.st_size >= 1 << 20, status.st_size % 512 == 0 else {
                throw DiskError.damaged(
                    disk: file.string, defect: "it is neither qcow2 nor a raw disk of whole sectors")
            }
            return "raw"
        }
        if let data = header.dataFile { throw DiskError.refersElsewhere(disk: file.string, file: data) }
        if header.incompatibleFeatures & 4 != 0 {
            throw DiskError.refersElsewhere(disk: file.string, file: "an external data file")
        }
        if header.encryption != 0 {
            throw DiskError.unsupported(
                disk: file.string, feature: "it is encrypted", hint: "decrypt it with `qemu-img convert` first")
        }
        if let backing = header.backingFile {
            guard flatten, !backing.contains("/"), !backing.contains(":"), depth < 8 else {
                throw DiskError.refersElsewhere(disk: file.string, file: backing)
            }
            let below = file.removingLastComponent().appending(backing)
            let format = try check(below, flatten: true, depth: depth + 1)
            // QEMU would guess an unnamed format from bytes that a guest wrote.
            guard header.backingFormat == format else {
                throw DiskError.unsupported(
                    disk: file.string, feature: "it does not say that its backing file is \(format)",
                    hint: "qemu-img rebase -u -b \(backing) -F \(format) says so")
            }
        }
        let result = try runner.attempt(QemuImg.check(file))
        // 3: leaked clusters, which take up space and harm nobody.
        guard [.exited(0), .exited(3)].contains(result.status) else {
            throw DiskError.damaged(
                disk: file.string,
                defect: result.complaint.isEmpty ? "qemu-img check refuses it" : Names.printable(result.complaint))
        }
        return "qcow2"
    }

    /// A disk of a machine that was not shut down: the journals of its file systems are replayed, once, in the image.
    private func replayJournal(_ raw: FilePath, assembly: ImageAssembly, name: String) throws {
        let root = try assembly.inspect(FileDevice(raw), name: name).root
        for (path, partition) in [("root", root.partition)] + (root.parts ?? []).map({ ($0.path, $0.partition) }) {
            let device = raw.string + (partition.map { "?offset=\($0.offset)" } ?? "")
            let result = try runner.attempt(Command(E2fsck.program, ["-p", device]))
            guard case .exited(let status) = result.status, status <= 1 else {
                throw DiskError.damaged(
                    disk: name, defect: "e2fsck cannot mend its \(path) file system: \(result.complaint)")
            }
        }
    }
}
