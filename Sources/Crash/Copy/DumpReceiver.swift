import DevboxCore
import Glibc
import SystemPackage

/// Takes a dump's bytes in their order, as they come out of a guest, and writes them as a file that can be read at any place: what
/// is flattened is unflattened on the way, what is zero is left out.
public struct DumpReceiver: ~Copyable {
    private let file: FileDescriptor
    private let name: String
    private let limit: Int64
    private var way = Way.unknown([])
    /// How many bytes have come, holes included.
    public private(set) var received: Int64 = 0

    private enum Way {
        case unknown([UInt8])
        case plain(SparseFile)
        case flattened(Unflattener)
    }

    /// A dump that is written flattened has its pages as they are in the file; some headers are written twice.
    private static let slack: Int64 = 1 << 30

    /// - Parameters:
    ///   - file: the new file, empty, open for writing.
    ///   - name: what messages call the dump.
    ///   - size: how many bytes are to come. A flattened dump becomes no larger than that and a GiB.
    public init(_ file: FileDescriptor, name: String, size: Int64) {
        (self.file, self.name) = (file, name)
        let (sum, overflow) = size.addingReportingOverflow(Self.slack)
        limit = overflow ? .max : sum
    }

    /// Takes the next chunk.
    ///
    /// - Throws: `VmcoreError.notADump` as soon as that can be told.
    public mutating func take(_ chunk: UnsafeRawBufferPointer) throws {
        received += Int64(chunk.count)
        switch way {
        case .unknown(var beginning):
            beginning += chunk
            way = .unknown(beginning)
            if beginning.count >= DumpKind.magicSize { try decide(beginning) }
        case .plain(var output):
            // Out of its place, so that it is not copied.
            way = .unknown([])
            defer { way = .plain(output) }
            try output.write(chunk, at: received - Int64(chunk.count))
        case .flattened(var stream):
            way = .unknown([])
            defer { way = .flattened(stream) }
            try stream.take(chunk)
        }
    }

    /// Takes a hole.
    public mutating func skip(_ count: Int64) throws {
        if count <= 0 { return }
        switch way {
        case .unknown(let beginning):
            let zeroes = [UInt8](repeating: 0, count: Int(min(count, 16)))
            // No dump begins with them.
            try decide(beginning + zeroes)
        case .plain(var output):
            try output.skip(at: received, count)
            way = .plain(output)
            received += count
        case .flattened(var stream):
            way = .unknown([])
            defer { way = .flattened(stream) }
            try stream.skip(count)
            received += count
        }
    }

    private mutating func decide(_ beginning: [UInt8]) throws {
        let output = SparseFile(file, name: name, limit: limit)
        switch DumpKind.of(beginning) {
        case .flattened: way = .flattened(Unflattener(output))
        case .elf, .kdumpCompressed: way = .plain(output)
        case nil: throw VmcoreError.notADump(name: name, reason: DumpKind.reason(beginning))
        }
        received -= Int64(beginning.count)
        try beginning.withUnsafeBytes { try take($0) }
    }

    /// Ends the file.
    ///
    /// - Returns: what is missing of it; nil where nothing is, as far as the stream tells.
    public mutating func finish() throws -> String? {
        switch way {
        case .unknown(let beginning):
            throw VmcoreError.notADump(name: name, reason: DumpKind.reason(beginning))
        case .plain(let output):
            try output.finish()
            return nil
        case .flattened(let stream): return try stream.finish()
        }
    }
}
