import Disks

/// Partitions that systemd mounts by what the partition table says they are for, where no fstab(5) names them. Images that are made by
/// mkosi(1) and its like have no fstab at all.
///
/// Source: The Discoverable Partitions Specification, https://uapi-group.org/specifications/specs/discoverable_partitions_specification/,
/// and systemd-gpt-auto-generator(8). /var is left out: it counts only where its UUID is made of the machine-id.
struct DiscoverablePartitions {
    private let partitions: [PartitionIdentity]

    /// - Parameter partitions: those of the root's disk that nothing else names.
    init(_ partitions: [PartitionIdentity]) { self.partitions = partitions }

    /// The types of a GPT, and where systemd mounts them.
    private static let places = [
        // The boot loader's extended partition, XBOOTLDR.
        "bc13c2ff-59e6-4262-a352-b275fd6f7172": "/boot",
        "933ac7e1-2eb4-4f13-b844-0e14e2aef915": "/home",
        "3b8f8425-20e0-4f3b-907f-1a25a76f98e8": "/srv",
        // For amd64, i386, arm64, armhf, ppc64el: a disk has a system of one of them.
        "8484680c-9521-48c6-9c11-b0720656f69e": "/usr",
        "75250d76-8cc6-458e-bd66-bd47cc81a812": "/usr",
        "b0e01050-ee5f-4390-949a-9101b17104e9": "/usr",
        "7d0359a3-02b3-4f0a-865c-654403e70625": "/usr",
        "15bb03af-77e7-4d4a-b12b-c0d084f7491c": "/usr",
    ]

    /// What is mounted where: the first partition of each kind, on a directory that is there and empty.
    ///
    /// - Parameters:
    ///   - root: the root file system, alone.
    ///   - named: the directories that fstab(5) has something to say of.
    func mounts(in root: borrowing Ext4FileSystem, besides named: [String]) throws -> [(String, PartitionIdentity)] {
        var found: [(String, PartitionIdentity)] = []
        for partition in partitions {
            guard let path = partition.purpose.flatMap({ Self.places[$0] }), !named.contains(path),
                !found.contains(where: { $0.0 == path }), let place = try root.find(path),
                try root.attributes(of: place).isDirectory
            else { continue }
            let names = try root.names(in: place).filter { ![".", "..", "lost+found"].contains($0) }
            if names.isEmpty { found.append((path, partition)) }
        }
        return found
    }
}
