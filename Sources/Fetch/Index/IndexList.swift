import DevboxCore
import FoundationEssentials

/// The index of a folder as JSON: nginx's (autoindex_format json) and Caddy's.
enum IndexList {
    private struct Item: Decodable {
        let name: String
        /// "file" or "directory".
        let type: String?
        let mtime: String?
        let size: Int64?
        /// Caddy's words for the same.
        let is_dir: Bool?
        let mod_time: String?
    }

    /// The entries; nil where it is no such list.
    static func parse(_ bytes: [UInt8]) -> Listing? {
        guard bytes.first(where: { $0 > 0x20 }) == UInt8(ascii: "["),
            let items = try? JSONDecoder().decode([Item].self, from: Data(bytes))
        else { return nil }
        var entries: [Listing.Entry] = []
        var outside: [String] = []
        for item in items {
            let name = item.name.hasSuffix("/") ? String(item.name.dropLast()) : item.name
            guard Address.isSafe(name) else {
                outside.append(item.name)
                continue
            }
            let isFolder = item.is_dir ?? item.type.map { $0 == "directory" } ?? item.name.hasSuffix("/")
            let day = (item.mtime ?? item.mod_time).flatMap { HTTPDate.day($0) ?? IndexDetails.read($0).day }
            entries.append(
                Listing.Entry(
                    name: name, isFolder: isFolder, day: day,
                    size: isFolder ? .unknown : item.size.map { .exact($0) } ?? .unknown))
        }
        return Listing(entries, outside: outside)
    }
}
