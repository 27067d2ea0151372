/// The metadata of a new qcow2 overlay with 64 KiB clusters, laid out as `qemu-img create` does it: header, refcount table,
/// refcount blocks, L1 table, L2 tables, and behind them the data clusters in the order given.
///
/// Source: QEMU's docs/interop/qcow2.rst.
struct Qcow2Writer {
    static let clusterSize = 64 << 10
    /// All that stands before the data clusters.
    let metadata: [UInt8]

    /// QCOW_OFLAG_COPIED: the cluster's refcount is one, so that QEMU may write to it in place.
    private static let copied: UInt64 = 1 << 63
    private static let entriesInTable = clusterSize / 8
    private static let refcountsInBlock = clusterSize / 2

    /// - Parameters:
    ///   - size: the disk's size in bytes.
    ///   - backingName: the backing file's name; its format is qcow2.
    ///   - clusters: the numbers of the disk's clusters that the file holds, ascending.
    init(size: Int64, backingName: String, clusters: [Int64]) {
        let all = Int((size + Int64(Self.clusterSize) - 1) / Int64(Self.clusterSize))
        let l1Entries = max(1, (all + Self.entriesInTable - 1) / Self.entriesInTable)
        let l1Clusters = (l1Entries * 8 + Self.clusterSize - 1) / Self.clusterSize
        let tables = Set(clusters.map { Int($0) / Self.entriesInTable }).sorted()
        // One refcount block counts 32,768 clusters, itself and the table included.
        var refcountBlocks = 1
        var total = 0
        repeat {
            total = 2 + refcountBlocks + l1Clusters + tables.count + clusters.count
            let needed = (total + Self.refcountsInBlock - 1) / Self.refcountsInBlock
            if needed <= refcountBlocks { break }
            refcountBlocks = needed
        } while true
        let l1Start = 2 + refcountBlocks
        let l2Start = l1Start + l1Clusters
        let dataStart = l2Start + tables.count

        var bytes = [UInt8](repeating: 0, count: dataStart * Self.clusterSize)
        Self.putHeader(&bytes, size: size, l1Entries: l1Entries, l1Start: l1Start, backingName: backingName)
        for block in 0..<refcountBlocks {
            bytes.putBigEndian(UInt64((2 + block) * Self.clusterSize), at: Self.clusterSize + block * 8)
        }
        for cluster in 0..<total { bytes.putBigEndian(UInt16(1), at: 2 * Self.clusterSize + cluster * 2) }
        for (position, table) in tables.enumerated() {
            let place = UInt64((l2Start + position) * Self.clusterSize)
            bytes.putBigEndian(place | Self.copied, at: l1Start * Self.clusterSize + table * 8)
        }
        let positions = Dictionary(uniqueKeysWithValues: zip(tables, tables.indices))
        for (position, cluster) in clusters.enumerated() {
            let table = l2Start + (positions[Int(cluster) / Self.entriesInTable] ?? 0)
            let place = UInt64((dataStart + position) * Self.clusterSize)
            let entry = table * Self.clusterSize + Int(cluster) % Self.entriesInTable * 8
            bytes.putBigEndian(place | Self.copied, at: entry)
        }
        metadata = bytes
    }

    private static func putHeader(
        _ bytes: inout [UInt8], size: Int64, l1Entries: Int, l1Start: Int, backingName: String
    ) {
        let headerLength = 104
        let name = Array(backingName.utf8)
        let format = Array("qcow2".utf8)
        bytes.putBigEndian(Qcow2Header.magic, at: 0)
        bytes.putBigEndian(UInt32(3), at: 4)
        bytes.putBigEndian(UInt32(16), at: 20)  // cluster bits
        bytes.putBigEndian(UInt64(size), at: 24)
        bytes.putBigEndian(UInt32(l1Entries), at: 36)
        bytes.putBigEndian(UInt64(l1Start * clusterSize), at: 40)
        bytes.putBigEndian(UInt64(clusterSize), at: 48)  // the refcount table's place
        bytes.putBigEndian(UInt32(1), at: 56)  // its clusters
        bytes.putBigEndian(UInt32(4), at: 96)  // refcount bits: 2^4
        bytes.putBigEndian(UInt32(headerLength), at: 100)
        bytes.putBigEndian(Qcow2Header.backingFormatExtension, at: headerLength)
        bytes.putBigEndian(UInt32(format.count), at: headerLength + 4)
        bytes.replaceSubrange((headerLength + 8)..<(headerLength + 8 + format.count), with: format)
        // A header extension of type 0 ends them: the eight zero bytes behind the padded format's name.
        let nameAt = headerLength + 8 + 8 + 8
        bytes.putBigEndian(UInt64(nameAt), at: 8)
        bytes.putBigEndian(UInt32(name.count), at: 16)
        bytes.replaceSubrange(nameAt..<(nameAt + name.count), with: name)
    }
}
