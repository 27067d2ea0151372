import DevboxCore
import Glibc
import SystemPackage

/// The bytes of a dump's file, by pread(2): a mapped file that somebody cuts off kills the process that reads it.
struct DumpBytes: Sendable {
    let file: FileDescriptor
    /// In bytes.
    let size: UInt64
    let name: String
    /// No more is read into memory at once than this, whatever a header says.
    static let limit = 64 << 20

    init(_ file: FileDescriptor, name: String) throws {
        var status = stat()
        try posix("look at \(name)") { fstat(file.rawValue, &status) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw VmcoreError.notADump(name: name, reason: "it is not a plain file")
        }
        (self.file, self.name) = (file, name)
        size = UInt64(status.st_size)
    }

    /// Whether a stretch lies in the file.
    func holds(_ offset: UInt64, _ count: UInt64) -> Bool { count <= size && offset <= size - count }

    /// A stretch of the file, all of it.
    ///
    /// - Parameter what: what messages call it.
    func read(_ offset: UInt64, _ count: Int, _ what: @autoclosure () -> String) throws -> [UInt8] {
        guard count >= 0, count <= Self.limit else { throw VmcoreError.damaged("\(what()) has \(count) bytes") }
        guard holds(offset, UInt64(count)) else { throw VmcoreError.cutOff(what: what()) }
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let got = try bytes.withUnsafeMutableBytes { buffer in
                try posix("read \(name)") {
                    pread(file.rawValue, buffer.baseAddress?.advanced(by: done), count - done, off_t(offset) + done)
                }
            }
            guard got > 0 else { throw VmcoreError.cutOff(what: what()) }
            done += got
        }
        return bytes
    }
}

/// The order of a dump's bytes.
struct ByteOrder: Sendable, Equatable {
    let isBig: Bool
    static let little = ByteOrder(isBig: false)
    static let big = ByteOrder(isBig: true)

    /// A number of `width` bytes; 0 where it is not all there.
    func number(_ bytes: some RandomAccessCollection<UInt8>, _ offset: Int, _ width: Int) -> UInt64 {
        guard offset >= 0, offset + width <= bytes.count else { return 0 }
        let start = bytes.index(bytes.startIndex, offsetBy: offset)
        let part = bytes[start..<bytes.index(start, offsetBy: width)]
        return isBig ? part.reduce(0) { $0 << 8 | UInt64($1) } : part.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    func uint32(_ bytes: some RandomAccessCollection<UInt8>, _ offset: Int) -> UInt32 {
        UInt32(number(bytes, offset, 4))
    }

    func uint16(_ bytes: some RandomAccessCollection<UInt8>, _ offset: Int) -> UInt16 {
        UInt16(number(bytes, offset, 2))
    }
}
