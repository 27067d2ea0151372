import Boot
import DevboxCore
import Disks
import Templates

extension StoppedGuest {
    /// The kernels that the disk has now, with their copies in boot/ made. The record is as it was.
    package func kernelsOnDisk() throws -> [BootKernel] {
        let kernels = try BootFiles.refresh(
            record.kernels, from: openRoot(), record.architecture, to: files.boot, recipe: initrdRecipe())
        for file in kernels.flatMap(\.files) { try store.work.give(files.boot.appending(file)) }
        return kernels
    }

    /// Brings the copies in boot/ and the record up to what is on the disk: a package may have replaced kernels since.
    package mutating func refreshKernels() throws {
        try replayJournal()
        let kernels = try kernelsOnDisk()
        if kernels == record.kernels { return }
        var changed = record
        changed.kernels = kernels
        try save(changed)
        try removeUnusedBootFiles()
    }

    /// What the initrds of its kernels are made of.
    package func initrdRecipe() throws -> InitrdRecipe {
        let templates = Templates(store.work)
        return try InitrdRecipe(templates, partition: record.root.partition, usr: record.root.usr)
    }

    /// Removes what no kernel of the record, and of its snapshots, starts from.
    package func removeUnusedBootFiles() throws {
        let used = Set((record.kernels + record.snapshots.flatMap(\.kernels)).flatMap(\.files))
        for name in try Files.list(files.boot) where !used.contains(name) {
            try Files.remove(files.boot.appending(name))
        }
    }
}
