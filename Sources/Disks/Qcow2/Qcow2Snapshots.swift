import DevboxCore
import Glibc
import SystemPackage

/// The internal snapshots of a qcow2 file, read from its snapshot table (QEMU's docs/interop/qcow2.rst, "Snapshots").
public enum Qcow2Snapshots {
    /// More than devbox or a person would ever take; QEMU's own limit is 65,536.
    private static let most = 1024
    private static let longestEntry = 4096

    /// Their names, oldest first.
    ///
    /// - Throws: `DiskError.damaged`.
    public static func names(in path: FilePath) throws -> [String] {
        let file = try Files.open(path, .readOnly)
        defer { try? file.close() }
        guard let header = try Qcow2Header(file, name: path.string) else {
            throw DiskError.damaged(disk: path.string, defect: "it is not a qcow2 file")
        }
        if header.snapshotCount == 0 { return [] }
        guard header.snapshotCount <= most else {
            throw DiskError.damaged(disk: path.string, defect: "it has \(header.snapshotCount) snapshots")
        }
        var at = header.snapshotsOffset
        var names: [String] = []
        for _ in 0..<header.snapshotCount {
            var bytes = [UInt8](repeating: 0, count: longestEntry)
            let count = try bytes.withUnsafeMutableBytes { buffer in
                try posix("read \(path)") { pread(file.rawValue, buffer.baseAddress, buffer.count, off_t(at)) }
            }
            guard count >= 40 else {
                throw DiskError.damaged(disk: path.string, defect: "its snapshot table is cut off")
            }
            let idSize = Int(bytes.bigEndian(UInt16.self, at: 12))
            let nameSize = Int(bytes.bigEndian(UInt16.self, at: 14))
            let extra = Int(bytes.bigEndian(UInt32.self, at: 36))
            let nameAt = 40 + extra + idSize
            guard extra < longestEntry, nameAt + nameSize <= count else {
                throw DiskError.damaged(disk: path.string, defect: "a snapshot's name is out of bounds")
            }
            names.append(String(decoding: bytes[nameAt..<(nameAt + nameSize)], as: UTF8.self))
            // Entries begin at multiples of eight.
            at += Int64((nameAt + nameSize + 7) / 8 * 8)
        }
        return names
    }
}
