/// What the host does when a guest's kernel panics.
public enum PanicAction: String, Sendable, Codable, CaseIterable {
    /// Nothing: the guest's own crash kernel takes a dump and restarts, where one is loaded.
    case kdump
    /// The machine stands still, for `devbox dump` and for debuggers.
    case pause
    /// A dump is taken from outside; then the machine is switched off.
    case dump
    /// The reset button.
    case reboot
    /// The machine is switched off.
    case stop

    /// What QEMU itself does at the moment in which the guest's driver reports a panic: see `-action` in qemu(1). What is to be
    /// looked at afterwards is kept as it is then; the rest is the supervisor's.
    var machineAction: String {
        switch self {
        case .pause, .dump: "pause"
        case .kdump, .reboot, .stop: "none"
        }
    }

    /// The guest's kernel arguments for a start with this action. A crash kernel that took over would take the panic away from
    /// the host: where the host is to act, none is loaded.
    func kernelArguments(_ arguments: [String]) -> [String] {
        guard self != .kdump, arguments.contains(where: Self.reservesMemory) else { return arguments }
        return arguments.filter { !Self.reservesMemory($0) } + ["systemd.mask=kdump-tools.service"]
    }

    private static func reservesMemory(_ argument: String) -> Bool { argument.hasPrefix("crashkernel=") }
}
