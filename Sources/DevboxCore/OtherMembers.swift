/// The members of a JSON object that its reader has no property for: they are kept as they are, and written again.
public enum OtherMembers {
    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// The members besides those that are known.
    ///
    /// - Parameters:
    ///   - decoder: the object's.
    ///   - known: the keys that have properties.
    public static func decode(from decoder: any Decoder, besides known: Set<String>) throws -> [String: JSONValue] {
        let values = try decoder.container(keyedBy: Key.self)
        var members: [String: JSONValue] = [:]
        for key in values.allKeys where !known.contains(key.stringValue) {
            members[key.stringValue] = try values.decode(JSONValue.self, forKey: key)
        }
        return members
    }

    /// Writes members beside those that an object's own properties are.
    public static func encode(_ members: [String: JSONValue], to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Key.self)
        for (key, value) in members { try values.encode(value, forKey: Key(stringValue: key)) }
    }
}
