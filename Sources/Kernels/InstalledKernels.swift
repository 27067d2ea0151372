import ELF
import Guests
import Installing

/// Kernels that were installed in a guest, with what came and went with them.
public struct InstalledKernels: Sendable {
    /// The versions of the kernels in the packages, newest first.
    public internal(set) var versions: [String]
    /// Packages among those given that hold nothing of these kernels, nor their headers or symbols.
    public internal(set) var besides: [PackageFile]
    /// What was downloaded for the packages.
    public internal(set) var downloaded: [PackageFile]
    /// The versions that were removed.
    public internal(set) var removed: [String]
    /// The symbols that are in the debug store for them.
    public internal(set) var symbols: [KernelSymbols] = []
    /// What the user is to know: a kernel that cannot leave a dump, say.
    public internal(set) var remarks: [String]
    /// The guest as it is now.
    public internal(set) var record: GuestRecord
}

/// Symbols that were given with a kernel's packages.
public struct KernelSymbols: Sendable {
    /// What the debug store has of them.
    public let record: DebugRecord
    /// The build-id of the newest kernel that was installed with them; nil where its file does not tell.
    public let installedBuildID: BuildID?
    /// Whether they are those of a kernel that was installed with them.
    public let areOfInstalled: Bool
}
