/// What words of a sources file may be made of.
enum AptText {
    /// Of an address, what follows "http://".
    static func isAddress(_ text: some StringProtocol) -> Bool {
        text.utf8.count <= 1024
            && text.utf8.allSatisfy { isAlphanumeric($0) || "-._~:/?@!&*+;=%$()[]".utf8.contains($0) }
    }

    /// A suite, or a component: nothing that could be an option, or lead upwards.
    static func isPath(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 255, first != UInt8(ascii: "-"),
            first != UInt8(ascii: "/")
        else { return false }
        return text.utf8.allSatisfy { isAlphanumeric($0) || "-._~/+:$()".utf8.contains($0) }
            && !text.split(separator: "/").contains("..")
    }

    static func isArchitecture(_ text: String) -> Bool {
        guard let first = text.utf8.first, isAlphanumeric(first) else { return false }
        return text.utf8.count <= 64 && text.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    }

    /// A name of a file of apt's: of a source, a keyring, or a package that was fetched.
    static func isFileName(_ text: String) -> Bool {
        guard let first = text.utf8.first, isAlphanumeric(first), text.utf8.count <= 200 else { return false }
        return text.utf8.allSatisfy { isAlphanumeric($0) || "-._+%~@".utf8.contains($0) }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
