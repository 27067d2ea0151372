import Archives
import DevboxCore

/// Whether a walk goes on.
public enum WalkDecision: Sendable {
    case goOn
    /// Nothing behind this member is decoded.
    case stop
}

/// A member of data.tar that a walk has come to, with its content, which is decoded when it is asked for.
public struct DebContent: ~Copyable {
    /// What it is. All of it comes from outside.
    public internal(set) var member: ArchiveMember
    var reader: ArchiveReader
    /// How much of the content has been read, in bytes.
    public private(set) var position: Int64 = 0

    init(_ member: ArchiveMember, _ reader: consuming ArchiveReader) {
        self.member = member
        self.reader = reader
    }

    /// Its path without a leading "./" or "/"; nil for one with "..".
    public var path: String? { member.components?.joined(separator: "/") }

    /// Goes on to the next member.
    mutating func advance() throws -> Bool {
        guard let next = try reader.next() else { return false }
        member = next
        position = 0
        return true
    }

    /// Hands on the content from where it was last read to, chunk by chunk.
    ///
    /// - Parameter body: returns whether to go on.
    public mutating func chunks(_ body: (UnsafeRawBufferPointer) throws -> Bool) throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 4096)
        defer { buffer.deallocate() }
        while true {
            let count = try reader.read(into: buffer)
            if count == 0 { return }
            position += Int64(count)
            guard try body(UnsafeRawBufferPointer(rebasing: buffer[..<count])) else { return }
        }
    }

    /// The whole content of a small file.
    ///
    /// - Parameter limit: how large it may be, in bytes; a larger one is `badInput`.
    public mutating func bytes(limit: Int = 16 << 20) throws -> [UInt8] {
        guard member.size <= limit else {
            throw Failure(
                .badInput, "\(Names.printable(member.path)) of \(reader.source) is larger than \(limit) bytes")
        }
        var result: [UInt8] = []
        result.reserveCapacity(Int(member.size))
        try chunks { chunk in
            result += chunk
            return true
        }
        return result
    }

    /// Some bytes of the content, fewer at its end. It can be read forward only: nothing before what has been read.
    ///
    /// - Parameters:
    ///   - offset: where they begin, in bytes.
    ///   - count: how many.
    /// - Throws: `badInput`, where they lie before what has been read.
    public mutating func bytes(at offset: Int64, count: Int) throws -> [UInt8] {
        guard offset >= position else {
            throw Failure(
                .badInput, "\(Names.printable(member.path)) of \(reader.source) is not in an order to be read")
        }
        var result: [UInt8] = []
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 4096)
        defer { buffer.deallocate() }
        while result.count < count {
            let wanted = position < offset ? offset - position : Int64(count - result.count)
            let room = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(wanted, Int64(buffer.count)))])
            let got = try reader.read(into: room)
            if got == 0 { break }
            if position >= offset { result += room[..<got] }
            position += Int64(got)
        }
        return result
    }
}

extension DebPackage {
    /// Walks the members of data.tar in their order.
    ///
    /// What is walked is not checked as `DebCheck` does; only that it is whole, if the walk goes to its end.
    ///
    /// - Parameter visit: returns whether to go on; what it does not read of a file's content is skipped.
    /// - Throws: `badInput` for a damaged package, and what `visit` throws.
    public func walk(_ visit: (inout DebContent) throws -> WalkDecision) throws {
        try walk(limit: .max, sink: { _ in }, visit)
    }

    /// - Parameters:
    ///   - limit: how large data.tar may be, in bytes.
    ///   - sink: gets every chunk of it before its members are looked at.
    func walk(
        limit: Int64, sink: (UnsafeRawBufferPointer) throws -> Void,
        _ visit: (inout DebContent) throws -> WalkDecision
    ) throws {
        let name = "\(Names.printable(layout.data.name)) of \(file.name)"
        try withoutActuallyEscaping(sink) { sink in
            var reader = try ArchiveReader(tar: decodedData(), name: name, limit: limit, sink: sink)
            guard let first = try reader.next() else { return try reader.finish() }
            var content = DebContent(first, reader)
            repeat {
                if try visit(&content) == .stop { return }
            } while try content.advance()
            try content.reader.finish()
        }
    }
}
