import DevboxCore
import Glibc
import SystemPackage

/// Makes a file again of the records that makedumpfile writes to a pipe: a header of 4096 bytes, then offset and size, each as a
/// big-endian number of 64 bits, and the bytes that belong there; at the end two times -1. Source: makedumpfile's
/// `struct makedumpfile_header` and `makedumpfile_data_header`, and write_buffer() in its makedumpfile.c.
struct Unflattener {
    private var output: SparseFile
    private var state = State.header(left: Unflattener.headerSize)
    /// The bytes of a header that have come so far.
    private var collected: [UInt8] = []

    private enum State: Equatable {
        case header(left: Int)
        case record
        case data(offset: Int64, left: Int64)
        case ended
    }

    private static let headerSize = 4096
    private static let recordSize = 16

    init(_ output: SparseFile) { self.output = output }

    /// Takes the next chunk of the stream.
    mutating func take(_ chunk: UnsafeRawBufferPointer) throws {
        var rest = chunk[...]
        while !rest.isEmpty {
            switch state {
            case .header(let left):
                let part = rest.prefix(left)
                if collected.count < 32 { collected += part.prefix(32 - collected.count) }
                rest = rest.dropFirst(part.count)
                state = .header(left: left - part.count)
                if part.count == left { try checkHeader() }
            case .record:
                let part = rest.prefix(Self.recordSize - collected.count)
                collected += part
                rest = rest.dropFirst(part.count)
                if collected.count == Self.recordSize { try beginRecord() }
            case .data(let offset, let left):
                let part = rest.prefix(Int(min(left, Int64(rest.count))))
                try output.write(UnsafeRawBufferPointer(rebasing: part), at: offset)
                rest = rest.dropFirst(part.count)
                advance(offset, left, by: Int64(part.count))
            case .ended: return
            }
        }
    }

    /// Takes a stretch of zeroes of the stream.
    mutating func skip(_ count: Int64) throws {
        var left = count
        let zeroes = [UInt8](repeating: 0, count: Self.headerSize)
        while left > 0 {
            if case .ended = state { return }
            if case .data(let offset, let size) = state {
                let part = min(size, left)
                try output.skip(at: offset, part)
                advance(offset, size, by: part)
                left -= part
            } else {
                // A record of no bytes is refused, so this does not go on.
                let part = min(left, Int64(Self.recordSize))
                try zeroes.withUnsafeBytes { try take(UnsafeRawBufferPointer(rebasing: $0.prefix(Int(part)))) }
                left -= part
            }
        }
    }

    private mutating func advance(_ offset: Int64, _ left: Int64, by count: Int64) {
        state = count == left ? .record : .data(offset: offset + count, left: left - count)
    }

    private mutating func checkHeader() throws {
        // The signature has been looked at; the type behind it is 1, as the version has always been.
        let type = ByteOrder.big.number(collected, 16, 8)
        guard type == 1 else { throw VmcoreError.damaged("it is a flattened file of type \(type)") }
        collected = []
        state = .record
    }

    private mutating func beginRecord() throws {
        let offset = Int64(bitPattern: ByteOrder.big.number(collected, 0, 8))
        let size = Int64(bitPattern: ByteOrder.big.number(collected, 8, 8))
        collected = []
        if offset == -1, size == -1 {
            state = .ended
            return
        }
        guard size > 0, output.allows(offset, size) else {
            throw VmcoreError.damaged("a flattened record has \(size) bytes for byte \(offset)")
        }
        state = .data(offset: offset, left: size)
    }

    /// Ends the file.
    ///
    /// - Returns: what is missing; nil where the stream came to its end.
    func finish() throws -> String? {
        try output.finish()
        return state == .ended ? nil : "it is cut off: the flattened stream has no end"
    }
}
