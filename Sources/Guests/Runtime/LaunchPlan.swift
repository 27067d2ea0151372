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
