import DevboxCore
import SystemPackage

/// The ids that an ordinary user may have beside the own one.
package enum UserIDs {
    /// How many a container is to have, the user's own among them: those of every system account and of nobody.
    package static let count: UInt32 = 65_536

    /// The ids that there are in a user namespace, up to `count`, each stretch by itself: one that goes over the border of two cannot be
    /// given to a namespace within.
    ///
    /// - Parameter map: as user_namespaces(7) has it.
    package static func ranges(_ map: String) -> [Range<UInt32>] {
        map.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ").compactMap { UInt32($0) }
            guard fields.count == 3, fields[0] < count else { return nil }
            return fields[0]..<(fields[0] + min(fields[2], count - fields[0]))
        }
    }

    /// Whether what a user namespace printed of its users and then of its groups has enough of both.
    package static func isEnough(_ maps: String) -> Bool {
        let lines = maps.split(separator: "\n").map { String($0) }
        // Each of them begins with 0.
        guard let groups = lines.lastIndex(where: { $0.split(separator: " ").first == "0" }), groups > 0 else {
            return false
        }
        return [lines[..<groups], lines[groups...]].allSatisfy { part in
            ranges(part.joined(separator: "\n")).reduce(0) { $0 + UInt32($1.count) } >= count
        }
    }

    /// Whether a text of subuid(5) or subgid(5) gives a user enough.
    package static func isGiven(_ text: String, to name: String, uid: UInt32) -> Bool {
        text.split(separator: "\n").contains { line in
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            // The user's own id is one of them.
            return fields.count == 3 && (fields[0] == name || fields[0] == "\(uid)")
                && (UInt32(fields[2]) ?? 0) >= count - 1
        }
    }
}
