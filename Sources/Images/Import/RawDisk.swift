import Archives
import DevboxCore
import Disks
import Glibc
import HostTools
import SystemPackage

/// Makes a raw disk of a file that comes from elsewhere, step by step: what is compressed is unpacked, of an archive the disk is taken, what
/// another program wrote is converted. Nothing in it is believed before it was checked, and nothing that it refers to is opened.
struct RawDisk {
    /// Where it is made, and what else is needed for it lies meanwhile.
    let folder: FilePath
    /// Whether a backing file that lies beside a qcow2 disk may be read too.
    let flatten: Bool
    /// Whether anything but a raw and a qcow2 disk is wanted.
    let converts: Bool
    let watch: DiskWatch

    /// How large a disk may be, in bytes.
    static let largest: Int64 = 4 << 40
    /// How often a file may be packed.
    private static let deepest = 5

    /// What a file is, and what qemu-img calls its format.
    typealias Known = (content: DiskContent, format: String)

    /// Looks at a file.
    ///
    /// - Throws: `badInput` where it is none of those that are taken; what is inside of a packed one is seen later.
    func check(_ file: FilePath) throws -> Known {
        let content = try DiskContent(of: file)
        return (content, try format(of: content, file, name: file.string, isOutermost: true))
    }

    /// Makes the disk: disk.raw in the folder. The file is only read.
    ///
    /// - Parameter known: what `check` said of it.
    func make(of file: FilePath, _ known: Known) throws -> FilePath {
        let raw = folder.appending("disk.raw")
        var (current, name) = (file, file.string)
        for depth in 0..<Self.deepest {
            let isOutermost = depth == 0
            let next = folder.appending("unpacked-\(depth)")
            let content = isOutermost ? known.content : try DiskContent(of: current)
            // What is in an archive has nothing beside it that could be meant.
            let format =
                isOutermost ? known.format : try format(of: content, current, name: name, isOutermost: false)
            switch content {
            case .disk(.raw) where !isOutermost: try Files.rename(current, to: raw)
            case .disk(.foreign): try convert(current, format, to: raw, name: name)
            case .disk:
                try watch.run(
                    QemuImg.convert(current, format: format, to: raw, as: "raw", tells: true), of: size(current))
            case .packed(let compression):
                try unpack(current, to: next)
                name = "\(name) (\(compression.rawValue))"
            case .archive:
                let archive = DiskArchive(path: current, name: name, watch: watch)
                switch try archive.content() {
                case .disk(let member):
                    try archive.unpack(member, to: next)
                    name = "\(Names.printable(member)) in \(name)"
                case .root(let files, let bytes, let folder):
                    try archive.makeRoot(raw, files: files, bytes: bytes, folder: folder)
                }
            }
            if !isOutermost, Files.exists(current) { try Files.remove(current) }
            if Files.exists(raw) { return raw }
            current = next
        }
        throw DiskError.unsupported(
            disk: file.string, feature: "it is packed more than \(Self.deepest - 1) times", hint: nil)
    }

    private func convert(_ file: FilePath, _ format: String, to raw: FilePath, name: String) throws {
        do {
            try watch.run(QemuImg.convert(alone: file, format: format, to: raw, as: "raw"), of: size(file))
        } catch HostToolError.failed(_, _, let complaint) where !complaint.contains("No space left") {
            throw DiskError.damaged(
                disk: name, defect: complaint.isEmpty ? "qemu-img refuses it" : Names.printable(complaint))
        }
    }

    private func size(_ file: FilePath) throws -> Int64 { Int64(try Files.status(file).st_size) }

    private func unpack(_ file: FilePath, to target: FilePath) throws {
        let source = try DiskContent.open(file)
        defer { try? source.close() }
        let total = try size(file)
        var reader = try CompressedReader(source, name: watch.name)
        var writer = try SparseWriter(target, limit: Self.largest)
        try reader.read { chunk in
            try writer.append(chunk)
            try watch.step(Int64(lseek(source.rawValue, 0, SEEK_CUR)), of: total)
            return true
        }
        try writer.finish()
    }

