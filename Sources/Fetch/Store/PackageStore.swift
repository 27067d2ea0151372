import DevboxCore
import FoundationEssentials
import Stores
import SystemPackage

/// The fetched packages of a work directory: files in share/packages, and what they must be in records.
public struct PackageStore: Sendable {
    /// The work directory.
    public var work: WorkDirectory { store.work }
    private let store: SharedStore<PackageRecord>

    /// - Parameter work: the work directory.
    public init(_ work: WorkDirectory) { store = SharedStore(work) }

    /// A fetched file on the host.
    public func path(_ record: PackageRecord) -> FilePath { store.path(of: record) }

    /// The same file as guests see it.
    public static func guestPath(_ record: PackageRecord) -> String { SharedStore.guestPath(of: record) }

    /// The folders of a build below share/packages. Builds of several sources that are named alike lie beside each other.
    func folders(_ build: Build, on day: CalendarDay, apart: Bool) throws -> [String] {
        // Debian's epoch: apt writes it so in file names too.
        let version = build.version.split(separator: ":", omittingEmptySubsequences: false).joined(separator: "%3a")
        let details = [build.kernelVersion, build.suite, apart ? build.source : nil].compactMap { $0 }
        let names = [
            build.architecture.rawValue, build.package, (["\(day)", version] + details).joined(separator: "-"),
        ]
        for name in names + [build.address.name] where !Address.isSafe(name) {
            throw FetchError.refused(
                build.address, reason: "has a name or version that cannot be a file's: \(name)", hint: nil)
        }
        return names
    }

    /// The record of a build, and where its file is to be; no record where it was never fetched.
    func find(_ build: Build, on day: CalendarDay, in records: PackageRecords) throws
        -> (record: PackageRecord?, folders: [String])
    {
        // Where nothing tells its day, that under which it was fetched the first time stays its day; and what a source has by its
        // digest alone is the same file, whatever day its server tells.
        if build.date == nil || build.knownDigest != nil, let earlier = try records.record(ofAnyDay: build),
            try build.date == nil || build.knownDigest.map({ try agrees(earlier, with: $0) }) == true
        {
            return (earlier, earlier.path.split(separator: "/").dropLast().map(String.init))
        }
        for apart in [false, true] {
            let folders = try folders(build, on: day, apart: apart)
            let record = try records.record(of: (folders + [build.address.name]).joined(separator: "/"))
            guard let record else { return (nil, folders) }
            if record.isSameBuild(build, on: day) { return (record, folders) }
        }
        throw Failure(.exists, "another build lies where \(build.address) would")
    }

    /// The file of a record, open at its start; nil where it is not there any more or is not what it was.
    public func open(_ record: PackageRecord) throws -> FileDescriptor? { try store.open(record, digesting: true) }

    /// Whether the file of a record is there, as it was fetched.
    public func isIntact(_ record: PackageRecord) throws -> Bool { try store.has(record, digesting: true) }

    /// Whether a source may mean a file that was fetched. Its SHA-512 digest stands in no record: where the file itself is gone, what comes
    /// is compared.
    func agrees(_ record: PackageRecord, with digest: ContentDigest) throws -> Bool {
        switch digest {
        case .sha256(let digest): return digest == record.sha256
        case .sha512:
            guard let file = try open(record) else { return true }
            defer { try? file.close() }
            return try digest.fits(file, name: record.path)
        }
    }

    /// The folder of an architecture's packages, made where it is missing.
    func folder(_ architecture: Architecture) throws -> ShareFolder {
        try ShareFolder(store.folder, in: work).making(architecture.rawValue)
    }

    /// Moves a verified file to where its record says, below the folder of its architecture.
    func place(_ file: FilePath, _ record: PackageRecord, in folder: borrowing ShareFolder) throws {
        let parts = try store.place(of: record)
        try folder.making(parts[1]).making(parts[2]).take(file, as: parts[3])
    }

    /// The records of all files that are there, newest first. What a file holds is not looked at.
    ///
    /// - Parameter unreadable: told of each record that cannot be read.
    public func list(unreadable: (String) -> Void = { _ in }) throws -> [PackageRecord] {
        try PackageRecords(work).all(unreadable: unreadable).filter { Files.exists(path($0)) }
            .sorted { ($0.date, $0.package, $0.path) > ($1.date, $1.package, $1.path) }
    }

    /// The record of a file; nil for one that was never fetched.
    ///
    /// - Parameter path: below share/packages, or as the host or a guest sees it.
    public func record(of path: String) throws -> PackageRecord? {
        let folder = ["\(store.folder)/", "\(PackageRecord.store.guestPath)/"].first(where: path.hasPrefix) ?? ""
        return try PackageRecords(work).record(of: String(path.dropFirst(folder.count)))
    }

    /// Removes a fetched file. Its record stays, so that the same build is known again.
    public func remove(_ record: PackageRecord) throws { try store.remove(record) }

    /// Removes a record too: the same build with another digest is accepted the next time.
    public func forget(_ record: PackageRecord) throws {
        try remove(record)
        try PackageRecords.remove(record.path, in: work)
    }
}
