import DevboxCore
import Disks

/// What can be said of a guest's disk without opening it for writing.
public enum GuestDisk {
    /// The disk's size in bytes as the guest sees it.
    public static func virtualSize(_ files: GuestFiles) throws -> Int64 {
        guard let header = try Qcow2Header.read(files.disk) else {
            throw DiskError.damaged(disk: files.disk.string, defect: "it is not a qcow2 file")
        }
        return header.size
    }
}
