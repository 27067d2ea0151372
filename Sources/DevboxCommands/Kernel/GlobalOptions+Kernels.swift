import DevboxCore
import Guests
import Kdump
import Kernels

extension GlobalOptions {
    /// What installs and removes kernels, with all that follows a change of a guest's kernels.
    func kernelInstaller() throws -> KernelInstaller {
        let store = try guests()
        return KernelInstaller(store, runner: runner, observers: [KdumpArmer(store, runner: runner)])
    }
}
