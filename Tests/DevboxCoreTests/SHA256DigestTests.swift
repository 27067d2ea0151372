import DevboxCore
import SystemPackage
import TestSupport
import Testing

@Suite("SHA-256 digests")
struct SHA256DigestTests {
    let scratch: ScratchDirectory

    init() throws { scratch = try ScratchDirectory() }

    @Test("a file has the digest that sha256sum gives it, also in chunks")
    func file() throws {
        let file = scratch("file")
        var random = TestRandom(seed: 7)
        let bytes = random.bytes(3 << 20)
        try Files.writeAtomically(bytes, to: file)
        let expected = try String(tool("sha256sum", file.string).prefix(64))
        #expect(try SHA256Digest(of: file).description == expected)
        var hasher = SHA256Digest.Hasher()
        bytes.withUnsafeBytes { all in
            hasher.update(UnsafeRawBufferPointer(rebasing: all[..<1000]))
            hasher.update(UnsafeRawBufferPointer(rebasing: all[1000...]))
        }
        #expect(hasher.digest.description == expected)
    }

    @Test("what is not 64 hexadecimal digits is no digest")
    func text() {
        let digits = String(repeating: "0a", count: 32)
        #expect(SHA256Digest(digits.uppercased())?.description == digits)
        #expect(SHA256Digest(digits.dropLast()) == nil)
        #expect(SHA256Digest("g" + digits.dropFirst()) == nil)
        #expect(SHA256Digest("\u{0660}" + digits.dropFirst()) == nil)
    }
}
