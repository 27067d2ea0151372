/// An archive as the kernel unpacks it into its first root file system: cpio in the "newc" format, not compressed.
///
/// Documentation/driver-api/early-userspace/buffer-format.rst of the kernel. Owners and times are 0, so that the same content
/// gives the same bytes.
struct CpioArchive {
    private var content: [UInt8] = []
    private var inode: UInt32 = 0

    /// Adds a directory; those above it must have been added.
    mutating func addDirectory(_ path: String) { add(path, mode: 0o40755, links: 2, []) }

    /// Adds a file.
    mutating func addFile(_ path: String, executable: Bool, _ bytes: [UInt8]) {
        add(path, mode: executable ? 0o100755 : 0o100644, links: 1, bytes)
    }

    /// Adds a symbolic link.
    mutating func addLink(_ path: String, to target: String) { add(path, mode: 0o120777, links: 1, Array(target.utf8)) }

    /// The archive with its end.
    func finished() -> [UInt8] {
        var copy = self
        copy.inode = 0
        copy.add("TRAILER!!!", mode: 0, links: 1, [])
        return copy.content
    }

    private mutating func add(_ path: String, mode: UInt32, links: UInt32, _ bytes: [UInt8]) {
        inode += 1
        let name = Array(path.utf8) + [0]
        let fields: [UInt32] = [
            inode, mode, 0, 0, links, 0, UInt32(bytes.count), 0, 0, 0, 0, UInt32(name.count), 0,
        ]
        content += Array("070701".utf8)
        for field in fields {
            let digits = String(field, radix: 16, uppercase: true)
            content += Array((String(repeating: "0", count: 8 - digits.count) + digits).utf8)
        }
        content += name
        pad()
        content += bytes
        pad()
    }

    private mutating func pad() {
        while content.count % 4 != 0 { content.append(0) }
    }
}
