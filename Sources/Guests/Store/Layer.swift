import DevboxCore
import Disks
import Glibc
import SystemPackage

/// A disk that others stand on: layers/<layer>/disk.qcow2, never written again.
struct Layer {
    let name: String
    let disk: FilePath

    /// Turns a stopped guest's disk into a layer, and gives the guest a new, empty overlay on it.
    ///
    /// The layer is first a second name of the guest's disk. Only the rename that puts the overlay in the disk's place makes
    /// it one: killed before, the guest has its disk as ever, and the name is an orphan that `LayerSweep` removes.
    ///
    /// A disk that nothing was written to since it became an overlay is what is below it, and that layer serves again: clone by clone
    /// there would be one more for ever.
    static func freeze(_ guest: borrowing StoppedGuest, in work: WorkDirectory) throws -> Layer {
        let sweepers = try FileLock(work.lock(.layers), of: "the layers", for: "freeze", shared: true)
        defer { _ = sweepers.descriptor }
        if let below = try layer(below: guest.files.disk, in: work) { return below }
        let name = UniqueName.new()
        let folder = work.layers.appending(name)
        let disk = GuestFiles.disk(ofLayer: name, in: work)
        try work.own(folder, mode: 0o755)
        do {
            try Files.hardLink(guest.files.disk, to: disk)
            try Files.syncDirectory(folder)
            try Files.syncDirectory(work.layers)
            let overlay = guest.files.spareDisk
            try Files.remove(overlay)
            try OverlayDevice(over: Qcow2Reader(disk)).save(
                to: overlay, backingName: GuestFiles.backingName(ofLayer: name))
            try work.give(overlay)
            try Files.rename(overlay, to: guest.files.disk)
        } catch {
            try? Files.removeTree(folder)
            throw error
        }
        try Files.syncDirectory(guest.files.path)
        try Files.setMode(disk, 0o444)
        return Layer(name: name, disk: disk)
    }

    /// The layer that an empty overlay stands on; nil for one that holds something, or that stands on an image.
    private static func layer(below overlay: FilePath, in work: WorkDirectory) throws -> Layer? {
        let disk = try Qcow2Reader(overlay)
        guard disk.isEmpty, let backing = disk.header.backingFile,
            let name = try Files.list(work.layers).first(where: { GuestFiles.backingName(ofLayer: $0) == backing })
        else { return nil }
        return Layer(name: name, disk: GuestFiles.disk(ofLayer: name, in: work))
    }
}
