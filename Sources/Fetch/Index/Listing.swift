import DevboxCore

/// What a folder has: an automatic index, or a folder of the host.
public struct Listing: Sendable, Equatable {
    /// One file or folder of it.
    public struct Entry: Sendable, Equatable {
        /// Decoded; one part of a path.
        public var name: String
        /// Whether it is a folder.
        public var isFolder: Bool
        /// When it was changed last, by the server's clock.
        public var day: CalendarDay?
        /// As precise as the index has it.
        public var size: Build.Size
    }

    /// What is in the folder.
    public let entries: [Entry]
    /// Links that lead out of the folder, as they stand in the page, the one to the folder above it apart.
    public let outside: [String]
    /// Whether it is the index of a folder, and not some other page.
    let isIndex: Bool
    /// The files among the entries, by their names.
    private let files: [Entry]
    /// The lists of digests among the files, whatever they are called.
    let checksumLists: ChecksumLists

    /// - Parameters:
    ///   - entries: what is in the folder.
    ///   - outside: links that lead out of it.
    public init(_ entries: [Entry], outside: [String] = []) { self.init(entries, outside: outside, isIndex: true) }

    init(_ entries: [Entry], outside: [String], isIndex: Bool) {
        (self.entries, self.outside, self.isIndex) = (entries, outside, isIndex)
        files = entries.filter { !$0.isFolder }.sorted { $0.name < $1.name }
        checksumLists = ChecksumLists(of: files)
    }

    /// Its files whose names begin so, without looking at the others: a folder may have thousands, and be asked for each of them.
    func files(beginningWith text: String) -> ArraySlice<Entry> {
        var (low, high) = (0, files.count)
        while low < high {
            let middle = (low + high) / 2
            if files[middle].name < text { low = middle + 1 } else { high = middle }
        }
        return files[low...].prefix { $0.name.hasPrefix(text) }
    }

    /// Whether it has a file of a name.
    func has(_ name: String) -> Bool { files(beginningWith: name).first?.name == name }
}
