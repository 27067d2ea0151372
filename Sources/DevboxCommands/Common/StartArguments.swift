import ArgumentParser
import DevboxCore
import Guests
import HostTools
import Targets

/// How a guest is started: common to every command that may start one.
struct StartArguments: ParsableArguments {
    @Option(help: ArgumentHelp("Start this installed kernel, this once.", valueName: "version"))
    var kernel: String?

    @Option(
        name: .customLong("append"),
        help: ArgumentHelp("A further argument for the kernel, this once; may be repeated.", valueName: "argument"))
    var kernelArguments: [String] = []

    @Option(help: "How a virtual machine's code is run: kvm or tcg. Default: kvm where it really works.")
    var accel: Accelerator?

    @Option(help: "The host's bridge for a container's network. Default: lxcbr0 where there is one.")
    var bridge: String?

    @Option(
        name: .customLong("start-timeout"),
        help: ArgumentHelp("How long the guest may take to answer.", valueName: "seconds"))
    var startTimeout = Seconds(300)

    var options: StartOptions {
        StartOptions(
            kernel: kernel, kernelArguments: kernelArguments, bridge: bridge, accelerator: accel,
            limit: startTimeout.duration)
    }
}

extension Accelerator: ExpressibleByArgument {}
extension GuestMode: ExpressibleByArgument {}
extension Architecture: ExpressibleByArgument {}
