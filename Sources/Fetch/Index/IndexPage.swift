import DevboxCore

/// Reads the automatic indexes of web servers: nginx (autoindex, fancyindex), Apache (mod_autoindex, plain, fancy and as a table),
/// lighttpd, Caddy, Jenkins, Tomcat, `python3 -m http.server` and those that are like them.
///
/// All print a link for each file, ending with `/` for a folder, and most of them time and size behind it. Everything
/// in a page is data from outside: a name is used only where it is a name in this very folder.
public enum IndexPage {
    /// The links of a page.
    ///
    /// - Parameters:
    ///   - html: the page.
    ///   - folder: its address.
    /// - Throws: `badInput`, where it has more than 200,000 links, or is compressed.
    public static func parse(_ html: [UInt8], of folder: Address) throws -> Listing {
        if html.starts(with: [0x1F, 0x8B]) {
            throw FetchError.refused(
                folder, reason: "has a compressed index, which nobody asked for", hint: "tell who runs the source")
        }
        var entries: [Listing.Entry] = []
        var outside: [String] = []
        var seen: Set<String> = []
        var scanner = LinkScanner(html)
        var isIndex = announcesIndex(html)
        while let link = scanner.next() {
            isIndex = isIndex || ["..", "../"].contains(link.target)
            switch place(of: link.target, in: folder) {
            case .here(let name, let isFolder):
                isIndex = isIndex || showsFile(name, isFolder: isFolder, scanner.words(of: link))
                guard seen.insert(name).inserted else { continue }
                let (day, size) = IndexDetails.read(link.text)
                entries.append(
                    Listing.Entry(name: name, isFolder: isFolder, day: day, size: isFolder ? .unknown : size))
            case .above: break
            case .outside:
                // Who links packages elsewhere is told that, and not that this is some page.
                let name = link.target.split(separator: "/").last.flatMap { Address.decoded($0) } ?? ""
                isIndex = isIndex || PackageFormat.of(name) != nil
                outside.append(link.target)
            }
            guard entries.count + outside.count <= 200_000 else {
                throw FetchError.refused(folder, reason: "has an index of more than 200000 links", hint: nil)
            }
        }
        return Listing(entries, outside: outside, isIndex: isIndex)
    }

    /// What servers call a folder's index, in its title or its heading; without a file in it that may be all that tells one.
    private static let titles = [
        "index of", "directory listing", "listing of", "listing for", "contents of", "no files in directory",
        "files in ",
    ]

    private static func announcesIndex(_ html: [UInt8]) -> Bool {
        let beginning = String(decoding: html.prefix(16 << 10), as: UTF8.self).lowercased()
        // Jenkins says this where there would be a list.
        if beginning.contains("no files in directory") { return true }
        var isHeading = false
        for part in beginning.split(separator: "<") {
            let name = part.prefix { $0.isLetter || $0.isNumber || $0 == "/" }
            if headings.contains(name) { isHeading = true }
            if name.first == "/", headings.contains(name.dropFirst()) { isHeading = false }
            if isHeading, titles.contains(where: part.contains) { return true }
        }
        // One without any tags around it.
        return beginning.split(whereSeparator: \.isNewline).first.map { line in titles.contains(where: line.hasPrefix) }
            ?? false
    }

    private static let headings: [Substring] = ["title", "h1", "h2", "h3"]

    /// Whether a link is one that an index of files has, and a page of another kind has not: a package, a list of digests, a folder that is
    /// called by a day, a version or an architecture, or what is no page and is called by its own name.
    ///
    /// - Parameter words: what the page calls it.
    private static func showsFile(_ name: String, isFolder: Bool, _ words: String) -> Bool {
        if isFolder {
            let calls = words.hasSuffix("/") ? words.dropLast() : words[...]
            return calls == name || CalendarDay(name) != nil || FileName.isVersion(name)
                || Architecture(alias: name) != nil
        }
        if PackageFormat.of(name) != nil || ChecksumLists.mayBeOne(name) { return true }
        guard let dot = name.lastIndex(of: "."), !pages.contains(name[dot...].dropFirst().lowercased()) else {
            return false
        }
        // Apache and nginx cut long names: "kselftest-v6.12-rc1-..>".
        let cut = ["..>", "...", "…"].first(where: words.hasSuffix).map { words.dropLast($0.count) }
        return words == name || cut.map { $0.utf8.count >= 8 && name.hasPrefix($0) } == true
    }

    /// What the parts of web pages and programs end with.
    private static let pages = [
        "html", "htm", "xhtml", "php", "asp", "aspx", "jsp", "do", "cgi", "pl", "js", "css", "ico", "png", "jpg", "svg",
    ]

    enum Place: Equatable {
        case here(String, isFolder: Bool)
        /// The folder above, the folder itself, or another order of the same index.
        case above
        case outside
    }

    /// Where a link of a folder's page leads to.
    static func place(of target: String, in folder: Address) -> Place {
        // "?C=N;O=D" is the same page in another order.
        if ["", ".", "./"].contains(target.prefix { $0 != "?" && $0 != "#" }) { return .above }
        if ["..", "../", ".", "./"].contains(target) { return .above }
        var path = target[...]
        // Most links are plain names.
        if let origin = folder.origin, path.utf8.contains(UInt8(ascii: ":")) || path.hasPrefix("//") {
            let scheme = origin.prefix { $0 != ":" }
            for prefix in [origin, String(origin.dropFirst(scheme.count + 1))]
            where path.lowercased().hasPrefix(prefix + "/") {
                path = path.dropFirst(prefix.count)
                break
            }
        }
        if path.hasPrefix("//") || path.prefix(while: { $0 != "/" }).contains(":") && !path.hasPrefix("./") {
            return .outside
        }
        let isAbsolute = path.hasPrefix("/")
        let isFolder = path.hasSuffix("/")
        var parts: [String] = []
        for part in path.split(separator: "/") where part != "." {
            guard let name = Address.decoded(part), Address.isSafe(name) else { return .outside }
            parts.append(name)
        }
        if isAbsolute {
            if parts == folder.parts || parts == Array(folder.parts.dropLast()) { return .above }
            guard parts.count == folder.parts.count + 1, parts.starts(with: folder.parts) else { return .outside }
            parts = [parts[parts.count - 1]]
        }
        guard parts.count == 1 else { return .outside }
        return .here(parts[0], isFolder: isFolder)
    }
}
