/// What is sometimes taken for a disk, and devbox can do nothing with, by what it begins with.
///
/// Sources: the formats' own documents and the magic of file(1).
struct StrangeFormat {
    /// As messages call it: "a zip archive".
    let words: String
    /// What to do with it.
    let hint: String
    private let isIt: ([UInt8]) -> Bool

    private init(_ words: String, hint: String, _ begins: [UInt8]...) {
        (self.words, self.hint) = (words, hint)
        isIt = { bytes in begins.contains { bytes.starts(with: $0) } }
    }

    private init(_ words: String, hint: String, isIt: @escaping ([UInt8]) -> Bool) {
        (self.words, self.hint, self.isIt) = (words, hint, isIt)
    }

    private static func text(_ text: String) -> [UInt8] { Array(text.utf8) }
    private static let unpack = "unpack it, and import the disk that is in it"

    nonisolated(unsafe) private static let all = [
        StrangeFormat("a zip archive", hint: unpack, text("PK\u{3}\u{4}")),
        StrangeFormat("a 7z archive", hint: unpack, [0x37, 0x7A, 0xBC, 0xAF]),
        StrangeFormat("a rar archive", hint: unpack, text("Rar!\u{1A}\u{7}")),
        StrangeFormat("an lzip file", hint: unpack, text("LZIP")),
        StrangeFormat("an lzma file", hint: "`xz --decompress --format=lzma` unpacks it", isIt: isLZMA),
        StrangeFormat("a cpio archive", hint: unpack, text("070701"), text("070702"), text("070707"), [0xC7, 0x71]),
        StrangeFormat(
            "an ar archive, a .deb say", hint: "a package goes into a guest by `devbox install`", text("!<arch>\n")),
        StrangeFormat("a WIM image", hint: "a guest needs a disk", text("MSWIM\0\0\0")),
        StrangeFormat(
            "an Android sparse image", hint: "`simg2img` makes a raw disk of it", [0x3A, 0xFF, 0x26, 0xED]),
        StrangeFormat(
            "a partclone image", hint: "`partclone.restore` makes a file system of it", text("partclone-image")),
        StrangeFormat(
            "a pointer of Git LFS, and no disk", hint: "`git lfs pull` brings the file itself",
            text("version https://git-lfs")),
        StrangeFormat(
            "an HTML page, and no disk", hint: "look at it: a server may have answered with it in place of the disk",
            isIt: isHTML),
    ]

    /// nil for what is none of these.
    init?(_ begin: [UInt8]) {
        guard let found = Self.all.first(where: { $0.isIt(begin) }) else { return nil }
        self = found
    }

    /// It has no magic: the properties that everybody uses, a dictionary of a power of two, and a size or none.
    private static func isLZMA(_ begin: [UInt8]) -> Bool {
        guard begin.count >= 13, begin[0] == 0x5D, begin[1] == 0, begin[2] == 0, begin[3].nonzeroBitCount <= 1,
            begin[4].nonzeroBitCount <= 1, begin[3] != 0 || begin[4] != 0
        else { return false }
        return begin[5..<13].allSatisfy { $0 == 0xFF } || begin[10..<13].allSatisfy { $0 == 0 }
    }

    private static func isHTML(_ begin: [UInt8]) -> Bool {
        let text = String(decoding: begin.prefix(64), as: UTF8.self).lowercased().drop(while: \.isWhitespace)
        return text.hasPrefix("<!doctype html") || text.hasPrefix("<html")
    }
}
