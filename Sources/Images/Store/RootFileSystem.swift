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
    /// Partitions of the same disk that its fstab(5) mounts in it, those above others first; nil for none.
    public var parts: [DiskPart]?
    /// What its fstab(5) mounts of elsewhere; nil for nothing.
    public var elsewhere: [ForeignPart]?

    /// A part of the system that devbox does not see.
    public struct ForeignPart: Sendable, Codable, Equatable {
        /// The directory.
        public var path: String
        /// What fstab(5) calls it.
        public var source: String
        /// Why devbox does not follow it.
        public var reason: String

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
            // Where the directory has gone since, the system does not mount it either.
            _ = try root.mount(PartitionDevice(of: disk, at: part.partition), at: part.path, writable: writable)
        }
        return root
    }

    /// Adds what the root's fstab(5) mounts, as far as it is on the same disk.
    ///
    /// - Parameters:
    ///   - disk: the whole disk.
    ///   - name: what messages call the disk.
    mutating func followTable(on disk: any BlockDevice, name: String) throws {
        guard let text = try open(on: disk, name: name).text("/etc/fstab") else { return }
        let table = FileSystemTable(text)
        let partitions = partition == nil ? [] : try PartitionIdentity.all(of: disk, name: name)
        let search = PartitionSearch(partitions: partitions, root: table.root)
        var (own, foreign): ([DiskPart], [ForeignPart]) = ([], [])
        for entry in table.parts {
            switch entry.isPlain
                ? search.find(entry.source) : .elsewhere("the directory's name is none that devbox takes")
            {
            case .partition(let found) where found.extent == partition: continue
            case .partition(let found): own.append(DiskPart(entry.path, found.extent))
            case .elsewhere(let reason):
                foreign.append(ForeignPart(path: entry.path, source: entry.source, reason: reason))
            }
        }
        if !own.isEmpty { parts = own }
        if !foreign.isEmpty { elsewhere = foreign }
    }

    /// What the system mounts where a path lies, so that another file than the disk's is there; nil where it is the disk's.
    ///
    /// - Parameters:
    ///   - path: absolute, without "." and "..".
    ///   - root: the disk's root, whose fstab(5) counts as it is now.
    public func foreignPart(holding path: String, on root: borrowing Ext4FileSystem) throws -> ForeignPart? {
        func known(_ path: String) -> ForeignPart? { elsewhere?.first { $0.path == path } }
        guard let text = try root.text("/etc/fstab") else { return nil }
        guard let entry = FileSystemTable(text).mount(holding: path),
            parts?.contains(where: { $0.path == entry.path }) != true
        else { return nil }
        let reason =
            if ["tmpfs", "ramfs"].contains(entry.kind) {
                "it is in memory, and empty after a restart"
            } else if entry.options.contains("bind") || entry.options.contains("rbind") {
                "another directory is mounted there"
            } else if ["/boot", "/usr", "/var"].contains(where: { entry.path == $0 || entry.path.hasPrefix("\($0)/") })
            {
                known(entry.path)?.reason ?? "its fstab did not name it when its image was made"
            } else {
                "of other file systems devbox sees those at /boot, /usr and /var alone"
            }
        return ForeignPart(path: entry.path, source: entry.source, reason: reason)
    }

    /// The partition that /usr is on, where it has one of its own: without it no init starts.
    public var usr: DiskExtent? { parts?.first { $0.path == "/usr" }?.partition }
}
