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
    /// Stores of objects that folders turned out to be in.
    private var buckets: [Bucket] = []
    /// Folders and files of which a server says that nobody may see them, which a store of objects says of what is not there too.
    private(set) var forbidden: Set<Address> = []
    private let say: (String) -> Void
    /// How many requests went out, for tests and for `--verbose`.
    private(set) var requests = 0

    /// How large an index page may be.
    private static let pageLimit = 64 << 20

    /// - Parameter say: is told where a server asks to be left alone for some time.
    init(limits: HTTPLimits, say: @escaping (String) -> Void = { _ in }) { (self.limits, self.say) = (limits, say) }

    /// One client for everything, so that connections are used again.
    func client() throws -> HTTPClient {
        if let made { return made }
        let client = try HTTPClient(limits: limits, say: say)
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
        // In a bucket folders are no files of the server's.
        for folder in folders where listings[folder] == nil {
            if let bucket = buckets.first(where: { $0.contains(folder) }) {
                listings[folder] = Attempt { try listing(of: folder, in: bucket) }
            }
        }
        let asks = folders.contains { listings[$0] == nil }
        let ahead = ahead.flatMap { asks ? page($0, \.texts, limit: Checksums.limit) : nil }
        defer { if let ahead { texts[ahead.address] = Attempt { try ahead.result.get()?.bytes } } }
        return try resolve(folders, in: \.listings, limit: Self.pageLimit, beside: ahead) { folder, came in
            try came.flatMap { try read($0.bytes, of: folder) }
        } local: { folder in
            try Self.list(folder)
        }
    }

    /// What a server answered with for a folder.
    private func read(_ bytes: [UInt8], of folder: Address) throws -> Listing? {
        if let page = BucketPage(bytes) { return try read(page, of: folder) }
        let listing = try IndexList.parse(bytes) ?? IndexPage.parse(bytes, of: folder)
        guard listing.isIndex else { throw FetchError.noIndex(folder) }
        return listing
    }

    private func read(_ page: BucketPage, of folder: Address) throws -> Listing? {
        let bucket = Bucket(page, at: folder)
        if page.prefix.isEmpty {
            // The bucket itself. What was asked of the server as a folder before is not known to be missing.
            for (folder, result) in listings where bucket.contains(folder) {
                if case .success(.some) = result { continue }
                listings[folder] = nil
            }
            forbidden = forbidden.filter { !bucket.contains($0) }
            buckets.append(bucket)
        }
        return page.isTruncated
            ? try listing(of: folder, in: bucket)
            : Bucket.listing(page.prefix, page.objects, deeper: page.deeper) ?? Listing([])
    }

    /// What a bucket has in a folder.
    private func listing(of folder: Address, in bucket: Bucket) throws -> Listing? {
        if let known = bucket.listing(of: folder) { return known }
        let prefix = bucket.prefix(of: folder)
        var (objects, deeper): ([BucketPage.Object], [String]) = ([], [])
        var (next, asked): (String?, Set<String?>) = (nil, [])
        while asked.insert(next).inserted {
            let query = BucketPage.query(prefix, after: next)
            let job = HTTPPage(bucket.base, query: query, limit: Self.pageLimit, limits: limits)
            requests += 1
            try client().run([job])
            guard let bytes = try job.result.get()?.bytes, let page = BucketPage(bytes) else {
                throw FetchError.refused(bucket.base, reason: "answers no list to ?\(query)", hint: nil)
            }
            objects += page.objects
            deeper += page.deeper
            guard objects.count + deeper.count <= 200_000 else {
                throw FetchError.refused(folder, reason: "has more than 200000 objects", hint: nil)
            }
            guard page.isTruncated else { return Bucket.listing(prefix, objects, deeper: deeper) }
            next = page.next
        }
        throw FetchError.refused(bucket.base, reason: "lists a part of its objects only, and the same again", hint: nil)
    }

    /// Whether a folder lies in a bucket.
    func isBucket(_ folder: Address) -> Bool { buckets.contains { $0.contains(folder) } }

    /// Whether a folder that a server does not have as such lies in a bucket: what is above it is asked.
    func findBucket(of folder: Address) throws -> Bool {
        if folder.origin == nil || isBucket(folder) { return false }
        var above: [Address] = []
        var place = folder
        while !place.parts.isEmpty {
            place = place.parent
            above.insert(place, at: 0)
        }
        // A bucket is a host of its own, or the first name on one.
        for place in above.prefix(2) {
            _ = try? listing(of: place)
            if isBucket(folder) { return true }
        }
        return false
    }

    /// Whether an error says that a server, or a folder of the host, does not have a file.
    static func isMissing(_ error: any Error) -> Bool {
        switch error {
        // A store of objects may say of what is not there that nobody may see it.
        case FetchError.status(_, let code): [403, 404, 410].contains(code)
        case let failure as Failure: failure.exitCode == .notFound
        default: false
        }
    }

    /// A result; nil too where it says that the thing is not there.
    static func unlessMissing<Value>(_ result: Attempt<Value?>) throws -> Value? {
        do {
            return try result.get()
        } catch  where isMissing(error) {
            return nil
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
                if case .failure(let error as FetchError) = page.result, case .status(_, 403) = error,
                    !isBucket(page.address)
                {
                    forbidden.insert(page.address)
                }
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
