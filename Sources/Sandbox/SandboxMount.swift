import DevboxCore
import SystemPackage

/// A folder that a sandbox sees at a place of its own, put together out of files and folders of the host. It is read-only itself.
public struct SandboxMount: Codable, Sendable {
    /// Its absolute path in the sandbox.
    public var path: String
    /// What it holds.
    public var entries: [Entry] = []
    /// Whether the files of the work directory's owner are shown as root's. What root makes there belongs to the owner, and no other
    /// user of the sandbox can make anything.
    public var isOwners = false

    /// A file or folder of the host.
    public struct Entry: Codable, Sendable {
        /// Its absolute path on the host.
        public var source: String
        /// Its path in the mount: a name, or a folder and a name.
        public var name: String
        /// Whether the sandbox may change it.
        public var isWritable: Bool

        /// - Parameters:
        ///   - source: its absolute path on the host.
        ///   - name: its path in the mount.
        ///   - isWritable: whether the sandbox may change it.
        public init(_ source: FilePath, as name: String, isWritable: Bool = false) {
            (self.source, self.name, self.isWritable) = (source.string, name, isWritable)
        }
    }

    /// - Parameters:
    ///   - path: its absolute path in the sandbox.
    ///   - entries: what it holds.
    ///   - isOwners: whether the files of the work directory's owner are shown as root's.
    public init(_ path: String, entries: [Entry], isOwners: Bool = false) {
        (self.path, self.entries, self.isOwners) = (path, entries, isOwners)
    }

    /// What devbox's own tools and packages come to a sandbox by, read-only, at /run/devbox.
    public static func extras(_ entries: [Entry]) -> SandboxMount { SandboxMount(extrasPath, entries: entries) }
    /// Where those are.
    public static let extrasPath = "/run/devbox"

    /// The share of a work directory, at /work.
    ///
    /// - Parameter isOwners: false for a virtual machine, whose server of files runs as the owner.
    public static func share(of work: WorkDirectory, isOwners: Bool = true) throws -> SandboxMount {
        let folders = try Files.list(work.share).filter { try Files.isFolder(work.share.appending($0)) }
        return SandboxMount(
            "/work",
            entries: folders.map { name in
                Entry(work.share.appending(name), as: name, isWritable: WorkDirectory.writableShares.contains(name))
            }, isOwners: isOwners)
    }
}
