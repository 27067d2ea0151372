import DevboxCore
import FoundationEssentials
import Sandbox
import SystemPackage

/// How a guest is started: what its supervisor is told, beside the guest's record.
package struct LaunchPlan: Codable, Sendable {
    /// The guest's name.
    package var guest: String
    /// What it runs as.
    package var mode: GuestMode
    /// The bridge for a container's network.
    package var bridge: String?
    /// The kernel version to start.
    package var kernel: String?
    /// Arguments for the kernel beside the record's, for this start only.
    package var kernelArguments: [String] = []
    /// "kvm" or "tcg".
    package var accelerator: String?
    /// Whether all processors are emulated in one thread.
    package var emulatesInOneThread = false
    /// What is done when the kernel of a virtual machine panics.
    package var onPanic: PanicAction?

    package init(guest: String, mode: GuestMode) { (self.guest, self.mode) = (guest, mode) }
}

extension GuestRecord {
    /// What LXC calls the guest's container: unique on the host, also for guests of one name in two work directories.
    package var containerName: String { "devbox-\(name)-\(id.prefix(8))" }

    /// A sandbox on the guest's disk, which sees the share at /work.
    package func sandbox(_ task: SandboxTask, _ files: GuestFiles, in work: WorkDirectory) throws -> SandboxPlan {
        var plan = SandboxPlan(
            containerName,
            root: .disk(
                path: files.disk.string, partition: root.partition, parts: root.parts ?? []),
            architecture: architecture,
            hostname: identity.hostname, title: name, task: task, folder: files.run, work: work)
        plan.mounts = [try .share(of: work)]
        return plan
    }
}
