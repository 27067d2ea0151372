import DevboxCore
import Glibc
import SystemPackage

/// Reads what sources say of themselves: indexes of folders, small texts, and whether a file is there. Over HTTP many at once; of a
/// folder of the host just so. What was read once is not read again by the same command.
final class SourceReader {
    let limits: HTTPLimits
    private var made: HTTPClient?
    private var listings: [Address: Attempt<Listing?>] = [:]
    private var texts: [Address: Attempt<[UInt8]?>] = [:]
    private var facts: [Address: Attempt<FileFacts?>] = [:]
    /// How many requests went out, for tests and for `--verbose`.
    private(set) var requests = 0

    /// How large an index page may be.
    private static let pageLimit = 64 << 20

    init(limits: HTTPLimits) { self.limits = limits }

    /// One client for everything, so that connections are used again.
    func client() throws -> HTTPClient {
        if let made { return made }
        let client = try HTTPClient(limits: limits)
        made = client
        return client
    }

    /// What is known of a file without its content.
    struct FileFacts: Equatable {
        var size: Int64?
        var day: CalendarDay?
    }

    /// What is in folders, in their order; nil for one that is not there.
    ///
    /// - Parameter ahead: a small file that will be wanted where there is one, which comes in the same round trip.
    func listings(of folders: [Address], ahead: Address? = nil) throws -> [Attempt<Listing?>] {
        let asks = folders.contains { listings[$0] == nil }
        let ahead = ahead.flatMap { asks ? page($0, \.texts, limit: Checksums.limit) : nil }
        defer { if let ahead { texts[ahead.address] = Attempt { try ahead.result.get()?.bytes } } }
        return try resolve(folders, in: \.listings, limit: Self.pageLimit, beside: ahead) { folder, came in
            guard let came else { return nil }
            return try IndexPage.parse(came.bytes, of: folder)
        } local: { folder in
            try Self.list(folder)
        }
    }

    /// What is in a folder.
    func listing(of folder: Address) throws -> Listing? { try listings(of: [folder])[0].get() }

    /// The contents of small files; nil for one that is not there.
    func contents(of files: [Address], limit: Int) throws -> [Attempt<[UInt8]?>] {
        try resolve(files, in: \.texts, limit: limit) {
            $1?.bytes
        } local: { file in
            let path = Self.path(file)
            return Files.exists(path) ? try Files.read(path, limit: limit) : nil
        }
    }

    /// The content of a small file.
    func content(of file: Address, limit: Int) throws -> [UInt8]? { try contents(of: [file], limit: limit)[0].get() }

    /// Whether files are there, and how large and how old they are.
    func facts(of files: [Address]) throws -> [Attempt<FileFacts?>] {
        try resolve(files, in: \.facts, limit: 0, headOnly: true) { _, came in
            came.map { FileFacts(size: $0.head.contentLength, day: $0.head.lastModified) }
        } local: { file in
            var status = stat()
            guard stat(Self.path(file).string, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
            return FileFacts(
                size: Int64(status.st_size), day: CalendarDay(secondsSince1970: Int64(status.st_mtim.tv_sec)))
        }
    }

    private func resolve<Value>(
        _ addresses: [Address], in cache: ReferenceWritableKeyPath<SourceReader, [Address: Attempt<Value?>]>,
        limit: Int, headOnly: Bool = false, beside other: HTTPPage? = nil,
        web: (Address, (head: HTTPHead, bytes: [UInt8])?) throws -> Value?, local: (Address) throws -> Value?
    ) throws -> [Attempt<Value?>] {
        // In the order that they were asked for in, which decides what is asked first.
        var seen: Set<Address> = []
        let missing = addresses.filter { self[keyPath: cache][$0] == nil && seen.insert($0).inserted }
        for address in missing where address.origin == nil {
            self[keyPath: cache][address] = Attempt { try local(address) }
        }
        let pages = missing.compactMap { page($0, cache, limit: limit, headOnly: headOnly) }
        if !pages.isEmpty {
            let all = pages + [other].compactMap { $0 }
            requests += all.count
            try client().run(all)
            for page in pages {
                self[keyPath: cache][page.address] = Attempt { try web(page.address, try page.result.get()) }
            }
        }
        return addresses.map { self[keyPath: cache][$0] ?? .success(nil) }
    }

    /// What is to be asked of an address; nil where that is known, or where no server has it.
    private func page<Value>(
        _ address: Address, _ cache: KeyPath<SourceReader, [Address: Attempt<Value?>]>, limit: Int,
        headOnly: Bool = false
    ) -> HTTPPage? {
        guard address.origin != nil, self[keyPath: cache][address] == nil else { return nil }
        return HTTPPage(address, limit: limit, headOnly: headOnly, limits: limits)
    }

    static func path(_ address: Address) -> FilePath { FilePath("/" + address.parts.joined(separator: "/")) }

    private static func list(_ folder: Address) throws -> Listing? {
        let path = Self.path(folder)
        guard Files.exists(path) else { return nil }
        var entries: [Listing.Entry] = []
        for name in try Files.list(path) where Address.isSafe(name) {
            var status = stat()
            guard stat(path.appending(name).string, &status) == 0,
                [S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT)
            else { continue }
            let isFolder = status.st_mode & S_IFMT == S_IFDIR
            entries.append(
                Listing.Entry(
                    name: name, isFolder: isFolder, day: CalendarDay(secondsSince1970: Int64(status.st_mtim.tv_sec)),
                    size: isFolder ? .unknown : .exact(Int64(status.st_size))))
        }
        return Listing(entries)
    }
}
