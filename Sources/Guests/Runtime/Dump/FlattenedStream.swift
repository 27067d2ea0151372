import DevboxCore

/// Puts a flattened dump together while it comes: QEMU writes the kdump formats so that they can go through a pipe, as pieces with
/// their offsets, and few programs read them like that. Source: makedumpfile(8) `-F`, and makedumpfile.h: makedumpfile_header.
struct FlattenedStream {
    /// The header that a stream begins with fills so many bytes.
    static let headerSize = 4096
    private static let signature = Array("makedumpfile".utf8)
    private let file: SparseFile
    /// No piece may lie behind it: the guest wrote what QEMU compresses.
    private let limit: Int64
    private var pending: [UInt8] = []
    private var hasHeader = false
    private var isAtEnd = false
    /// Of the present piece: where its next byte goes, and how many are to come.
    private var piece: (offset: Int64, left: Int) = (0, 0)

    init(into file: SparseFile, limit: Int64) { (self.file, self.limit) = (file, limit) }

    /// Takes the next bytes of the stream.
    ///
    /// - Throws: `badInput`, where they are no such stream.
    mutating func take(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes[...]
        while !rest.isEmpty, !isAtEnd {
            if piece.left > 0 {
                let part = rest.prefix(piece.left)
                try file.write(UnsafeRawBufferPointer(rebasing: part), at: piece.offset)
                piece = (piece.offset + Int64(part.count), piece.left - part.count)
                rest = rest.dropFirst(part.count)
                continue
            }
            let wanted = (hasHeader ? 16 : Self.headerSize) - pending.count
            pending += rest.prefix(wanted)
            rest = rest.dropFirst(wanted)
            if pending.count == (hasHeader ? 16 : Self.headerSize) { try begin() }
        }
    }

    /// Whether the stream came to its own end.
    var isComplete: Bool { isAtEnd }

    private mutating func begin() throws {
        defer { pending = [] }
        guard hasHeader else {
            guard pending.starts(with: Self.signature) else {
                throw Failure(.badInput, "QEMU wrote a dump that is not flattened as it should be")
            }
            hasHeader = true
            return
        }
        let (offset, size) = (Self.number(pending[0..<8]), Self.number(pending[8..<16]))
        if offset < 0, size < 0 {
            isAtEnd = true
            return
        }
        guard offset >= 0, size >= 0, offset <= limit, size <= limit, offset + size <= limit else {
            throw Failure(.badInput, "QEMU wrote a dump with a piece at an impossible place (\(size) bytes at \(offset))")
        }
        piece = (offset, Int(size))
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> Int64 {
        Int64(bitPattern: bytes.reduce(0) { $0 << 8 | UInt64($1) })
    }
}
