import Disks

/// What a system mounts when it starts: the lines of its fstab(5).
struct FileSystemTable {
    /// A line of it.
    struct Entry: Equatable {
        /// What is mounted, as it stands there: "UUID=…", "/dev/vda2".
        let source: String
        /// Where.
        let path: String
        /// "ext4", "auto".
        let kind: String
        let options: [String]

        /// Whether it lies on a disk, or in another machine: not in memory, not in a program, and not on the host.
        var isOfDisk: Bool { !Self.kindsOfNoDisk.contains(kind) && !kind.hasPrefix("fuse.") }

        /// Whether it is a directory of the system under another name.
        var isBound: Bool { options.contains { ["bind", "rbind"].contains($0) } }

        private static let kindsOfNoDisk: Set<String> = [
            "9p", "autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "devtmpfs",
            "efivarfs", "fuse", "fusectl", "hugetlbfs", "mqueue", "none", "nsfs", "overlay", "proc", "pstore", "ramfs",
            "rpc_pipefs", "securityfs", "swap", "sysfs", "tmpfs", "tracefs", "virtiofs",
        ]

        /// Whether its path is made of nothing but letters, digits and a few signs: it goes into the configuration of a container.
        var isPlain: Bool { DiskPart.isPlain(path) }
    }

    let entries: [Entry]

    /// No more lines are read than this.
    private static let mostEntries = 256

    /// Reads it; lines that are none are passed over, as mount(8) does.
    init(_ text: String) {
        var entries: [Entry] = []
        for line in text.split(separator: "\n") where entries.count < Self.mostEntries {
            let fields = line.split { $0 == " " || $0 == "\t" }.map { Self.unescaped(String($0)) }
            guard fields.count >= 2, !fields[0].hasPrefix("#"), fields[1].hasPrefix("/") else { continue }
            let path = "/" + fields[1].split(separator: "/").joined(separator: "/")
            entries.append(
                Entry(
                    source: fields[0], path: path, kind: fields.count > 2 ? fields[2] : "auto",
                    options: fields.count > 3 ? fields[3].split(separator: ",").map(String.init) : []))
        }
        self.entries = entries
    }

    /// What is mounted in the root when the system starts, or once somebody looks there: those above first.
    ///
    /// All of it counts: what a command or a copy writes below a directory that the guest mounts something on is not seen in the guest.
    /// The EFI system partition has nothing that is asked of a guest, and what lies in memory is on no disk.
    var parts: [Entry] {
        var seen: Set<String> = []
        return entries.filter { entry in
            // systemd mounts these at the first access; see systemd.mount(5), "fstab".
            let isMounted = !entry.options.contains("noauto") || entry.options.contains("x-systemd.automount")
            return entry.path != "/" && (entry.isOfDisk || entry.isBound)
                && !["/boot/efi", "/efi"].contains(entry.path) && isMounted
                && !Self.otherPlaces.contains { entry.path == $0 || entry.path.hasPrefix("\($0)/") }
                && seen.insert(entry.path).inserted
        }.sorted { $0.path < $1.path }
    }

    /// What every system has of its kernel's there, or of devbox.
    private static let otherPlaces = ["/proc", "/sys", "/dev", "/run", "/work"]

    /// What is mounted at start where a path lies, the root aside; nil for nothing.
    func mount(holding path: String) -> Entry? {
        // Of two on one directory the later one covers the other.
        entries.reduce(nil) { best, entry in
            guard entry.path != "/", path == entry.path || path.hasPrefix(entry.path + "/"),
                !entry.options.contains("noauto") || entry.options.contains("x-systemd.automount"),
                entry.path.utf8.count >= best?.path.utf8.count ?? 0
            else { return best }
            return entry
        }
    }

    /// What the root itself is mounted from; nil where that is not said.
    var root: String? { entries.first { $0.path == "/" }?.source }

