import ELF

/// What a kernel says of itself for those who read its dumps: Documentation/admin-guide/kdump/vmcoreinfo.rst.
struct Vmcoreinfo: Sendable {
    private var values: [String: String] = [:]
    /// Real ones have some hundred lines.
    private static let mostLines = 10_000

    init(_ text: [UInt8]) {
        for line in text.split(separator: UInt8(ascii: "\n")).prefix(Self.mostLines) {
            guard let equals = line.firstIndex(of: UInt8(ascii: "=")) else { continue }
            values[String(decoding: line[..<equals], as: UTF8.self)] = String(
                decoding: line[line.index(after: equals)...], as: UTF8.self)
        }
    }

    /// The value behind "KEY=".
    subscript(_ key: String) -> String? { values[key] }

    /// A symbol's virtual address as the kernel ran, KASLR included.
    func symbol(_ name: String) -> UInt64? { values["SYMBOL(\(name))"].flatMap { UInt64($0, radix: 16) } }

    /// The place of a member in its structure, in bytes; no structure here is larger than a page.
    func offset(_ member: String) -> Int? { small("OFFSET(\(member))") }

    /// Of a structure, in bytes.
    func size(_ type: String) -> Int? { small("SIZE(\(type))").flatMap { $0 > 0 ? $0 : nil } }

    private func small(_ key: String) -> Int? {
        values[key].flatMap { Int($0) }.flatMap { (0...4096).contains($0) ? $0 : nil }
    }

    /// Decimal, or hexadecimal behind 0x; negative ones in two's complement.
    func number(_ name: String) -> UInt64? {
        guard let text = values["NUMBER(\(name))"] else { return nil }
        if text.hasPrefix("0x") { return UInt64(text.dropFirst(2), radix: 16) }
        return Int64(text).map { UInt64(bitPattern: $0) } ?? UInt64(text)
    }

    /// As in `uname -r`; nil where it is none that can be printed.
    var release: String? {
        values["OSRELEASE"].flatMap { text in
            (1..<65).contains(text.utf8.count) && text.utf8.allSatisfy { (33...126).contains($0) } ? text : nil
        }
    }

    /// Of vmlinux; kernels have it from 5.9 on.
    var buildID: BuildID? { values["BUILD-ID"].flatMap { BuildID($0) } }

    /// When the kernel crashed, in seconds since 1970; not there where it was dumped without a crash.
    var crashTime: UInt64? { values["CRASHTIME"].flatMap { UInt64($0) } }

    /// In bytes.
    var pageSize: UInt64? {
        values["PAGESIZE"].flatMap { UInt64($0) }.flatMap { [4096, 16384, 65536].contains($0) ? $0 : nil }
    }
}
