import DevboxCore
import Guests
import HostTools

/// What the user may choose about one start; nil is as the record has it.
public struct StartOptions: Sendable {
    /// The mode of this start.
    public var mode: GuestMode?
    /// The version of an installed kernel.
    public var kernel: String?
    /// Arguments for the kernel beside the record's.
    public var kernelArguments: [String]
    /// The host's bridge for a container's network.
    public var bridge: String?
    /// How a virtual machine's code is run.
    public var accelerator: Accelerator?
    /// How long the guest may take to answer.
    public var limit: Duration
    /// What the host does when the kernel panics.
    public var onPanic: PanicAction?
    /// Whether the guest's own init brings it up; without it a virtual machine is there for one command alone.
    public var hasInit: Bool

    /// What is not given is as the record and the host have it.
    public init(
        mode: GuestMode? = nil, kernel: String? = nil, kernelArguments: [String] = [], bridge: String? = nil,
        accelerator: Accelerator? = nil, limit: Duration = .seconds(300), onPanic: PanicAction? = nil,
        hasInit: Bool = true
    ) {
        self.mode = mode
        self.kernel = kernel
        self.kernelArguments = kernelArguments
        self.bridge = bridge
        self.accelerator = accelerator
        self.limit = limit
        self.onPanic = onPanic
        self.hasInit = hasInit
    }
}

extension StartOptions {
    /// As a guest runs now.
    public init(as state: RunState) {
        self.init(
            mode: state.mode, kernel: state.kernel, kernelArguments: state.kernelArguments ?? [], bridge: state.bridge,
            accelerator: state.mode == .kvm ? state.accelerator.flatMap(Accelerator.init) : nil, onPanic: state.onPanic)
    }

    /// Throws where a kernel, an argument or an accelerator was chosen though no virtual machine starts: it would be passed over.
    ///
    /// - Parameter reason: why none starts.
    func refuseIfNoMachineStarts(_ reason: String) throws {
        if !hasInit { try refuseIfNoneIsWithoutInit(reason) }
        guard kernel != nil || !kernelArguments.isEmpty || accelerator != nil || onPanic != nil else { return }
        throw Failure(
            .usage, "--kernel, --append, --accel and --on-panic need a virtual machine that is started, but \(reason)",
            hint: "--mode kvm starts one of a stopped guest")
    }

    private func refuseIfNoneIsWithoutInit(_ reason: String) throws {
        throw Failure(
            .usage, "--init none needs a virtual machine that is started for the command, but \(reason)",
            hint: "--mode kvm starts one of a stopped guest")
    }
}
