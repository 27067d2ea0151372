import DevboxCore
import Glibc
import SystemPackage

/// A disk that keeps what is written to it in memory, on top of another that is never changed, and becomes a qcow2 overlay.
///
/// This is how a clone gets its identity in a few milliseconds: a new overlay is written once, in one piece, with the changed
/// blocks already in it. No program runs, and nothing is there until the file is.
public final class OverlayDevice: BlockDevice {
    /// In bytes, as the disk below has it.
    public var size: Int64 { base.size }
    private let base: any BlockDevice
    /// Written blocks by their number; only those that differ from what is below.
    private var blocks: [Int64: [UInt8]] = [:]
    private static let blockSize = 4096

    /// - Parameter base: the disk below.
    public init(over base: any BlockDevice) { self.base = base }

    /// What was written here, else what is below.
    public func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws {
        try base.read(at: offset, into: buffer)
        if blocks.isEmpty { return }
        eachBlock(offset, buffer.count) { number, inBlock, inBuffer in
            guard let block = blocks[number] else { return }
            block.withUnsafeBytes { source in
                UnsafeMutableRawBufferPointer(rebasing: buffer[inBuffer]).copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: source[inBlock]))
            }
        }
    }

    /// Keeps the bytes in memory; the disk below stays as it is.
    public func write(at offset: Int64, from buffer: UnsafeRawBufferPointer) throws {
        try checkBounds(offset, buffer.count, name: "overlay")
        try eachBlock(offset, buffer.count) { number, inBlock, inBuffer in
            let below = try baseBlock(number)
            var block = blocks[number] ?? below
            block.withUnsafeMutableBytes { target in
                UnsafeMutableRawBufferPointer(rebasing: target[inBlock]).copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: buffer[inBuffer]))
            }
            blocks[number] = block == below ? nil : block
        }
    }

    /// Nothing: `save` is what writes a file.
    public func flush() throws {}

    private func baseBlock(_ number: Int64) throws -> [UInt8] {
        let start = number * Int64(Self.blockSize)
        var block = [UInt8](repeating: 0, count: Self.blockSize)
        let there = Int(min(Int64(Self.blockSize), size - start))
        try block.withUnsafeMutableBytes {
            try base.read(at: start, into: UnsafeMutableRawBufferPointer(rebasing: $0.prefix(there)))
        }
        return block
    }

    private func eachBlock(_ offset: Int64, _ count: Int, _ body: (Int64, Range<Int>, Range<Int>) throws -> Void)
        rethrows
    {
        var done = 0
        while done < count {
            let at = offset + Int64(done)
            let inside = Int(at % Int64(Self.blockSize))
            let part = min(count - done, Self.blockSize - inside)
            try body(at / Int64(Self.blockSize), inside..<(inside + part), done..<(done + part))
            done += part
        }
    }

    /// Writes the overlay as a new qcow2 file with `backingName` as its backing file, and syncs it.
    ///
    /// - Parameters:
    ///   - path: the file to make; it must not exist.
    ///   - backingName: the qcow2 file below, as it is to stand in the header; relative to the new file's folder.
    ///   - mode: the file's mode.
    public func save(to path: FilePath, backingName: String, mode: FilePermissions = [.ownerReadWrite]) throws {
        let clusters = try changedClusters()
        let image = Qcow2Writer(size: size, backingName: backingName, clusters: clusters.map(\.number))
        let file = try Files.open(path, .writeOnly, [.create, .exclusiveCreate], permissions: mode)
        defer { try? file.close() }
        try Files.writeAll(file, image.metadata, name: path.string)
        for cluster in clusters { try Files.writeAll(file, cluster.bytes, name: path.string) }
        try posix("sync \(path)") { fsync(file.rawValue) }
    }

    private func changedClusters() throws -> [(number: Int64, bytes: [UInt8])] {
        let blocksInCluster = Int64(Qcow2Writer.clusterSize / Self.blockSize)
        return try Set(blocks.keys.map { $0 / blocksInCluster }).sorted().map { number in
            var bytes = [UInt8](repeating: 0, count: Qcow2Writer.clusterSize)
            let start = number * Int64(Qcow2Writer.clusterSize)
            let there = Int(min(Int64(bytes.count), size - start))
            try bytes.withUnsafeMutableBytes {
                try read(at: start, into: UnsafeMutableRawBufferPointer(rebasing: $0.prefix(there)))
            }
            return (number, bytes)
        }
    }
}
