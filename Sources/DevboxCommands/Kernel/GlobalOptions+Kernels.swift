import DevboxCore
import Guests
import Kdump
import Kernels
import Sandbox

extension GlobalOptions {
    /// What installs and removes kernels, with all that follows a change of a guest's kernels.
    ///
    /// - Parameter wanted: what `--in` says.
    func kernelInstaller(in wanted: SandboxKind?) throws -> KernelInstaller {
        let store = try guests(in: wanted)
        return KernelInstaller(store, runner: runner, observers: [KdumpArmer(store, runner: runner)])
    }
}
