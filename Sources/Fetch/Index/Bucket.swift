import DevboxCore

/// What a store of objects (S3 and those that speak like it) answers with where it is asked for a list: keys, which are paths, and where it
/// is asked for one level alone, the beginnings of deeper ones. See ListObjects and ListObjectsV2 in Amazon's S3 API reference.
struct BucketPage {
    /// An object: its key, its day, its size in bytes.
    struct Object: Equatable {
        let key: String
        let day: CalendarDay?
        let size: Int64?
    }

    /// What all keys of it begin with.
    let prefix: String
    let objects: [Object]
    /// What deeper keys begin with; where a delimiter was asked for.
    let deeper: [String]
    /// Whether there is more than this.
    let isTruncated: Bool
    /// What the question for the rest has in it: an item of a query.
    let next: String?

    /// nil for what is no such list.
    init?(_ bytes: [UInt8]) {
        let beginning = String(decoding: bytes.prefix(1024), as: UTF8.self)
        guard beginning.contains("<ListBucketResult") else { return nil }
        var scanner = ElementScanner(bytes)
        var (objects, deeper): ([Object], [String]) = ([], [])
        var (prefix, isTruncated, token, marker) = ("", false, String?.none, String?.none)
        while let (name, content) = scanner.next([
            "Prefix", "IsTruncated", "NextContinuationToken", "NextMarker", "Contents", "CommonPrefixes",
        ]) {
            switch name {
            case "Contents":
                var inner = ElementScanner(content)
                var (key, day, size): (String?, CalendarDay?, Int64?)
                while let (name, content) = inner.next(["Key", "LastModified", "Size"]) {
                    let text = LinkScanner.text(content)
                    switch name {
                    case "Key": key = key ?? text
                    case "LastModified": day = IndexDetails.read(text).day
                    default: size = Int64(text)
                    }
                }
                if let key { objects.append(Object(key: key, day: day, size: size)) }
            case "CommonPrefixes":
                var inner = ElementScanner(content)
                while let (_, content) = inner.next(["Prefix"]) { deeper.append(LinkScanner.text(content)) }
            case "Prefix": prefix = LinkScanner.text(content)
            case "IsTruncated": isTruncated = LinkScanner.text(content) == "true"
            case "NextContinuationToken": token = LinkScanner.text(content)
            default: marker = LinkScanner.text(content)
            }
        }
        (self.prefix, self.objects, self.deeper, self.isTruncated) = (prefix, objects, deeper, isTruncated)
        next =
            token.map { "continuation-token=\(Self.encoded($0))" }
            ?? (marker ?? objects.last?.key).map { "marker=\(Self.encoded($0))" }
    }

    /// The question for what is in a folder: one level, from its beginning or from where another page ended.
    static func query(_ prefix: String, after next: String?) -> String {
        // Without the newer type a server that knows it numbers no pages.
        let type = next?.hasPrefix("marker=") == true ? "" : "list-type=2&"
        return "\(type)delimiter=%2F&prefix=\(encoded(prefix))" + (next.map { "&\($0)" } ?? "")
    }

    private static func encoded(_ text: String) -> String {
        text.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                String(Unicode.Scalar(byte))
            default:
                "-._~".utf8.contains(byte)
                    ? String(Unicode.Scalar(byte))
                    : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }.joined()
    }
}

/// A bucket that a source turned out to be: a folder in it is what keys begin with.
struct Bucket {
    /// Where its keys begin.
    let base: Address
    /// All of its objects, where one page had them all.
    private let objects: [BucketPage.Object]?

    /// - Parameters:
    ///   - page: what was answered.
    ///   - folder: what was asked for.
    init(_ page: BucketPage, at folder: Address) {
        let prefix = page.prefix.split(separator: "/").map(String.init)
        var base = folder
        // The folder is a path of the bucket where the server itself makes it one.
        if !prefix.isEmpty, folder.parts.suffix(prefix.count).elementsEqual(prefix) {
            for _ in prefix { base = base.parent }
        }
        self.base = base
        objects = !page.isTruncated && page.prefix.isEmpty && page.deeper.isEmpty ? page.objects : nil
    }

    /// Whether a folder's content is among its keys.
    func contains(_ folder: Address) -> Bool { base.contains(folder) }

    /// What the keys in a folder begin with: "nightly/2026-11-20/".
    func prefix(of folder: Address) -> String { folder.parts.dropFirst(base.parts.count).map { "\($0)/" }.joined() }

    /// What is in a folder where all keys are known; nil where they are not.
    func listing(of folder: Address) -> Listing?? {
        guard let objects else { return nil }
        return .some(Self.listing(prefix(of: folder), objects, deeper: []))
    }

    /// What keys say of a folder; nil where none is in it.
    static func listing(_ prefix: String, _ objects: [BucketPage.Object], deeper: [String]) -> Listing? {
        var entries: [Listing.Entry] = []
        var folders: Set<String> = []
        var isThere = prefix.isEmpty
        func folder(_ name: Substring) {
            guard Address.isSafe(String(name)), folders.insert(String(name)).inserted else { return }
            entries.append(Listing.Entry(name: String(name), isFolder: true, day: nil, size: .unknown))
        }
        for object in objects where object.key.hasPrefix(prefix) {
            isThere = true
            let rest = object.key.dropFirst(prefix.count)
            if let slash = rest.firstIndex(of: "/") {
                folder(rest[..<slash])
            } else if Address.isSafe(String(rest)) {
                entries.append(
                    Listing.Entry(
                        name: String(rest), isFolder: false, day: object.day,
                        size: object.size.map { .exact($0) } ?? .unknown))
            }
        }
        for key in deeper where key.hasPrefix(prefix) && key.hasSuffix("/") {
            isThere = true
            folder(key.dropFirst(prefix.count).dropLast())
        }
        return isThere ? Listing(entries) : nil
    }
}

/// Finds elements of an XML text by their names, without those inside of one that it gave.
private struct ElementScanner {
    private let bytes: ArraySlice<UInt8>
    private var position: Int

    init(_ bytes: [UInt8]) { self.init(bytes[...]) }

    init(_ bytes: ArraySlice<UInt8>) { (self.bytes, position) = (bytes, bytes.startIndex) }

    /// The next element of one of these names, and what is in it.
    mutating func next(_ names: [String]) -> (name: String, content: ArraySlice<UInt8>)? {
        while let open = bytes[position...].firstIndex(of: UInt8(ascii: "<")) {
            position = open + 1
            let name = String(
                decoding: bytes[position...].prefix { $0 > 0x20 && $0 != 0x3E && $0 != 0x2F }, as: UTF8.self)
            guard names.contains(name), let begin = bytes[position...].firstIndex(of: UInt8(ascii: ">")) else {
                continue
            }
            if bytes[begin - 1] == UInt8(ascii: "/") {
                position = begin + 1
                return (name, bytes[begin..<begin])
            }
            let close = Array("</\(name)>".utf8)
            var end = begin + 1
            while let candidate = bytes[end...].firstIndex(of: UInt8(ascii: "<")) {
                if bytes[candidate...].starts(with: close) {
                    position = candidate + close.count
                    return (name, bytes[(begin + 1)..<candidate])
                }
                end = candidate + 1
            }
            return nil
        }
        return nil
    }
}
