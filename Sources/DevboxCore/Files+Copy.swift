import Glibc
import SystemPackage

extension Files {
    /// Copies a file to a new one. What Ctrl-C, or a disk that is full, leaves of it is the caller's.
    ///
    /// - Throws: `notFound` where there is none; `exists` where the new one is there already.
    public static func copy(_ path: FilePath, to new: FilePath) throws {
        let source = try open(path, .readOnly)
        defer { try? source.close() }
        let target = try open(new, .writeOnly, [.create, .exclusiveCreate])
        defer { try? target.close() }
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            try Interrupts.check()
            let count = try buffer.withUnsafeMutableBytes { buffer in
                try posix("read \(path)") { Glibc.read(source.rawValue, buffer.baseAddress, buffer.count) }
            }
            if count == 0 { return }
            try buffer.withUnsafeBytes {
                try writeAll(target, UnsafeRawBufferPointer(rebasing: $0[..<count]), name: new.string)
            }
        }
    }

    /// The last bytes of a file, at most `count`.
    public static func end(_ path: FilePath, count: Int) throws -> [UInt8] {
        let file = try open(path, .readOnly)
        defer { try? file.close() }
        let size = Int64(try status(path).st_size)
        try posix("read \(path)") { lseek(file.rawValue, off_t(max(0, size - Int64(count))), SEEK_SET) }
        return Array(try readAll(file, name: path.string, limit: .max).suffix(count))
    }
}
