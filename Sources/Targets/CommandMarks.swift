import DevboxCore
import Glibc

/// Finds in what comes from a guest the marks that `templates/target/run.sh` puts around a command's output.
///
/// What is no mark is passed on as it comes; kept back is only what may become one, from its first byte on, which hardly any program
/// writes.
struct CommandMarks {
    /// What a mark tells.
    enum Mark: Equatable {
        /// The command begins.
        case begins
        /// It has ended by itself, with this status.
        case ends(Int32)
        /// So many bytes of its standard input were left over.
        case left(Int64)
    }

    /// What was found.
    enum Piece {
        case mark(Mark)
        case text(UnsafeRawBufferPointer)
    }

    private static let edge: UInt8 = 0x1E
    /// What follows the text that nothing else has: a word, a number, and the edge.
    private static let longest = 64
    private let start: [UInt8]
    private var kept: [UInt8] = []

    /// - Parameter mark: a text of ASCII letters and digits that nothing else has.
    init(_ mark: String) { start = [Self.edge] + Array("\(mark) ".utf8) }

    /// Takes what came next.
    mutating func take(_ bytes: UnsafeRawBufferPointer, _ found: (Piece) throws -> Void) rethrows {
        if kept.isEmpty {
            kept = Array(bytes[try pass(bytes, found)...])
        } else {
            let all = kept + bytes
            kept = try all.withUnsafeBytes { Array($0[try pass($0, found)...]) }
        }
    }

    /// What was kept back, when nothing comes any more.
    mutating func finish(_ found: (Piece) throws -> Void) rethrows {
        try kept.withUnsafeBytes { if !$0.isEmpty { try found(.text($0)) } }
        kept = []
    }

    /// - Returns: where what is kept back begins.
    private func pass(_ bytes: UnsafeRawBufferPointer, _ found: (Piece) throws -> Void) rethrows -> Int {
        var (begin, next) = (0, 0)
        func passText(to end: Int) throws {
            if end > begin { try found(.text(UnsafeRawBufferPointer(rebasing: bytes[begin..<end]))) }
        }
        while let edge = Self.edge(in: bytes, from: next) {
            switch read(bytes[edge...]) {
            case .mark(let mark, let length):
                try passText(to: edge)
                try found(.mark(mark))
                begin = edge + length
                next = begin
            case .unfinished:
                try passText(to: edge)
                return edge
            case .none: next = edge + 1
            }
        }
        try passText(to: bytes.count)
        return bytes.count
    }

    private static func edge(in bytes: UnsafeRawBufferPointer, from place: Int) -> Int? {
        guard place < bytes.count, let base = bytes.baseAddress,
            let found = memchr(base + place, Int32(Self.edge), bytes.count - place)
        else { return nil }
        return UnsafeRawPointer(found) - base
    }

    private enum Reading { case mark(Mark, length: Int), unfinished, none }

    /// What begins with an edge.
    private func read(_ bytes: Slice<UnsafeRawBufferPointer>) -> Reading {
        guard bytes.starts(with: start.prefix(bytes.count)) else { return .none }
        guard bytes.count >= start.count else { return .unfinished }
        let words = bytes.dropFirst(start.count).prefix(Self.longest)
        guard let end = words.firstIndex(of: Self.edge) else { return words.count < Self.longest ? .unfinished : .none }
        let parts = String(decoding: words[..<end], as: UTF8.self).split(separator: " ")
        let mark: Mark? =
            switch (parts.first, parts.count) {
            case ("begins", 1): .begins
            case ("ends", 2): Int32(parts[1]).map(Mark.ends)
            case ("left", 2): Int64(parts[1]).map(Mark.left)
            default: nil
            }
        return mark.map { .mark($0, length: end + 1 - bytes.startIndex) } ?? .none
    }
}
