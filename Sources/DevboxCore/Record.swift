import FoundationEssentials
import SystemPackage

/// A record that devbox keeps as a JSON file: guest.json, image.json.
///
/// The keys are listed so that those which a newer devbox added can be told apart, and kept, when the file is rewritten.
public protocol Record: Codable, Sendable {
    associatedtype Keys: CodingKey & CaseIterable
    /// The version of the format that this devbox writes.
    static var currentVersion: Int { get }
    /// The version of the format that the record has.
    var version: Int { get }
    /// Whether the record holds the members itself that have no key here; else those of the file that it replaces are kept.
    static var keepsOtherMembers: Bool { get }
}

extension Record {
    /// It does not.
    public static var keepsOtherMembers: Bool { false }
}

/// Reading and writing of records, whole or not at all.
public enum RecordFile {
    private static let unreadable = "it was damaged, or was not written by devbox"

    /// Reads a record.
    ///
    /// - Throws: `badInput` for a damaged one, and for one of a newer version, which is named.
    public static func read<R: Record>(_ type: R.Type, from path: FilePath) throws -> R {
        try read(type, from: Files.read(path), name: path.string)
    }

    /// Reads a part of a record, for those who look at many records and need little of each.
    ///
    /// - Parameters:
    ///   - part: has a property for each member that is wanted; the others are not looked at.
    ///   - type: the record's.
    /// - Throws: as above.
    public static func read<R: Record, Part: Decodable>(_ part: Part.Type, of type: R.Type, from path: FilePath) throws
        -> Part
    {
        try read(part, of: type, from: Data(Files.read(path)), name: path.string)
    }

    /// Reads a record out of its text.
    ///
    /// - Parameter name: what messages call it.
    /// - Throws: `badInput` for a damaged one, and for one of a newer version.
    public static func read<R: Record>(_ type: R.Type, from bytes: some Sequence<UInt8>, name: String) throws -> R {
        try read(type, of: type, from: Data(bytes), name: name)
    }

    private static func read<R: Record, Part: Decodable>(
        _ part: Part.Type, of type: R.Type, from bytes: Data, name: String
    ) throws -> Part {
        do {
            return try decoder.decode(Versioned<R, Part>.self, from: bytes).part
        } catch let error as NewerVersion {
            throw Failure(
                .badInput, "\(name) has version \(error.version); this devbox knows versions up to \(R.currentVersion)",
                hint: "use the newer devbox that wrote it")
        } catch let error as DamagedPart {
            throw Failure(.badInput, "\(name) cannot be read: \(reason(error.error))", hint: unreadable)
        } catch {
            throw Failure(.badInput, "\(name) cannot be read", hint: unreadable)
        }
    }

    /// Replaces a record's file, keeping the fields in it that this devbox does not know.
    ///
    /// - Parameter isDurable: whether it survives a power cut.
    public static func write<R: Record>(_ record: R, to path: FilePath, isDurable: Bool = true) throws {
        let old = R.keepsOtherMembers ? nil : try? Files.read(path)
        try Files.writeAtomically(json(record, keeping: old), to: path, isDurable: isDurable)
    }

    /// A record as JSON text, with the fields of its earlier text that this devbox does not know.
    public static func json<R: Record>(_ record: R, keeping old: (some Sequence<UInt8>)?, pretty: Bool = true) throws
        -> [UInt8]
    {
        guard !R.keepsOtherMembers, let old,
            case .object(let before)? = try? decoder.decode(JSONValue.self, from: Data(old)),
            case let known = Set(R.Keys.allCases.map(\.stringValue)),
            case let unknown = before.filter({ !known.contains($0.key) }), !unknown.isEmpty,
            case .object(let members) = try decoder.decode(JSONValue.self, from: encoder.encode(record))
        else { return try json(record, pretty: pretty) }
        return try json(JSONValue.object(members.merging(unknown) { mine, _ in mine }), pretty: pretty)
    }

    /// A value as JSON text with sorted keys, dates as ISO 8601, and a newline at its end.
    public static func json(_ value: some Encodable, pretty: Bool = true) throws -> [UInt8] {
        let encoder = pretty ? Self.encoder : Self.compactEncoder
        return Array(try encoder.encode(value)) + [UInt8(ascii: "\n")]
    }

    /// A value out of JSON text.
    ///
    /// - Throws: `badInput`.
    public static func decode<Value: Decodable>(_ type: Value.Type, from bytes: some Sequence<UInt8>) throws -> Value {
        do {
            return try decoder.decode(type, from: Data(bytes))
        } catch {
            throw Failure(.badInput, "the JSON text cannot be read: \(reason(error))")
        }
    }

    private struct VersionOnly: Decodable {
        let version: Int
    }

    /// A record's part and the check of its version, out of one pass over the text.
    private struct Versioned<R: Record, Part: Decodable>: Decodable {
        let part: Part

        init(from decoder: any Decoder) throws {
            let version = try VersionOnly(from: decoder).version
            guard version <= R.currentVersion else { throw NewerVersion(version: version) }
            do {
                part = try Part(from: decoder)
            } catch {
                throw DamagedPart(error: error)
            }
        }
    }

    private struct NewerVersion: Error { let version: Int }
    private struct DamagedPart: Error { let error: any Error }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, _): "it has no '\(key.stringValue)'"
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context),
            DecodingError.dataCorrupted(let context):
            // A date that is none comes without its path.
            context.codingPath.isEmpty
                ? "a value in it is not as expected"
                : "'\(context.codingPath.map(\.stringValue).joined(separator: "."))' is not as expected"
        default: "it is not JSON"
        }
    }

    private static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        return encoder
    }

    private static var compactEncoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        return encoder
    }

    private static var decoder: JSONDecoder {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        return decoder
    }
}
