import DevboxCore
import Sandbox

extension GuestRecord {
    /// What LXC calls the guest's container: unique on the host, also for guests of one name in two work directories.
    package var containerName: String { "devbox-\(name)-\(id.prefix(8))" }

    /// A sandbox on the guest's disk, which sees the share at /work.
    ///
    /// - Parameter isOwners: false for a virtual machine, whose server of files runs as the owner.
    package func sandbox(
        _ task: SandboxTask, _ files: GuestFiles, in work: WorkDirectory, isOwners: Bool = true
    ) throws -> SandboxPlan {
        var plan = SandboxPlan(
            containerName,
            root: .disk(path: files.disk.string, partition: root.partition, parts: root.parts ?? []),
            architecture: architecture,
            hostname: identity.hostname, title: name, task: task, folder: files.run, work: work)
        plan.mounts = [try .share(of: work, isOwners: isOwners)]
        return plan
    }
}
