import Boot
import DevboxCore
import Disks
import FoundationEssentials
import Glibc
import HostTools
import Stores
import SystemPackage
import Templates

/// The last steps of every image: a raw disk becomes a read-only qcow2 with a record and boot files, as a whole or not at all.
struct ImageAssembly {
    let store: ImageStore
    let runner: Runner
    let templates: Templates
    /// How much of the host's disk has to stay free, in bytes; nil for what is sensible.
    var reserve: Int64?

    /// Puts an image into place.
    ///
    /// - Parameters:
    ///   - folder: the image's unfinished folder, with the raw disk in it.
    ///   - raw: that disk, which is removed.
    ///   - progress: told several times a second.
    func finish(
        _ name: String, in folder: consuming UnfinishedFolder, raw: FilePath, origin: ImageRecord.Origin,
        progress: @escaping ([TransferProgress]) -> Void = { _ in }
    ) throws -> ImageRecord {
        let files = ImageFiles(name: name, path: folder.path)
        let device = try FileDevice(raw)
        let inspection = try inspect(device, name: raw.string)
        try posix("make \(files.boot)") { mkdir(files.boot.string, 0o755) }
        let kernels = try BootFiles.refresh(
            [], from: inspection.root.open(on: device, name: raw.string), inspection.architecture, to: files.boot,
            recipe: InitrdRecipe(templates, partition: inspection.root.partition, usr: inspection.root.usr))

        let watch = DiskWatch(
            runner: runner, folder: folder.path, name: name, reserve: reserve, progress: progress)
        try watch.run(QemuImg.convert(raw, format: "raw", to: files.disk, as: "qcow2", tells: true), of: device.size)
        try Files.remove(raw)
        let digest = try SHA256Digest(of: files.disk)
        try sync(files.disk)
        try Files.setMode(files.disk, 0o444)
        for path in [files.path, files.disk, files.boot] { try store.work.give(path) }
        for file in try Files.list(files.boot) { try store.work.give(files.boot.appending(file)) }
        try Files.setMode(files.path, 0o755)
        let status = try Files.status(files.disk)
        var source = origin
        if source.kind == "build" { source.packages = inspection.packages }
        let record = ImageRecord(
            name: name, architecture: inspection.architecture, release: inspection.release, createdAt: Date(),
            origin: source,
            disk: BaseDisk(
                virtualSize: device.size, sha256: digest, fileSize: Int64(status.st_size),
                modified: status.modifiedNanoseconds),
            root: inspection.root, kernels: kernels)
        try RecordFile.write(record, to: files.record)
        try store.work.give(files.record)
        do {
            try folder.finish(as: store.image(name).path)
        } catch let error as Failure where error.exitCode == .exists {
            throw ImageStore.taken(name)
        }
        return record
    }

    /// Finds the root file system; its journal is replayed already.
    func inspect(_ device: any BlockDevice, name: String) throws -> RootInspection {
        let sectorSize = try PartitionTable(of: device, name: name).sectorSize
        var others: [String] = []
        var lacking: RootFileSystem.ForeignPart?
        let partitions = try PartitionIdentity.all(of: device, name: name)
        for candidate in partitions.isEmpty ? [nil] : partitions.map(\.extent) {
            let part: any BlockDevice = try candidate.map { try PartitionDevice(of: device, at: $0) } ?? device
            let place = partitions.first { $0.extent == candidate }.map { "its partition \($0.number)" } ?? "it"
            let uuid: String
            do {
                uuid = try Ext4FileSystem(on: part, disk: name).uuid
            } catch let error as DiskError {
                guard let kind = try VolumeKind(of: part) else { continue }
                guard kind.words == "ext4" else {
                    others.append("\(place) is \(kind.words)")
                    continue
                }
                guard case .damaged(_, let defect) = error else { throw error }
                others.append("\(place) is ext4 and damaged: \(defect)")
                continue
            }
            var root = RootFileSystem(partition: candidate, uuid: uuid, sectorSize: sectorSize)
            do {
                try root.followTable(on: device, name: name)
                if let found = try RootInspection(root, on: device, disk: name) { return found }
            } catch let error as DiskError where error.isOfContent {
                others.append("\(place) is ext4 and damaged: \(error.defect)")
                continue
            }
            lacking = lacking ?? root.elsewhere?.first { $0.path == "/usr" }
            others.append("\(place) is ext4 without an operating system (/etc/os-release)")
        }
        if let lacking {
            throw DiskError.unsupported(
                disk: name, feature: lacking.words, hint: "devbox takes systems whose /usr is ext4 on the same disk")
        }
        throw DiskError.unsupported(
            disk: name,
            feature: "no ext4 root file system is on it"
                + (others.isEmpty ? "" : ": \(others.joined(separator: ", "))"),
            hint: "devbox takes disks whose root is ext4: on the whole disk, or in a GPT or MBR partition")
    }

    private func sync(_ path: FilePath) throws {
        let file = try Files.open(path, .readOnly)
        defer { try? file.close() }
        try posix("sync \(path)") { fsync(file.rawValue) }
    }
}
