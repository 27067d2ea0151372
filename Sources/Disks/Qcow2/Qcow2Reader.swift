import DevboxCore
import Glibc
import SystemPackage

/// One qcow2 file of the work directory, read in process. What it does not hold is asked of the file below it.
///
/// It reads what devbox and QEMU write there: no compression, no encryption, no data file. Anything else is refused, and is
/// a matter for `qemu-img convert`.
public final class Qcow2Reader: BlockDevice {
    /// The disk's size in bytes.
    public var size: Int64 { header.size }
    /// The file's header.
    public let header: Qcow2Header
    /// Whether nothing was ever written to it: then it is what is below it.
    public var isEmpty: Bool { header.snapshotCount == 0 && l1.allSatisfy { $0 == 0 } && backing?.size == size }
    private let file: FileDescriptor
    private let name: String
    private let backing: (any BlockDevice)?
    private let l1: [UInt8]
    private var l2: [Int: [UInt8]] = [:]

    private static let offsetMask: UInt64 = 0x00FF_FFFF_FFFF_FE00
    private static let compressedFlag: UInt64 = 1 << 62
    private static let zeroFlag: UInt64 = 1
    /// dirty: refcounts only, which a reader does not use.
    private static let knownFeatures: UInt64 = 1
    private static let longestChain = 200

    /// Opens a file and, one by one, those it stands on; each by the name its overlay gives, taken from the overlay's folder.
    ///
    /// - Parameter path: a file of the work directory, of which devbox knows that its references may be followed.
    public convenience init(_ path: FilePath) throws { try self.init(path, depth: 0) }

    private init(_ path: FilePath, depth: Int) throws {
        let path = path.lexicallyNormalized()
        name = path.string
        guard depth < Self.longestChain else {
            throw DiskError.unsupported(
                disk: name, feature: "it stands on more than \(Self.longestChain) others",
                hint: "`devbox image import DISK --name NAME --flatten` makes one disk of all of them, to clone from")
        }
        file = try FileDevice.open(path, .readOnly)
        guard let header = try Qcow2Header(file, name: name) else {
            throw DiskError.damaged(disk: name, defect: "it is not a qcow2 file")
        }
        self.header = header
        guard header.encryption == 0 else {
            throw DiskError.unsupported(
                disk: name, feature: "it is encrypted", hint: "convert it with `qemu-img convert -O qcow2`")
        }
        guard header.incompatibleFeatures & ~Self.knownFeatures == 0 else {
            throw DiskError.unsupported(
                disk: name, feature: "it uses qcow2 features \(String(header.incompatibleFeatures, radix: 16))",
                hint: "convert it with `qemu-img convert -O qcow2`")
        }
        var table = [UInt8](repeating: 0, count: header.l1Size * 8)
        try Self.fill(&table, from: file, at: header.l1Offset, name: name)
        l1 = table
        if let below = header.backingFile {
            guard header.backingFormat == "qcow2" else {
                throw DiskError.unsupported(disk: name, feature: "its backing file is not qcow2", hint: nil)
            }
            backing = try Qcow2Reader(path.removingLastComponent().pushing(FilePath(below)), depth: depth + 1)
        } else {
            backing = nil
        }
    }

    deinit { try? file.close() }

    /// The bytes as a guest sees them: from this file, or from those below, or zeroes.
    public func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws {
        try checkBounds(offset, buffer.count, name: name)
        var at = offset
        var rest = buffer[...]
        while !rest.isEmpty {
            let inside = Int(at & Int64(header.clusterSize - 1))
            let count = min(rest.count, header.clusterSize - inside)
            let part = UnsafeMutableRawBufferPointer(rebasing: rest.prefix(count))
            switch try place(of: at) {
            case .here(let cluster): try readFile(at: cluster + Int64(inside), into: part)
            case .zero: part.initializeMemory(as: UInt8.self, repeating: 0)
            case .below: try readBelow(at: at, into: part)
            }
            at += Int64(count)
            rest = rest.dropFirst(count)
        }
    }

    /// A reader writes nothing; an `OverlayDevice` on top of it keeps what is written.
    public func write(at offset: Int64, from buffer: UnsafeRawBufferPointer) throws {
        throw DiskError.unsupported(disk: name, feature: "it is read-only", hint: nil)
    }

    /// Nothing: a reader writes nothing.
    public func flush() throws {}

    private enum Place {
        case here(Int64)
        case zero
        case below
    }

    private func place(of offset: Int64) throws -> Place {
        let entriesBits = header.clusterBits - 3
        let cluster = Int(offset >> header.clusterBits)
        let index = cluster >> entriesBits
        guard index < header.l1Size else {
            throw DiskError.damaged(disk: name, defect: "its L1 table does not reach byte \(offset)")
        }
        let table = try l2Table(index)
        guard let table else { return .below }
        let entry: UInt64 = table.bigEndian(at: (cluster & ((1 << entriesBits) - 1)) * 8)
        if entry & Self.compressedFlag != 0 {
            throw DiskError.unsupported(
                disk: name, feature: "it is compressed", hint: "convert it with `qemu-img convert -O qcow2`")
        }
        if entry & Self.zeroFlag != 0, header.version >= 3 { return .zero }
        let host = entry & Self.offsetMask
        return host == 0 ? .below : .here(Int64(host))
    }

    private func l2Table(_ index: Int) throws -> [UInt8]? {
        if let table = l2[index] { return table }
        let offset = l1.bigEndian(UInt64.self, at: index * 8) & Self.offsetMask
        if offset == 0 { return nil }
        var table = [UInt8](repeating: 0, count: header.clusterSize)
        try Self.fill(&table, from: file, at: Int64(offset), name: name)
        l2[index] = table
        return table
    }

    private func readBelow(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws {
        let there = max(0, min(Int64(buffer.count), (backing?.size ?? 0) - offset))
        if let backing, there > 0 {
            try backing.read(at: offset, into: UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(Int(there))))
        }
        UnsafeMutableRawBufferPointer(rebasing: buffer.dropFirst(Int(there))).initializeMemory(
            as: UInt8.self, repeating: 0)
    }

    private func readFile(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws {
        var done = 0
        while done < buffer.count {
            let count = try posix("read \(name)") {
                pread(file.rawValue, buffer.baseAddress?.advanced(by: done), buffer.count - done, off_t(offset) + done)
            }
            if count == 0 {
                // QEMU does not always write the last cluster's end; beyond the file's end are zeroes, unless it is cut off.
                let end = try Files.status(FilePath(name)).st_size
                guard offset + Int64(buffer.count) - Int64(end) < Int64(header.clusterSize), offset < Int64(end) else {
                    throw DiskError.damaged(disk: name, defect: "it is cut off")
                }
                UnsafeMutableRawBufferPointer(rebasing: buffer.dropFirst(done)).initializeMemory(
                    as: UInt8.self, repeating: 0)
                return
            }
            done += count
        }
    }

    private static func fill(_ table: inout [UInt8], from file: FileDescriptor, at offset: Int64, name: String) throws {
        let wanted = table.count
        // Asked first: for a place that no file has, pread(2) fails with EINVAL.
        let end = Int64(try posix("look at \(name)") { lseek(file.rawValue, 0, SEEK_END) })
        guard offset <= end - Int64(wanted) else {
            throw DiskError.damaged(disk: name, defect: "a table of it is cut off")
        }
        let count = try table.withUnsafeMutableBytes { buffer in
            try posix("read \(name)") { pread(file.rawValue, buffer.baseAddress, buffer.count, off_t(offset)) }
        }
        guard count == wanted else { throw DiskError.damaged(disk: name, defect: "a table of it is cut off") }
    }
}
