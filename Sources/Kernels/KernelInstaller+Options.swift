import Installing

extension KernelInstaller {
    /// What the user may choose about an installation.
    public struct Options: Sendable {
        /// How the packages are installed.
        public var packages: PackageInstaller.Options
        /// Further arguments for the guest's kernels, in place of those it has; nil leaves them.
        public var kernelArguments: [String]?
        /// How many kernels stay beside the new ones; nil for all.
        public var keepOld: Int?
        /// The version that starts next; nil for the newest of those installed now.
        public var defaultKernel: String?
        /// Debug packages whose symbols go to the debug store.
        public var symbols: [PackageFile]
        /// Whether the symbols of modules go there too.
        public var takesModuleSymbols = false
        /// Whether the debug packages are installed in the guest as well.
        public var installsSymbols = false
        /// Whether a guest that runs is stopped, and started again with the new kernel.
        public var restarts: Bool

        /// - Parameters:
        ///   - packages: how the packages are installed.
        ///   - kernelArguments: in place of those that the guest's kernels have; nil leaves them.
        ///   - keepOld: how many kernels stay beside the new ones; nil for all.
        ///   - defaultKernel: the version that starts next; nil for the newest of those installed now.
        ///   - symbols: debug packages whose symbols go to the debug store.
        ///   - restarts: whether a guest that runs is stopped and started again.
        public init(
            packages: PackageInstaller.Options, kernelArguments: [String]? = nil, keepOld: Int? = nil,
            defaultKernel: String? = nil, symbols: [PackageFile] = [], restarts: Bool = false
        ) {
            (self.packages, self.kernelArguments, self.keepOld) = (packages, kernelArguments, keepOld)
            (self.defaultKernel, self.symbols, self.restarts) = (defaultKernel, symbols, restarts)
        }
    }
}
