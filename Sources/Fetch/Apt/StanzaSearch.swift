import Archives
import CLinux
import DevboxCore
import Glibc
import Packages
import SystemPackage

/// Finds the paragraphs of some packages in an apt index of any size, in bounded memory.
///
/// The text is searched for the line `Package: NAME` with memmem(3); only what is found is read field by field. That keeps up
/// with xz, which taking every paragraph apart does not.
struct StanzaSearch {
    private let name: String
    private let needles: [[UInt8]]
    private let limit: Int64
    private var carried: [UInt8] = []
    private var size: Int64 = 0
    /// What was found, in the order of the index.
    private(set) var found: [ControlStanza] = []

    /// What a paragraph may be at most; Debian's largest has some 20 KB.
    static let largestStanza = 1 << 20
    private static let end: [UInt8] = [0x0A, 0x0A]

    /// - Parameters:
    ///   - packages: the names to look for.
    ///   - name: what messages call the index.
    ///   - limit: how large the whole text may be.
    init(for packages: [String], name: String, limit: Int64) {
        needles = packages.map { Array("\nPackage: \($0)\n".utf8) }
        self.name = name
        self.limit = limit
    }

    /// The paragraphs in a file, compressed or not.
    static func search(_ file: FileDescriptor, for packages: [String], name: String, limit: Int64) throws
        -> [ControlStanza]
    {
        var search = StanzaSearch(for: packages, name: name, limit: limit)
        var reader = try CompressedReader(file, name: name)
        try reader.read { chunk in
            try Interrupts.check()
            try search.feed(chunk)
            return true
        }
        try search.finish()
        return search.found
    }

    /// Takes the next chunk of the text.
    mutating func feed(_ bytes: UnsafeRawBufferPointer) throws {
        size += Int64(bytes.count)
        guard size <= limit else {
            throw Failure(.badInput, "\(name) unpacks to more than the \(ByteSize.text(limit)) that it may have")
        }
        // What was left of the chunk before is completed first; so no byte is copied more than once.
        var rest = bytes
        if !carried.isEmpty {
            let boundary = Self.firstEnd(carried.last == 0x0A ? [0x0A] : [], rest)
            carried += UnsafeRawBufferPointer(rebasing: rest[..<(boundary ?? rest.count)])
            guard carried.count <= Self.largestStanza else { throw tooLong }
            guard let boundary else { return }
            let whole = carried
            carried.removeAll(keepingCapacity: true)
            try whole.withUnsafeBytes { try look($0) }
            rest = UnsafeRawBufferPointer(rebasing: rest[boundary...])
        }
        guard let last = Self.lastEnd(rest) else {
            carried += rest
            guard carried.count <= Self.largestStanza else { throw tooLong }
            return
        }
        try look(UnsafeRawBufferPointer(rebasing: rest[..<last]))
        carried += rest[last...]
    }

    /// Ends the text.
    mutating func finish() throws {
        let whole = carried
        carried = []
        try whole.withUnsafeBytes { try look($0) }
    }

    private var tooLong: Failure { Failure(.badInput, "\(name) is damaged: a paragraph in it is too long") }

    /// Looks through whole paragraphs.
    private mutating func look(_ text: UnsafeRawBufferPointer) throws {
        for needle in needles {
            // The first line of all has no line feed in front.
            let isFirst =
                text.count >= needle.count - 1 && text.prefix(needle.count - 1).elementsEqual(needle.dropFirst())
            if isFirst { try take(text, at: 0) }
            var start = 0
            while let hit = Self.find(needle, in: text, from: start) {
                try take(text, at: hit + 1)
                start = hit + needle.count - 1
            }
        }
    }

    private mutating func take(_ text: UnsafeRawBufferPointer, at position: Int) throws {
        var begin = position
        while begin > 0, !(text[begin - 1] == 0x0A && (begin == 1 || text[begin - 2] == 0x0A)) { begin -= 1 }
        let end = Self.find(Self.end, in: text, from: position).map { $0 + 1 } ?? text.count
        guard end - begin <= Self.largestStanza else { throw tooLong }
        found += try ControlReader.stanzas(of: Array(text[begin..<end]), name: name)
    }

    private static func find(_ needle: [UInt8], in text: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard let base = text.baseAddress, start < text.count else { return nil }
        guard let hit = devbox_find(base + start, text.count - start, needle, needle.count) else { return nil }
        return UnsafeRawPointer(hit) - base
    }

    /// The offset behind the first end of a paragraph, where `before` is the last byte of what came earlier.
    private static func firstEnd(_ before: [UInt8], _ text: UnsafeRawBufferPointer) -> Int? {
        if !before.isEmpty, text.first == 0x0A { return 1 }
        return find(end, in: text, from: 0).map { $0 + 2 }
    }

    private static func lastEnd(_ text: UnsafeRawBufferPointer) -> Int? {
        guard text.count >= 2 else { return nil }
        for index in stride(from: text.count - 2, through: 0, by: -1)
        where text[index] == 0x0A && text[index + 1] == 0x0A {
            return index + 2
        }
        return nil
    }
}
