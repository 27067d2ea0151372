import Boot
import DevboxCore
import Disks
import HostTools

/// The kernels of guests.
public enum GuestKernels {
    /// A guest's record with the kernels that its disk has now, where nobody is at the disk: packages may have been installed
    /// in it since it was last started. It waits for nobody; where somebody is, the record is as it was.
    ///
    /// - Parameter look: is handed the root file system, where it can be read.
    public static func current(
        _ name: String, in store: GuestStore, runner: Runner,
        look: (borrowing Ext4FileSystem) throws -> Void = { _ in }
    ) throws -> GuestRecord {
        let record = try store.load(name)
        let lock: FileLock
        do {
            lock = try store.lock(name, for: "kernels", patience: .zero)
        } catch let error as Failure where error.exitCode == .busy {
            return record
        }
        var guest = try StoppedGuest(name, in: store, holding: lock, runner: runner)
        // A guest that was not shut down: its next start replays the journal, and looks at its kernels then.
        let root = try guest.openRoot()
        if root.needsReplay { return guest.record }
        try look(root)
        let kernels = try guest.kernelsOnDisk()
        if kernels != guest.record.kernels {
            var changed = guest.record
            changed.kernels = kernels
            try guest.save(changed)
            try guest.removeUnusedBootFiles()
        }
        return guest.record
    }
}
