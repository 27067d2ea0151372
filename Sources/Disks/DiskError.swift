import DevboxCore

/// What can be wrong with a disk.
public enum DiskError: ReportableError {
    /// Not what its format says: truncated, out of bounds, a wrong magic number.
    case damaged(disk: String, defect: String)
    /// Sound, but of a kind that devbox does not take.
    case unsupported(disk: String, feature: String, hint: String?)
    /// It refers to another file of the host; what to do where that is to be trusted.
    case refersElsewhere(disk: String, file: String, hint: String)
    /// libext2fs could not do something in the file system on it.
    case fileSystem(disk: String, doing: String, reason: String)
    /// A path that is not in the file system on the disk.
    case noSuchFile(disk: String, path: String)
    /// The file system on it has no space, or no inode, left.
    case full(disk: String)
    /// The journal of a guest that was not shut down has to be replayed before anything is edited.
    case needsReplay(disk: String)

    /// `notFound` for a path, 1 for a full disk, else `badInput`.
    public var exitCode: ExitCode {
        switch self {
        case .noSuchFile: .notFound
        case .full: .failure
        default: .badInput
        }
    }

    /// Which disk, and what is wrong with it.
    public var message: String {
        switch self {
        case .damaged(let disk, let defect): "the disk \(disk) is damaged: \(defect)"
        case .unsupported(let disk, let feature, _): "the disk \(disk) cannot be used: \(feature)"
        case .refersElsewhere(let disk, let file, _):
            "the disk \(disk) refers to another file, \(Names.printable(file))"
        case .fileSystem(let disk, let doing, let reason): "cannot \(doing) on the disk \(disk): \(reason)"
        case .noSuchFile(let disk, let path): "there is no \(Names.printable(path)) on the disk \(disk)"
        case .full(let disk): "there is no space left in the file system on the disk \(disk)"
        case .needsReplay(let disk): "the journal on the disk \(disk) has not been replayed"
        }
    }

    /// What is wrong, without the disk.
    public var defect: String {
        switch self {
        case .damaged(_, let defect): defect
        case .unsupported(_, let feature, _): feature
        case .fileSystem(_, let doing, let reason): "cannot \(doing): \(reason)"
        default: message
        }
    }

    /// Whether the file system is damaged, as far as one can see: other partitions of the disk may be sound.
    public var isOfContent: Bool {
        switch self {
        case .damaged, .fileSystem: true
        default: false
        }
    }

    /// The same of what the system on the disk mounts at a directory, where that is told apart.
    public func naming(_ part: String) -> DiskError {
        let its = "its \(Names.printable(part)): "
        return switch self {
        case .damaged(let disk, let defect): .damaged(disk: disk, defect: its + defect)
        case .unsupported(let disk, let feature, let hint): .unsupported(disk: disk, feature: its + feature, hint: hint)
        case .fileSystem(let disk, let doing, let reason): .fileSystem(disk: disk, doing: doing, reason: its + reason)
        default: self
        }
    }

    /// What makes one disk of several files, wherever they are.
    ///
    /// - Parameter format: what qemu-img calls the disk's format.
    public static func mergeHint(_ format: String) -> String {
        "where all of it is to be trusted, `qemu-img convert -f \(format) -O qcow2 DISK NEW.qcow2` makes one disk, to be imported"
    }

    /// What to look with, or what to do about it.
    public var hint: String? {
        switch self {
        case .damaged: "qemu-img check and e2fsck -fn tell more"
        case .unsupported(_, _, let hint): hint
        case .full: "remove something in the guest, or use an image with a larger disk"
        case .refersElsewhere(_, _, let hint): hint
        default: nil
        }
    }
}
