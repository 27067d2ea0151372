import DevboxCore
import Disks
import Stores
import SystemPackage

/// The images of a work directory.
public struct ImageStore: Sendable {
    /// The work directory.
    public let work: WorkDirectory

    /// - Parameter work: the work directory.
    public init(_ work: WorkDirectory) { self.work = work }

    /// The image of a name; it need not exist.
    public func image(_ name: String) -> ImageFiles { ImageFiles(name: name, path: work.images.appending(name)) }

    /// The names of all images, sorted.
    public func names() throws -> [String] {
        try Files.list(work.images).filter { Names.isValid($0) && Files.exists(image($0).record) }
    }

    /// The records of all images, by name.
    ///
    /// - Parameter unreadable: is told of each image whose record cannot be read.
    public func records(unreadable: (String) -> Void = { _ in }) throws -> [ImageRecord] {
        try names().compactMap { name in
            let record = try? load(name)
            if record == nil { unreadable(name) }
            return record
        }
    }

    /// Reads an image's record.
    ///
    /// - Throws: `notFound`, with a hint where there are others.
    public func load(_ name: String) throws -> ImageRecord {
        try Names.check(name, "image")
        guard Files.exists(image(name).record) else {
            let names = try self.names()
            throw Failure(
                .notFound, "there is no image \(name)",
                hint: names.isEmpty ? "`devbox image build` makes one" : "there are: \(names.joined(separator: ", "))")
        }
        return try RecordFile.read(ImageRecord.self, from: image(name).record)
    }

    /// Throws where a new image cannot have that name. What killed builds left is removed on the way.
    func checkFree(_ name: String) throws {
        try Names.check(name, "image")
        try UnfinishedFolder.sweep(work.images)
        if Files.exists(image(name).path) { throw Self.taken(name) }
    }

    static func taken(_ name: String) -> Failure {
        Failure(.exists, "there is an image \(name) already", hint: "`devbox image remove \(name)` removes it")
    }

    /// Locks an image: shared for a clone, exclusively for its removal.
    public func lock(_ name: String, for purpose: String, shared: Bool = false) throws -> FileLock {
        try FileLock(work.lock(.image(name)), of: "image \(name)", for: purpose, shared: shared)
    }

    /// Throws where an image's disk is no longer what its record says: every guest on it would be broken too.
    public func verify(_ record: ImageRecord) throws {
        let disk = image(record.name).disk
        let status = try Files.status(disk)
        guard Int64(status.st_size) == record.disk.fileSize, status.modifiedNanoseconds == record.disk.modified else {
            throw DiskError.damaged(disk: disk.string, defect: "somebody wrote to this image since devbox made it")
        }
    }
}

/// The files of an image.
public struct ImageFiles: Sendable {
    /// The image's name.
    public let name: String
    /// images/<image>
    public let path: FilePath
    /// What is known of it.
    public var record: FilePath { path.appending("image.json") }
    /// The disk, read-only.
    public var disk: FilePath { path.appending("disk.qcow2") }
    /// vmlinuz and initrd of each kernel.
    public var boot: FilePath { path.appending("boot") }
}
