/// An installed kernel and the copies of its files that a virtual machine starts from.
public struct BootKernel: Sendable, Codable, Equatable {
    /// What `uname -r` says in it: "6.1.0-47-amd64".
    public var version: String
    /// The copies' names in boot/.
    public var vmlinuz: String
    /// The initrd's copy in boot/; nil where the kernel has none.
    public var initrd: String?
    /// Why no virtual machine can start from it; nil where nothing is known that stands against it.
    public var obstacle: String?
    /// Size and modification time of the originals in the disk's /boot, by which a change there is noticed.
    public var fingerprint: String

    /// A kernel of which the copies `vmlinuz` and `initrd` lie in boot/ under these names.
    public init(version: String, vmlinuz: String, initrd: String?, obstacle: String? = nil, fingerprint: String) {
        (self.version, self.vmlinuz, self.initrd) = (version, vmlinuz, initrd)
        (self.obstacle, self.fingerprint) = (obstacle, fingerprint)
    }

    private enum CodingKeys: String, CodingKey {
        case version, vmlinuz, initrd, obstacle
        case fingerprint = "stamp"
    }

    /// The names of its copies in boot/.
    public var files: [String] { [vmlinuz, initrd].compactMap { $0 } }
}
