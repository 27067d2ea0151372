import Disks

/// What a guest's sysctl.d(5) sets when it starts: of two files that set one thing, the one with the later name wins, whatever folder
/// it is in.
struct SysctlFiles {
    private(set) var settings: [String: (value: String, file: String)] = [:]

    /// Those that win over others of the same name come first.
    private static let folders = ["/etc/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d"]
    private static let mostFiles = 1 << 10
    private static let mostText = 1 << 20

    /// Reads those of a disk. What is no plain file, or larger than one that somebody wrote, is passed over.
    init(on root: borrowing Ext4FileSystem) throws {
        var files: [String: String] = [:]
        for folder in Self.folders {
            guard let directory = try root.find(folder), try root.attributes(of: directory).isDirectory else {
                continue
            }
            for entry in try root.entries(in: directory, limit: Self.mostFiles)
            where entry.name.hasSuffix(".conf") && files[entry.name] == nil {
                files[entry.name] = "\(folder)/\(entry.name)"
            }
        }
        for (_, path) in files.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            // A link, as that to /etc/sysctl.conf, counts as what it leads to; one to /dev/null leads to nothing.
            guard let file = try root.find(path), try root.attributes(of: file).isRegular,
                try root.attributes(of: file).size <= Self.mostText
            else { continue }
            take(String(decoding: try root.contents(of: file, limit: Self.mostText), as: UTF8.self), path)
        }
    }

    /// The lines of one file.
    init(_ text: String, _ path: String) { take(text, path) }

    private mutating func take(_ text: String, _ path: String) {
        for line in text.split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: "=", maxSplits: 1).map { $0.drop { $0 == " " || $0 == "\t" } }
            guard parts.count == 2, let first = parts[0].first, first != "#", first != ";" else { continue }
            var name = (first == "-" ? parts[0].dropFirst() : parts[0]).prefix { $0 != " " && $0 != "\t" }
            // Where a slash comes before a dot, slashes separate.
            if let separator = name.first(where: { $0 == "." || $0 == "/" }), separator == "/" {
                name = Substring(name.map { $0 == "/" ? "." : $0 == "." ? "/" : $0 }.map(String.init).joined())
            }
            settings[String(name)] = (String(parts[1].reversed().drop { $0.isWhitespace }.reversed()), path)
        }
    }
}
