import DevboxCore
import SystemPackage

/// What differs between the architectures that QEMU emulates: a row of settings each.
public struct QEMUMachine: Sendable, Equatable {
    /// The emulator.
    public let program: Program
    /// `-machine`
    public let machine: String
    /// `-cpu` where the code is emulated.
    public let emulatedCPU: String
    /// The kernel's name for the serial port.
    public let console: String
    /// How virtio devices are attached: "pci", or "device" for virtio-mmio.
    public let bus: String
    /// Whether it has a vmcoreinfo device: the machine needs fw_cfg with DMA for it, the kernel a driver (CONFIG_FW_CFG_SYSFS).
    /// pseries lacks the one, Debian's armhf kernels the other.
    public let hasVMCoreInfo: Bool
    /// Whether it can have a pvpanic device on its PCI bus, by which a kernel that has the driver (CONFIG_PVPANIC_PCI) tells that it
    /// panicked. Of Debian's kernels, amd64's and i386's have it; the device costs nothing where it is not used.
    public let hasPanicDevice: Bool

    /// The settings for an architecture.
    public init(_ architecture: Architecture) {
        let purpose = "guests as virtual machines"
        // `qemu-system-ppc64 -device help` has no pvpanic-pci.
        hasPanicDevice = architecture != .ppc64el
        switch architecture {
        case .amd64:
            program = Program("qemu-system-x86_64", package: "qemu-system-x86", for: "amd64 \(purpose)")
            (machine, emulatedCPU, console, bus, hasVMCoreInfo) = ("q35,hpet=off", "qemu64", "ttyS0", "pci", true)
        case .i386:
            program = Program("qemu-system-i386", package: "qemu-system-x86", for: "i386 \(purpose)")
            (machine, emulatedCPU, console, bus, hasVMCoreInfo) = ("q35,hpet=off", "qemu32", "ttyS0", "pci", true)
        case .arm64:
            program = Program("qemu-system-aarch64", package: "qemu-system-arm", for: "arm64 \(purpose)")
            (machine, emulatedCPU, console, bus, hasVMCoreInfo) = (
                "virt,gic-version=3", "cortex-a57", "ttyAMA0", "pci", true
            )
        case .armhf:
            program = Program("qemu-system-arm", package: "qemu-system-arm", for: "armhf \(purpose)")
            (machine, emulatedCPU, console, bus, hasVMCoreInfo) = (
                "virt,highmem=off", "cortex-a15", "ttyAMA0", "pci", false
            )
        case .ppc64el:
            program = Program("qemu-system-ppc64", package: "qemu-system-ppc", for: "ppc64el \(purpose)")
            (machine, emulatedCPU, console, bus, hasVMCoreInfo) = (
                "pseries,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off", "power9", "hvc0", "pci",
                false
            )
        }
    }
}
