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

    /// Text from outside made safe to print on a terminal: control characters are shown as `\u{..}`.
    public static func printable(_ text: some StringProtocol) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            if scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) {
                result += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
