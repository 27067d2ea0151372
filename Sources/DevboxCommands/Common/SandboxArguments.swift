import ArgumentParser
import DevboxCore
import Guests
import Sandbox

/// What a stopped guest is worked on in: common to every command that does.
struct SandboxArguments: ParsableArguments {
    @Option(
        name: .customLong("in"),
        help: ArgumentHelp(
            "Work on a stopped guest in a container, which needs root, or in the appliance, a virtual machine that needs none.",
            discussion:
                "Default: what devbox.yaml says; else a container for root, unless the image came from elsewhere and is not trusted.",
            valueName: "sandbox"))
    var kind: SandboxKind?

    /// Throws where a mode makes no sandbox, or another one.
    func check(with mode: GuestMode?) throws {
        guard let kind else { return }
        switch mode {
        case .kvm:
            throw ValidationError(
                "--in \(kind.rawValue) is for a guest that stays stopped, and --mode kvm starts it: choose one")
        case .lxc where kind != .container:
            throw ValidationError("--mode lxc is a container, and --in \(kind.rawValue) is none: choose one")
        case .lxc, nil: break
        }
    }
}

extension SandboxKind: ExpressibleByArgument {}
