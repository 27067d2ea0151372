/// A QEMU command line that starts nothing but a kernel under KVM, with its serial port on standard output.
public struct QEMUProbeCommand: Sendable, Equatable {
    private let machine: QEMUMachine
    private let kernel: String

    /// - Parameters:
    ///   - machine: the settings that guests of the architecture have.
    ///   - kernel: the kernel's file as QEMU opens it.
    public init(_ machine: QEMUMachine, kernel: String) { (self.machine, self.kernel) = (machine, kernel) }

    /// The command line; the kernel's console is its standard output.
    public var command: Command {
        // Where the early console is depends on the machine: `earlycon` alone asks the firmware, which an x86 has no
        // answer to.
        let early = machine.console == "ttyS0" ? "earlyprintk=ttyS0" : "earlycon"
        return Command(
            machine.program,
            [
                "-nodefaults", "-no-user-config", "-display", "none", "-sandbox", QEMUCommand.sandbox, "-machine",
                machine.machine,
                "-accel", "kvm", "-cpu", "host", "-m", "256", "-no-reboot", "-serial", "stdio", "-kernel", kernel,
                "-append", "console=\(machine.console) \(early) panic=-1",
            ])
    }
}
