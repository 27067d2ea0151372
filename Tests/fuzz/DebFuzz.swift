import Archives
import ELF
import DevboxCore
import Glibc
import Packages
import SystemPackage

// What libFuzzer calls with one input. The first byte says what the rest is, so that the fuzzer gets behind checksums:
// a .deb as it is, the two tars of one, an ELF file or a kernel, the text of a control file.

private let scratch = FilePath("/dev/shm/devbox-fuzz.\(getpid()).deb")

/// Takes one input of the fuzzer's.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: data, count: size))
    guard let kind = input.first else { return 0 }
    let rest = Array(input.dropFirst())
    switch kind % 4 {
    case 0: readDeb(rest)
    case 1: readDeb(assemble(rest))
    case 2: readBinary(rest)
    default: readText(rest)
    }
    return 0
}

/// Anything but a refusal of bad input is a defect.
private func refusingBadInputOnly(_ body: () throws -> Void) {
    do {
        try body()
    } catch let error as Failure where error.exitCode == .badInput {
        precondition(!error.message.utf8.contains { $0 < 0x20 || $0 == 0x7F }, "a message of several lines: \(error)")
    } catch {
        fatalError("not a refusal: \(error)")
    }
}

private func readDeb(_ bytes: [UInt8]) {
    let file = open(scratch.string, O_CREAT | O_WRONLY | O_TRUNC, 0o600)
    precondition(file >= 0 && bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) } == bytes.count)
    close(file)
    refusingBadInputOnly {
        let package = try DebPackage(scratch)
        _ = package.control.longDescription
        var passed: Int64 = 0
        let check = DebCheck(sizeLimit: 64 << 20)
        let summary = try check.run(package, sink: { passed += Int64($0.count) }) { content in
            if content.member.size > 3 { _ = try content.bytes(at: 1, count: 2) }
        }
        // What passed can be read in whole, and is as long as the file itself says.
        precondition(package.decodedDataSize.map { $0 == passed } ?? true, "\(passed) bytes")
        var count = 0
        try package.walk { content in
            precondition(content.path != nil)
            count += 1
            return .goOn
        }
        precondition(count == summary.memberCount)
    }
    refusingBadInputOnly { _ = try DebPackage(scratch).kernel() }
    unlink(scratch.string)
}

/// A .deb of two tars, of which the first two bytes say how long the control tar is.
private func assemble(_ bytes: [UInt8]) -> [UInt8] {
    guard bytes.count > 2 else { return [] }
    let length = min(bytes.count - 2, Int(bytes[0]) << 8 | Int(bytes[1]))
    let control = bytes[2..<(2 + length)]
    func member(_ name: String, _ content: some Collection<UInt8>) -> [UInt8] {
        let fields = [(name, 16), ("0", 12), ("0", 6), ("0", 6), ("100644", 8), ("\(content.count)", 10)]
        let header = fields.map { $0 + String(repeating: " ", count: max(0, $1 - $0.utf8.count)) }.joined()
        return Array((header + "`\n").utf8) + content + (content.count % 2 == 0 ? [] : [0x0A])
    }
    return Array("!<arch>\n".utf8) + member("debian-binary", Array("2.0\n".utf8)) + member("control.tar", control)
        + member("data.tar", bytes[(2 + length)...])
}

private func readBinary(_ bytes: [UInt8]) {
    _ = ELFNotes.buildID(of: bytes)
    _ = KernelImage(bytes)
}

private func readText(_ bytes: [UInt8]) {
    func stanzas(_ size: Int) -> [ControlStanza]? {
        var result: [ControlStanza] = []
        var reader = ControlReader(name: "text")
        var failed = true
        refusingBadInputOnly {
            for start in stride(from: 0, to: bytes.count, by: size) {
                try bytes[start..<min(bytes.count, start + size)].withUnsafeBytes { chunk in
                    try reader.feed(chunk) { result.append($0) }
                }
            }
            try reader.finish { result.append($0) }
            failed = false
        }
        return failed ? nil : result
    }
    let whole = stanzas(max(1, bytes.count))
    precondition(whole == stanzas(3), "chunks matter")
    for field in whole?.flatMap(\.fields) ?? [] {
        if let parsed = Dependency.parse(field.value) {
            // What was read and is written again is read the same.
            let again = Dependency.parse(parsed.map(\.description).joined(separator: ", "))
            precondition(again == parsed, "\(field.value)")
        }
        if let version = DebianVersion(field.value) { precondition(version == version && !(version < version)) }
    }
    refusingBadInputOnly { _ = try PackageSet(dpkgStatus: bytes, name: "status") }
}
