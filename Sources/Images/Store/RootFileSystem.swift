import DevboxCore
import Disks

/// Where a disk's root file system is, and what else of the system has a partition of its own.
public struct RootFileSystem: Sendable, Codable, Equatable {
    /// The partition that holds it; nil where it fills the disk.
    public var partition: DiskExtent?
    /// The ext4 file system's UUID.
    public var uuid: String
    /// What the disk's partition table counts in, in bytes, where that is not 512: a machine has to see a disk of such sectors.
    public var sectorSize: Int64?
    /// Partitions of the same disk that it mounts, by its fstab(5) or by what they are for, those above others first; nil for none.
    public var parts: [DiskPart]?
    /// What it mounts of elsewhere; nil for nothing.
    public var elsewhere: [ForeignPart]?

    /// A part of the system that devbox does not see.
    public struct ForeignPart: Sendable, Codable, Equatable {
        /// The directory.
        public var path: String
        /// What fstab(5) calls it.
        public var source: String
        /// Why devbox does not follow it.
        public var reason: String

        /// - Parameters:
        ///   - path: the directory.
        ///   - source: what fstab(5) calls what is mounted there.
        ///   - reason: why devbox does not follow it; a sentence without its end.
        public init(path: String, source: String, reason: String) {
            (self.path, self.source, self.reason) = (path, source, reason)
        }

        /// "its /boot (/dev/mapper/vg-boot) is not seen: it is a logical volume".
        public var words: String { "its \(Names.printable(path)) (\(Names.printable(source))) is not seen: \(reason)" }
    }

    /// The ext4 file system `uuid` in a partition, or, without one, on the whole disk.
    public init(
        partition: DiskExtent?, uuid: String, sectorSize: Int64 = 512, parts: [DiskPart]? = nil,
        elsewhere: [ForeignPart]? = nil
    ) {
        (self.partition, self.uuid) = (partition, uuid)
        self.sectorSize = sectorSize == 512 ? nil : sectorSize
        (self.parts, self.elsewhere) = (parts, elsewhere)
    }

    /// Opens it with all its parts.
    ///
    /// - Parameters:
    ///   - disk: the whole disk.
    ///   - name: what messages call the disk.
    ///   - writable: whether it will be edited.
    public func open(on disk: any BlockDevice, name: String, writable: Bool = false) throws -> Ext4FileSystem {
        let device: any BlockDevice = try partition.map { try PartitionDevice(of: disk, at: $0) } ?? disk
        var root = try Ext4FileSystem(on: device, disk: name, writable: writable)
        for part in parts ?? [] {
            do {
                // Where the directory has gone since, the system does not mount it either.
                _ = try root.mount(PartitionDevice(of: disk, at: part.partition), at: part.path, writable: writable)
            } catch let error as DiskError {
                throw error.naming(part.path)
            }
        }
        return root
    }

    /// Adds what the system mounts in the root, as far as it is on the same disk.
    ///
    /// - Parameters:
    ///   - disk: the whole disk.
    ///   - name: what messages call the disk.
    mutating func followTable(on disk: any BlockDevice, name: String) throws {
        var root = try open(on: disk, name: name)
        let table = FileSystemTable(try root.text("/etc/fstab") ?? "")
        let partitions = partition == nil ? [] : try PartitionIdentity.all(of: disk, name: name)
        let search = PartitionSearch(partitions: partitions, root: table.root)
        var (wanted, foreign): ([(path: String, source: String, partition: PartitionIdentity)], [ForeignPart]) = (
            [], []
        )
        func add(_ path: String, _ source: String, _ finding: PartitionSearch.Finding) {
            switch finding {
            case .partition(let found) where found.extent == partition: break
            case .partition(let found): wanted.append((path, source, found))
            case .elsewhere(let reason): foreign.append(ForeignPart(path: path, source: source, reason: reason))
            }
        }
        for entry in table.parts {
            let finding: PartitionSearch.Finding =
                if !entry.isPlain { .elsewhere("the directory's name is none that devbox takes") } else if entry.isBound
                {
                    .elsewhere("it is that directory under another name (bind)")
                } else { search.find(entry.source) }
            add(entry.path, entry.source, finding)
        }
        let others = partitions.filter { found in
            found.extent != partition && !wanted.contains { $0.partition.extent == found.extent }
        }
        for (path, found) in try DiscoverablePartitions(others).mounts(in: root, besides: table.entries.map(\.path)) {
            add(path, "partition \(found.number)", search.judge(found))
        }
        for part in wanted.sorted(by: { $0.path < $1.path }) {
            let reason: String
            do {
                if try root.isDirectory(withoutLinks: part.path),
                    try root.mount(PartitionDevice(of: disk, at: part.partition.extent), at: part.path)
                {
                    parts = (parts ?? []) + [DiskPart(part.path, part.partition.extent)]
                    continue
                }
                reason = "the directory is not there, or a link leads to it"
            } catch let error as DiskError {
                reason = "it is ext4 and damaged: \(error.defect)"
            }
            foreign.append(ForeignPart(path: part.path, source: part.source, reason: reason))
        }
        if !foreign.isEmpty { elsewhere = foreign }
    }

    /// What keeps devbox from seeing a directory of the guest: something of elsewhere that the guest mounts there or above. nil for nothing.
    public func foreignPart(at folder: String) -> ForeignPart? { covering("\(folder)/x") }

    /// What lies over a path of those parts that devbox does not see; nil for nothing. What devbox puts there, no program of the system
    /// would find.
    public func covering(_ path: String) -> ForeignPart? {
        let names = path.split(separator: "/").filter { $0 != "." }
        return elsewhere?.first {
            let folder = $0.path.split(separator: "/")
            return names.count > folder.count && names.starts(with: folder)
        }
    }

    /// What the system mounts where a path lies, so that another file than the disk's is there; nil where it is the disk's.
    ///
    /// - Parameters:
    ///   - path: absolute, without "." and "..".
    ///   - root: the disk's root, whose fstab(5) counts as it is now.
    public func foreignPart(holding path: String, on root: borrowing Ext4FileSystem) throws -> ForeignPart? {
        // What a partition is for may mount it, too.
        guard let entry = FileSystemTable(try root.text("/etc/fstab") ?? "").mount(holding: path) else {
            return foreignPart(at: path)
        }
        if parts?.contains(where: { $0.path == entry.path }) == true { return nil }
        let reason =
            if ["tmpfs", "ramfs"].contains(entry.kind) {
                "it is in memory, and empty after a restart"
            } else if entry.isBound {
                "another directory is mounted there"
            } else {
                elsewhere?.first { $0.path == entry.path }?.reason
                    ?? "its fstab did not name it when its image was made"
            }
        return ForeignPart(path: entry.path, source: entry.source, reason: reason)
    }

    /// The partition that /usr is on, where it has one of its own: without it no init starts.
    public var usr: DiskExtent? { parts?.first { $0.path == "/usr" }?.partition }
}
