/// The names of guests, images and snapshots: `[a-z0-9][a-z0-9-]{0,62}`, so that each is a valid host name and a safe file name.
public enum Names {
    /// Throws a usage error that says what a name may be.
    ///
    /// - Parameters:
    ///   - name: what the user typed.
    ///   - noun: what it is to name: "guest", "image", "snapshot".
    @discardableResult
    public static func check(_ name: String, _ noun: String) throws -> String {
        guard isValid(name) else {
            throw Failure(
                .usage, "'\(printable(name))' cannot name \(noun == "image" ? "an" : "a") \(noun)",
                hint: "a name has 1 to 63 of a-z, 0-9 and -, and begins with a letter or a digit")
        }
        return name
    }

    /// Whether `name` may name a guest, an image or a snapshot.
    public static func isValid(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        guard (1...63).contains(bytes.count), bytes[0] != UInt8(ascii: "-"), bytes[bytes.count - 1] != UInt8(ascii: "-")
        else { return false }
        return bytes.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || byte == UInt8(ascii: "-")
        }
    }

    /// Whether a terminal shows a character as one, and neither obeys it nor lets it hide or turn around what stands beside it.
    public static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x20...0x7E: true
        case ...0x9F: false
        // Marks of direction and other invisible ones; not those that join letters.
        case 0xAD, 0x61C, 0x200B, 0x200E...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF, 0xFFF9...0xFFFB,
            0xE0000...0xE007F:
            false
        default: true
        }
    }

    /// Text from outside made safe to print on a terminal: what is no printable character is shown as `\u{..}`.
    public static func printable(_ text: some StringProtocol) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            if !isPrintable(scalar) {
                result += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