    /// A blank is written as \040, a backslash as \134.
    private static func unescaped(_ field: String) -> String {
        var result: [UInt8] = []
        let bytes = Array(field.utf8)
        var index = 0
        while index < bytes.count {
            let digits = bytes[index...].dropFirst().prefix(3)
            if bytes[index] == UInt8(ascii: "\\"), digits.count == 3,
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            {
                result.append(value)
                index += 4
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}

/// Finds what an fstab(5) names among the partitions of one disk.
struct PartitionSearch {
    let partitions: [PartitionIdentity]
    /// What the root is mounted from, by which the disk's own name is known.
    let root: String?

    /// A partition, or why there is none that devbox follows.
    enum Finding: Equatable {
        case partition(PartitionIdentity)
        case elsewhere(String)
    }

    /// Looks for the source of an entry.
    func find(_ source: String) -> Finding {
        let parts = source.split(separator: "=", maxSplits: 1)
        if parts.count == 2, !source.hasPrefix("/") {
            return find(String(parts[0]), parts[1].filter { $0 != "\"" && $0 != "'" })
        }
        for (folder, tag) in [
            ("by-uuid", "UUID"), ("by-label", "LABEL"), ("by-partuuid", "PARTUUID"), ("by-partlabel", "PARTLABEL"),
        ] where source.hasPrefix("/dev/disk/\(folder)/") {
            return find(tag, Self.undone(source.dropFirst("/dev/disk/\(folder)/".count)))
        }
        if let (disk, number) = Self.device(source) {
            let own = root.flatMap { Self.device($0) }?.disk
            let isOwn = own.map { $0 == disk } ?? ["sda", "vda", "xvda", "hda", "nvme0n1", "mmcblk0"].contains(disk)
            guard isOwn else { return .elsewhere("it is on another disk") }
            return partitions.first { $0.number == number }.map(judge)
                ?? .elsewhere("the disk has no partition of that number")
        }
        if source.hasPrefix("/dev/mapper/") || source.split(separator: "/").count == 3 && source.hasPrefix("/dev/") {
            return .elsewhere("it is a logical volume (LVM) or another mapped device")
        }
        if source.hasPrefix("/dev/md") { return .elsewhere("it is a RAID") }
        return .elsewhere("it is on no partition of this disk")
    }

    /// What udev(7) writes as \x20 in a name below /dev/disk, a blank say.
    private static func undone(_ name: Substring) -> String {
        var result: [UInt8] = []
        var rest = Array(name.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), rest.first == UInt8(ascii: "x"), rest.count >= 3,
                let value = UInt8(String(decoding: rest.dropFirst().prefix(2), as: UTF8.self), radix: 16)
            {
                result.append(value)
                rest = rest.dropFirst(3)
            } else {
                result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private func find(_ tag: String, _ value: String) -> Finding {
        let found = partitions.first { partition in
            switch tag {
            case "UUID": partition.content.uuid == value.lowercased()
            case "LABEL": partition.content.label == value
            case "PARTUUID": partition.partUUID == value.lowercased()
            case "PARTLABEL": partition.partLabel == value
            default: false
            }
        }
        if let found { return judge(found) }
        let volumes =
            partitions.contains { $0.content.kind == VolumeKind.physicalVolume }
            ? "a logical volume (LVM), or on another disk" : "on another disk"
        return .elsewhere("no partition of this disk is it: it is \(volumes)")
    }

    /// Whether devbox follows a partition that was found.
    func judge(_ partition: PartitionIdentity) -> Finding {
        switch partition.content.kind {
        case "ext4": .partition(partition)
        case let kind?: .elsewhere("it is \(kind), and devbox reads ext4")
        case nil: .elsewhere("what its partition holds is not known")
        }
    }

    /// "vda" and 2 of "/dev/vda2", "nvme0n1" and 2 of "/dev/nvme0n1p2".
    private static func device(_ source: String) -> (disk: String, number: Int)? {
        guard source.hasPrefix("/dev/") else { return nil }
        let name = source.dropFirst(5)
        let digits = name.reversed().prefix { $0.isASCII && $0.isNumber }.count
        guard digits > 0, digits < 4, let number = Int(name.suffix(digits)) else { return nil }
        let disk = name.dropLast(digits)
        if ["sd", "vd", "hd", "xvd"].contains(where: disk.hasPrefix), disk.allSatisfy(\.isLetter) {
            return (String(disk), number)
        }
        guard disk.hasSuffix("p"), disk.hasPrefix("nvme") || disk.hasPrefix("mmcblk") else { return nil }
        return (String(disk.dropLast()), number)
    }
}
