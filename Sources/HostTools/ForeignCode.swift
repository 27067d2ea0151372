import DevboxCore
import SystemPackage

/// Whether the host can run a guest's programs in a container.
public enum ForeignCode {
    /// Throws where the guest's programs are another architecture's and no emulator is registered for them.
    ///
    /// - Parameter purpose: what they are to be run for.
    public static func check(_ architecture: Architecture, for purpose: String = "a container") throws {
        if architecture.runsNatively { return }
        guard Files.exists(FilePath("/proc/sys/fs/binfmt_misc/qemu-\(architecture.qemuUser)")) else {
            throw Failure(
                .missing, "the host cannot run \(architecture.rawValue) programs for \(purpose)",
                hint: "apt-get install qemu-user-static binfmt-support; a guest runs as a virtual machine without them")
        }
    }
}
