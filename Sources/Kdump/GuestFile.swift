import DevboxCore
import FoundationEssentials
import Guests

/// A file of a guest, as arming finds or wants it.
enum GuestFile: Sendable, Equatable {
    case absent
    case file([UInt8], permissions: UInt16)
    case link(String)
    /// One of which only the digest is known.
    case opaque(SHA256Digest)
    /// A directory, a device: nothing that arming touches.
    case other

    /// A plain file's text.
    var text: String? {
        if case .file(let bytes, _) = self { String(decoding: bytes, as: UTF8.self) } else { nil }
    }

    /// Of a plain file's content or a link's target; nil where it is neither.
    var digest: SHA256Digest? {
        switch self {
        case .file(let bytes, _): SHA256Digest(of: bytes)
        case .link(let target): SHA256Digest(of: target.utf8)
        case .opaque(let digest): digest
        case .absent, .other: nil
        }
    }

    static func text(_ text: String, permissions: UInt16 = 0o644) -> GuestFile {
        .file(Array(text.utf8), permissions: permissions)
    }

    /// As it was before arming.
    init(_ content: KdumpState.Content?) {
        if let content, let data = Data(base64Encoded: content.base64) {
            self = .file(Array(data), permissions: content.permissions)
        } else {
            self = .absent
        }
    }

    /// For the record; nil for one that was not there.
    var content: KdumpState.Content? {
        guard case .file(let bytes, let permissions) = self else { return nil }
        return .init(base64: Data(bytes).base64EncodedString(), permissions: permissions)
    }
}
