import DevboxCore
import FoundationEssentials
import Glibc
import HostTools
import KernelLog
import Stores

/// What a kernel that was started under KVM tells of it.
enum ProbeVerdict: Equatable, CustomStringConvertible {
    /// Guest code ran.
    case works
    /// It will not, until something about the host changes.
    case fails(String)
    /// Nothing in time: a busy host, or a KVM that does not get on.
    case noAnswer

    /// The verdict from what QEMU wrote so far; nil as long as there is none.
    ///
    /// - Parameters:
    ///   - serial: what the guest wrote to its serial port.
    ///   - errors: what QEMU itself complained about.
    ///   - ended: how QEMU ended, where it has.
    static func judge(serial: String, errors: String, ended: ExitStatus?) -> ProbeVerdict? {
        // A kernel's decompressor, which may run before, says nothing like its first line.
        if KernelMark.showsBoot(serial) { return .works }
        let lines = errors.split(whereSeparator: \.isNewline).map(String.init)
        // QEMU does not end then: it stops the virtual machine.
        if let line = lines.first(where: { $0.contains("KVM internal error") || $0.contains("KVM: entry failed") }) {
            return .fails(brief(line))
        }
        guard let ended else { return nil }
        let line = lines.first { !$0.contains("warning:") } ?? ""
        if line.contains("Permission denied") { return .fails("QEMU's user may not open /dev/kvm") }
        return .fails(line.isEmpty ? "QEMU \(ended)" : brief(line))
    }

    /// Why it is no; nil where it is yes.
    var reason: String? {
        switch self {
        case .works: nil
        case .fails(let reason): reason
        case .noAnswer: "no kernel started within \(Int(AcceleratorProbe.limit.inSeconds)) s"
        }
    }

    var description: String { reason.map { "no (\($0))" } ?? "yes" }

    /// Without the program's name in front.
    private static func brief(_ line: String) -> String {
        let text =
            line.hasPrefix("qemu-system-")
            ? line.split(separator: ": ", maxSplits: 1).last.map(String.init) ?? line : line
        return Names.printable(text.hasPrefix("error: ") ? text.dropFirst(7) : text[...])
    }
}
