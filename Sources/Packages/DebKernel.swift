import Archives
import ELF
import DevboxCore

/// The kernel that a package holds, by its bootable image, its vmlinux with debug information, or its modules.
public struct DebKernel: Sendable, Equatable {
    /// As in `uname -r`: what the image says of itself, else what the file's name says.
    public let version: String
    /// The build-id of vmlinux, the same in an image and in its debug package; nil where it cannot be found.
    public let buildID: BuildID?
    /// The file that says so, without a leading slash.
    public let file: String
    /// Whether that is the vmlinux with debug information.
    public let isDebug: Bool
}

extension DebPackage {
    /// The kernel in the package; nil where there is none. Nothing behind its image or its vmlinux is decoded.
    ///
    /// - Throws: `badInput` for a damaged package.
    public func kernel() throws -> DebKernel? {
        var found: DebKernel?
        var modules: DebKernel?
        try walk { content in
            guard content.member.kind == .file, let path = content.path else { return .goOn }
            if let version = KernelFacts.debugVersion(path) {
                let id = try content.buildID()
                found = DebKernel(version: version, buildID: id, file: path, isDebug: true)
                return .stop
            }
            // Beside a vmlinuz, a vmlinux is its symbols. They lie in one folder, and so behind one another.
            if found != nil, !path.hasPrefix("boot/") { return .stop }
            if let version = KernelFacts.imageVersion(path) {
                let image = KernelImage(try content.bytes(limit: KernelImage.sizeLimit))
                found = DebKernel(
                    version: image.version ?? version, buildID: image.buildID, file: path, isDebug: false)
                return path.hasPrefix("boot/vmlinux-") ? .goOn : .stop
            }
            if modules == nil, let version = KernelFacts.moduleVersion(path) {
                modules = DebKernel(version: version, buildID: nil, file: path, isDebug: false)
            }
            return .goOn
        }
        return found ?? modules
    }
}

extension DebContent {
    /// The GNU build-id of an ELF file that has not been read from yet; nil where it has none, or not where it can be reached
    /// without going back.
    public mutating func buildID() throws -> BuildID? {
        try ELFNotes.buildID { offset, count in
            // Section headers lie behind everything, so they can be had, but not what they lead to.
            offset < position ? [] : try bytes(at: offset, count: count)
        }
    }
}
