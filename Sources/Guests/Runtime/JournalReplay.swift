import DevboxCore
import Disks
import HostTools
import SystemPackage

enum JournalReplay {
    static func run(on disk: FilePath, partition: DiskExtent?, runner: Runner) throws {
        fatalError()
    }
}
