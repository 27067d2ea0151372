import DevboxCore
import Disks
import HostTools
import SystemPackage

/// The replay of the journal of a disk whose machine was killed and not shut down. Without it an edit of the disk would be refused, or
/// undone by a later replay.
struct JournalTask {
    private let host: SandboxHost
    private let replays: Bool
    private let checks: Bool

    init(replays: Bool, checks: Bool, _ host: SandboxHost) {
        (self.replays, self.checks, self.host) = (replays, checks, host)
    }

    func run() throws -> Int32 {
        guard case .disk(let disk, let partition) = host.plan.root else {
            throw Failure(.usage, "\(host.plan.title) stands on a folder, which has no journal")
        }
        let folder = try PrivateFolder(for: host.plan)
        let export = try DiskExport(
            FilePath(disk), partition: partition, isWritable: true, in: folder, runner: host.runner)
        // One that is sound as it is is not written to. Of a journal to replay the check without writing takes no notice.
        var sound = try checks && !replays && isSound(folder.disk)
        if !sound {
            // A status of 1 says that errors were corrected: the journal was one.
            let output = try host.runner.attempt(Command(E2fsck.program, ["-p", folder.disk.string]))
            guard case .exited(let status) = output.status, status <= 1 else {
                try export.close()
                throw HostToolError.failed(E2fsck.program, output.status, complaint: output.finding)
            }
            sound = try !checks || isSound(folder.disk)
        }
        try export.close()
        if !sound {
            throw DiskError.damaged(
                disk: disk, defect: "e2fsck finds errors in its root file system that it cannot mend")
        }
        host.send(.ended(status: 0))
        return 0
    }

    private func isSound(_ file: FilePath) throws -> Bool {
        try host.runner.attempt(Command(E2fsck.program, ["-fn", file.string])).status.isSuccess
    }
}
