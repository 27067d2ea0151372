import Archives
import DevboxCore
import Disks
import Glibc
import HostTools
import SystemPackage

/// A tar that holds a disk, or all files of a root file system.
struct DiskArchive {
    let path: FilePath
    let name: String
    let watch: DiskWatch

    /// What is in it.
    enum Content: Equatable {
        /// A disk, by its member's name.
        case disk(String)
        /// A root file system, of so many files and bytes.
        ///
        /// - Parameter folder: the one of the archive that it is in; nil where it is the whole.
        case root(files: Int64, bytes: Int64, folder: String?)
    }

    private static let diskEnds = [".raw", ".img", ".qcow2", ".qcow", ".vmdk", ".vdi", ".vhd", ".vhdx", ".qed"]
    /// Files that say what system there is, os-release(5): one of them is in every root file system.
    private static let systemFiles: Set<String> = ["etc/os-release", "usr/lib/os-release"]
    /// What is smaller than this is a text about a disk: a VMDK's descriptor.
    private static let smallestNamed: Int64 = 64 << 10
    /// No raw disk is smaller.
    private static let smallest: Int64 = 1 << 20

    /// Reads the names of its members.
    ///
    /// - Throws: `badInput`, where it holds neither, or several disks.
    func content() throws -> Content {
        var disks: [String] = []
        var plain: [String] = []
        var (files, bytes): (Int64, Int64) = (0, 0)
        var (isRoot, isContainer) = (false, false)
        // Of Incus' and LXD's archives "rootfs", beside a metadata.yaml.
        var folders: Set<String> = []
        try members { member, _ in
            let place = member.components?.joined(separator: "/") ?? member.path
            files += 1
            // What a member says of its size comes from outside.
            bytes = min(bytes, .max / 4) + min(max(member.size, 0), .max / 4) + 4096
            isRoot = isRoot || Self.systemFiles.contains(place)
            if let parts = member.components, parts.count > 2,
                Self.systemFiles.contains(parts.dropFirst().joined(separator: "/"))
            {
                folders.insert(parts[0])
            }
            isContainer = isContainer || ["manifest.json", "oci-layout"].contains(place)
            guard member.kind == .file, member.size >= Self.smallestNamed else { return true }
            if member.size >= Self.smallest { plain.append(member.path) }
            let last = member.path.split(separator: "/").last.map { $0.lowercased() } ?? ""
            // macOS's tar puts files of its own beside, called "._NAME".
            if !last.hasPrefix("._"), Self.diskEnds.contains(where: last.hasSuffix) { disks.append(member.path) }
            return true
        }
        if isRoot { return .root(files: files, bytes: bytes, folder: nil) }
        if disks.isEmpty, folders.count == 1, let folder = folders.first {
            return .root(files: files, bytes: bytes, folder: folder)
        }
        if disks.isEmpty, plain.count == 1, !isContainer { disks = plain }
        switch disks.count {
        case 1: return .disk(disks[0])
        case 0 where isContainer:
            throw DiskError.unsupported(
                disk: name, feature: "it is an image of containers, whose layers are not put together here",
                hint: "`podman export CONTAINER` writes a tar of a container's root file system")
        case 0:
            throw DiskError.unsupported(
                disk: name, feature: "the tar archive holds neither a disk nor a root file system (/etc/os-release)",
                hint: nil)
        default:
            let names = disks.prefix(4).map { Names.printable($0) }.joined(separator: ", ")
            throw DiskError.unsupported(
                disk: name, feature: "the tar archive holds several disks: \(names)",
                hint: "unpack it, and import the one that has the root file system")
        }
    }

    /// Unpacks a disk.
    func unpack(_ wanted: String, to target: FilePath) throws {
        var writer = try SparseWriter(target, limit: RawDisk.largest)
        try members { member, reader in
            guard member.path == wanted, member.kind == .file else { return true }
            try reader.content { chunk in
                try chunk.withUnsafeBytes { try writer.append($0) }
                try watch.step(writer.size, of: member.size)
            }
            return false
        }
        try writer.finish()
    }

    /// Makes a disk of the files: the file system fills it.
    ///
    /// - Parameters:
    ///   - files: how many there are.
    ///   - bytes: what they hold.
    ///   - folder: the one of the archive that they are in; nil where they are the whole.
    func makeRoot(_ raw: FilePath, files: Int64, bytes: Int64, folder: String?) throws {
        try watch.need(bytes)
        // mke2fs has an inode for each 16 KiB.
        let size = max(8 << 30, bytes + bytes / 4 + 1 << 30, files * (20 << 10))
        guard size <= RawDisk.largest else {
            throw Failure(
                .badInput, "\(name) unpacks to more than the \(ByteSize.text(RawDisk.largest)) that a disk may have")
        }
        let file = try Files.open(raw, .writeOnly, [.create, .exclusiveCreate])
        defer { try? file.close() }
        try posix("make \(raw)") { ftruncate(file.rawValue, off_t(size) & ~0xF_FFFF) }
        try watch.runner.run(Mke2fs.ext4(raw, label: "root", uuid: ImageRecipe.uuid, epoch: ImageRecipe.epoch))
        let root = try Ext4FileSystem(
            on: FileDevice(raw, writable: true), disk: name, writable: true, now: ImageRecipe.epoch)
        let source = try DiskContent.open(path)
        defer { try? source.close() }
        let total = Int64(try Files.status(path).st_size)
        try RootFileSystemWriter.fill(root, from: source, folder: folder, name: name) {
            try watch.step(Int64(lseek(source.rawValue, 0, SEEK_CUR)), of: total)
        }
        try root.close()
    }

    /// - Parameter body: says whether the members behind it are wanted too.
    private func members(_ body: (ArchiveMember, inout ArchiveReader) throws -> Bool) throws {
        let source = try DiskContent.open(path)
        defer { try? source.close() }
        let total = Int64(try Files.status(path).st_size)
        func step() throws { try watch.step(Int64(lseek(source.rawValue, 0, SEEK_CUR)), of: total) }
        var reader = try ArchiveReader(source, name: name)
        while let member = try reader.next() {
            try step()
            guard try body(member, &reader) else { return }
            try reader.pass(step: step)
        }
    }
}
