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
    private let wasCutOff: Bool

    init(replays: Bool, checks: Bool, wasCutOff: Bool, _ host: SandboxHost) {
        (self.replays, self.checks, self.wasCutOff, self.host) = (replays, checks, wasCutOff, host)
    }

    func run() throws -> Int32 {
        guard case .disk(let disk, let partition, let parts) = host.plan.root else {
            throw Failure(.usage, "\(host.plan.title) stands on a folder, which has no journal")
        }
        let folder = try PrivateFolder(for: host.plan)
        let export = try DiskExport(
            FilePath(disk), partition: parts.isEmpty ? partition : nil, isWritable: true, in: folder,
            runner: host.runner
        )
        // See e2fsck(8) of the offset behind a file's name.
        let extents = [("root", parts.isEmpty ? nil : partition)] + parts.map { ($0.path, $0.partition) }
        let result = Result {
            for (path, extent) in extents {
                try settle(folder.disk.string + (extent.map { "?offset=\($0.offset)" } ?? ""), disk, path)
            }
        }
        try export.close()
        try result.get()
        host.send(.ended(status: 0))
        return 0
    }

    /// - Parameter path: what messages call the file system.
    private func settle(_ file: String, _ disk: String, _ path: String) throws {
        // One that is sound as it is is not written to. Of a journal to replay the check without writing takes no notice.
        var sound = try checks && !replays && isSound(file)
        if !sound {
            // A status of 1 says that errors were corrected: the journal was one.
            var output = try host.runner.attempt(Command(E2fsck.program, ["-p", file]))
            if wasCutOff, case .exited(let status) = output.status, status & Self.uncorrected != 0 {
                output = try host.runner.attempt(Command(E2fsck.program, ["-y", file]))
            }
            guard case .exited(let status) = output.status, status <= 1 else {
                throw HostToolError.failed(
                    E2fsck.program, output.status, complaint: "its \(path) file system: \(output.finding)")
            }
            sound = try !checks || isSound(file)
        }
        guard sound else {
            throw DiskError.damaged(
                disk: disk, defect: "e2fsck finds errors in its \(path) file system that it cannot mend")
        }
    }

    /// The bit of e2fsck's status for errors that it left.
    private static let uncorrected: Int32 = 4

    private func isSound(_ file: String) throws -> Bool {
        try host.runner.attempt(Command(E2fsck.program, ["-fn", file])).status.isSuccess
    }
}
