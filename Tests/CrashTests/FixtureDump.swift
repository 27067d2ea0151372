import Crash
import DevboxCore
import Glibc
import SystemPackage
import TestSupport

/// A dump of Fixtures/, unpacked; see Fixtures/README.md.
struct FixtureDump {
    let scratch: ScratchDirectory
    let path: FilePath

    init(_ name: String) throws {
        scratch = try ScratchDirectory()
        path = scratch(name)
        let packed = FilePath(#filePath).removingLastComponent().pushing(FilePath("Fixtures/\(name).xz"))
        try Files.writeAtomically(try Files.read(packed), to: scratch("\(name).xz"))
        try tool("xz", "-d", scratch("\(name).xz").string)
    }

    /// The bytes of a fixture.
    static func bytes(_ name: String) throws -> [UInt8] {
        let dump = try FixtureDump(name)
        return try withExtendedLifetime(dump) { try Files.read(dump.path) }
    }

    func report() throws -> VmcoreReport { try Self.report(of: path) }

    static func report(of path: FilePath) throws -> VmcoreReport {
        let file = try Files.open(path, .readOnly)
        defer { try? file.close() }
        return try VmcoreReport(file, name: "the dump")
    }

    /// What a reader says of these bytes.
    static func report(of bytes: [UInt8], in scratch: ScratchDirectory) throws -> VmcoreReport {
        let path = scratch("bytes")
        let file = try Files.open(path, .writeOnly, [.create, .truncate])
        defer { try? file.close() }
        try Files.writeAll(file, bytes, name: path.string)
        return try report(of: path)
    }
}

/// Numbers as they stand in a file.
func littleEndian<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
    withUnsafeBytes(of: number.littleEndian) { Array($0) }
}

func bigEndian<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
    withUnsafeBytes(of: number.bigEndian) { Array($0) }
}

extension [UInt8] {
    /// Replaces the bytes at a place.
    mutating func put(_ bytes: [UInt8], at place: Int) { replaceSubrange(place..<(place + bytes.count), with: bytes) }
}
