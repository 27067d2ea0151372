import DevboxCore
import Disks
import SystemPackage
import TestSupport

/// A disk with a partition table and ext4 file systems, made of folders by the host's own tools.
struct PartitionedDisk {
    let scratch: ScratchDirectory
    let path: FilePath
    let extents: [DiskExtent]

    /// A partition: a line of sfdisk(8) beside its size, options of mke2fs(8), and what it is filled with; nil for nothing.
    struct Part {
        var line = ""
        var options: [String] = []
        var files: ScratchDirectory?
    }

    static let size = 24

    /// - Parameter label: "gpt" or "dos".
    init(_ parts: [Part], label: String = "gpt") throws {
        scratch = try ScratchDirectory()
        path = scratch("disk.raw")
        try tool("truncate", "-s", "\(Self.size * parts.count + 4)M", path.string)
        let lines = parts.map { "size=\(Self.size)M\($0.line.isEmpty ? "" : ", \($0.line)")\n" }
        let id = label == "dos" ? "label-id: 0xabcd1234\n" : ""
        try tool("sfdisk", "-q", path.string, input: "label: \(label)\n\(id)" + lines.joined())
        extents = try PartitionTable.read(FileDevice(path), name: "disk")
        for (part, extent) in zip(parts, extents) {
            guard let files = part.files else { continue }
            let one = scratch("one.raw").string
            // The options have no blanks in them.
            let script = "rm -f $2; exec mke2fs -q -F -t ext4 -E root_owner=0:0 $4 -d $1 $2 $3"
            try tool(
                "sh", "-c", script, "sh", files.path.string, one, "\(Self.size)M", part.options.joined(separator: " "))
            try tool(
                "dd", "if=\(one)", "of=\(path)", "bs=512", "seek=\(extent.offset / 512)", "conv=notrunc,sparse",
                "status=none")
        }
    }

    /// The beginning of an ELF program of amd64: enough to be taken for one.
    static let program = "\u{7F}ELF\u{2}\u{1}\u{1}" + String(repeating: "\0", count: 9) + "\u{2}\0>\0"

    /// The files of a root file system.
    static func root(fstab: String) throws -> ScratchDirectory {
        let root = try ScratchDirectory()
        try root.write("ID=debian\nPRETTY_NAME=\"Debian\"\n", to: "etc/os-release")
        try root.write(program, to: "usr/bin/sh")
        try tool("ln", "-s", "usr/bin", root("bin").string)
        try root.write(fstab, to: "etc/fstab")
        for name in ["boot", "var", "usr"] { try Files.makeDirectory(root(name)) }
        return root
    }

    /// A folder with one file.
    static func folder(_ text: String, at name: String) throws -> ScratchDirectory {
        let folder = try ScratchDirectory()
        try folder.write(text, to: name)
        return folder
    }
}