    /// Looks at a disk's header before any program opens it: a backing or data file can be any file of the host.
    ///
    /// - Returns: what qemu-img calls the disk's format.
    private func format(of content: DiskContent, _ file: FilePath, name: String, isOutermost: Bool) throws -> String {
        if let words = content.words, !converts {
            throw DiskError.unsupported(
                disk: name, feature: "it is \(words)", hint: "with --convert devbox makes a disk of it that it takes")
        }
        guard case .disk(let format) = content else { return "" }
        switch format {
        case .qcow2:
            try checkQcow2(file, name: name, mayFlatten: flatten, isPacked: !isOutermost, depth: 0)
            return "qcow2"
        case .raw:
            let size = try size(file)
            guard size >= 1 << 20, size % 512 == 0 else {
                throw DiskError.damaged(
                    disk: name,
                    defect: "it is in no format of disks that is known here, and no raw disk of whole sectors")
            }
            return "raw"
        case .foreign(let format):
            let open = try DiskContent.open(file)
            defer { try? open.close() }
            try format.checkReferences(open, size: size(file), name: name)
            return format.rawValue
        case .descriptor:
            throw DiskError.refersElsewhere(
                disk: name, file: Self.firstExtent(of: file) ?? "the files that it lists",
                hint: DiskError.mergeHint("vmdk"))
        case .strange(let words, let hint):
            throw DiskError.unsupported(disk: name, feature: "it is \(words)", hint: hint)
        }
    }

    /// The file that a VMDK's descriptor lists first: `RW 4192256 FLAT "disk-flat.vmdk" 0`.
    private static func firstExtent(of file: FilePath) -> String? {
        guard let text = try? Files.text(file, limit: 1 << 20) else { return nil }
        let line = text.split(whereSeparator: \.isNewline).first { ["RW ", "RDONLY "].contains(where: $0.hasPrefix) }
        return line?.split(separator: "\"").dropFirst().first.map(String.init)
    }

    private func checkQcow2(
        _ file: FilePath, name: String, mayFlatten: Bool, isPacked: Bool = false, depth: Int
    ) throws {
        guard let header = try Qcow2Header.read(file) else {
            throw DiskError.damaged(disk: name, defect: "it is no qcow2 disk any more")
        }
        if header.dataFile != nil || header.incompatibleFeatures & 4 != 0 {
            throw DiskError.refersElsewhere(
                disk: name, file: header.dataFile ?? "an external data file", hint: DiskError.mergeHint("qcow2"))
        }
        if header.encryption != 0 {
            throw DiskError.unsupported(
                disk: name, feature: "it is encrypted", hint: "decrypt it with `qemu-img convert` first")
        }
        if let backing = header.backingFile {
            // Only what lies beside the disk is read, and only where that is wanted.
            let isBeside = !backing.contains("/") && !backing.contains(":") && depth < 8
            guard mayFlatten, isBeside, !isPacked else {
                throw DiskError.refersElsewhere(
                    disk: name, file: backing,
                    hint: isBeside && depth == 0
                        ? "\(isPacked ? "unpack both first; " : "")if it lies beside the disk and is to be trusted, --flatten makes one disk of both"
                        : DiskError.mergeHint("qcow2"))
            }
            try checkBacking(file.removingLastComponent().appending(backing), of: header, disk: name, depth)
        }
        let result = try watch.runner.attempt(QemuImg.check(file))
        // 3: leaked clusters, which take up space and harm nobody.
        guard [.exited(0), .exited(3)].contains(result.status) else {
            throw DiskError.damaged(
                disk: name,
                defect: result.complaint.isEmpty ? "qemu-img check refuses it" : Names.printable(result.complaint))
        }
    }

    private func checkBacking(_ file: FilePath, of header: Qcow2Header, disk: String, _ depth: Int) throws {
        let format: String
        switch try DiskContent(of: file) {
        case .disk(.qcow2):
            try checkQcow2(file, name: file.string, mayFlatten: true, depth: depth + 1)
            format = "qcow2"
        case .disk(.raw): format = try self.format(of: .disk(.raw), file, name: file.string, isOutermost: true)
        case let other:
            throw DiskError.unsupported(
                disk: disk,
                feature:
                    "its backing file \(file.lastComponent?.string ?? "") is \(other.words ?? "no raw and no qcow2 disk")",
                hint: DiskError.mergeHint("qcow2"))
        }
        // QEMU would guess an unnamed format from bytes that a guest wrote.
        guard header.backingFormat == format else {
            let backing = file.lastComponent?.string ?? ""
            throw DiskError.unsupported(
                disk: disk, feature: "it does not say that its backing file is \(format)",
                hint: "qemu-img rebase -u -b \(Command.quote(backing)) -F \(format) says so")
        }
    }
}
