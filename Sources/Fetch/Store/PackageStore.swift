import DevboxCore
import FoundationEssentials
import Glibc
import SystemPackage

/// The fetched packages of a work directory: files in share/packages, and what they must be in records/packages.
public struct PackageStore: Sendable {
    /// The work directory.
    public let work: WorkDirectory

    /// - Parameter work: the work directory.
    public init(_ work: WorkDirectory) { self.work = work }

    private var files: FilePath { work.share.appending("packages") }
    private var records: FilePath { work.records.appending("packages") }

    /// A fetched file on the host.
    public func path(_ record: PackageRecord) -> FilePath { files.pushing(FilePath(record.path)) }

    /// The same file as guests see it.
    public static func guestPath(_ record: PackageRecord) -> String { "/work/packages/\(record.path)" }

    /// The folders of a build below share/packages. Builds of several sources that are named alike lie beside each other.
    func folders(_ build: Build, on day: CalendarDay, apart: Bool) throws -> [String] {
        // Debian's epoch: apt writes it so in file names too.
        let version = build.version.split(separator: ":", omittingEmptySubsequences: false).joined(separator: "%3a")
        let names = [
            build.architecture.rawValue, build.package, "\(day)-\(version)" + (apart ? "-\(build.source)" : ""),
        ]
        for name in names + [build.address.name] where !Address.isSafe(name) {
            throw FetchError.refused(
                build.address, reason: "has a name or version that cannot be a file's: \(name)", hint: nil)
        }
        return names
    }

    /// The record of a build, and where its file is to be; no record where it was never fetched.
    func find(_ build: Build, on day: CalendarDay) throws -> (record: PackageRecord?, folders: [String]) {
        for apart in [false, true] {
            let folders = try folders(build, on: day, apart: apart)
            let file = recordFile(folders + [build.address.name])
            // An empty one is what a power cut left.
            guard Files.exists(file), try Files.status(file).st_size > 0 else { return (nil, folders) }
            let record = try RecordFile.read(PackageRecord.self, from: file)
            if record.isSameBuild(build, on: day) { return (record, folders) }
        }
        throw Failure(.exists, "another build lies where \(build.address) would")
    }

    private func recordFile(_ path: [String]) -> FilePath {
        var file = records
        for name in path.dropLast() { file.append(name) }
        return file.appending("\(path.last ?? "").json")
    }

    /// The file of a record, open at its start; nil where it is not there any more or is not what it was.
    public func open(_ record: PackageRecord) throws -> FileDescriptor? {
        let parts = record.path.split(separator: "/").map(String.init)
        guard parts.count == 4, parts.allSatisfy(Address.isSafe) else {
            throw Failure(
                .badInput, "the record of \(record.words) names a file elsewhere: \(Names.printable(record.path))")
        }
        guard let folder = try ShareFolder(parts.dropLast(), below: files, in: work, make: false),
            let file = try folder.open(parts[3])
        else { return nil }
        var status = stat()
        guard fstat(file.rawValue, &status) == 0, Int64(status.st_size) == record.size,
            try SHA256Digest(of: file, name: record.path) == record.sha256
        else {
            try? file.close()
            return nil
        }
        lseek(file.rawValue, 0, SEEK_SET)
        return file
    }

    /// Whether the file of a record is there, as it was fetched.
    public func isIntact(_ record: PackageRecord) throws -> Bool {
        guard let file = try open(record) else { return false }
        try? file.close()
        return true
    }

    /// Puts verified files into place with their records. The order makes a file without a record what a kill leaves behind at
    /// most, and such a file is fetched anew.
    func keep(_ files: [(file: FilePath, record: PackageRecord)]) throws {
        for (file, record) in files {
            let parts = record.path.split(separator: "/").map(String.init)
            try Files.setMode(file, 0o644)
            try work.give(file)
            guard let folder = try ShareFolder(Array(parts.dropLast()), below: self.files, in: work, make: true) else {
                continue
            }
            try folder.take(file, as: parts[parts.count - 1])
            let target = recordFile(parts)
            try makeRecordFolder(target.removingLastComponent())
            // Hundreds of syncs would take longer than the downloads. A power cut costs no more than another download.
            try RecordFile.write(record, to: target, isDurable: files.count < 5)
            try work.give(target)
        }
    }

    private func makeRecordFolder(_ folder: FilePath) throws {
        if Files.exists(folder) { return }
        if folder != work.records { try makeRecordFolder(folder.removingLastComponent()) }
        try work.own(folder, mode: 0o700)
    }

    /// The records of all files that are there, newest first. What a file holds is not looked at.
    ///
    /// - Parameter unreadable: told of each record that cannot be read.
    public func list(unreadable: (FilePath) -> Void = { _ in }) throws -> [PackageRecord] {
        try all(unreadable: unreadable).filter { Files.exists(path($0)) }
    }

    private func all(unreadable: (FilePath) -> Void) throws -> [PackageRecord] {
        var result: [PackageRecord] = []
        func walk(_ folder: FilePath, _ depth: Int) throws {
            for name in try Files.list(folder) {
                let path = folder.appending(name)
                if depth < 3 {
                    try walk(path, depth + 1)
                } else if name.hasSuffix(".json"), !name.hasPrefix(".") {
                    if let record = try? RecordFile.read(PackageRecord.self, from: path) {
                        result.append(record)
                    } else {
                        unreadable(path)
                    }
                }
            }
        }
        try walk(records, 0)
        return result.sorted { ($0.date, $0.package, $0.path) > ($1.date, $1.package, $1.path) }
    }

    /// The record of a path below share/packages; nil for one that was never fetched.
    public func record(of path: String) throws -> PackageRecord? {
        let parts = path.split(separator: "/").map(String.init)
        guard parts.count == 4, parts.allSatisfy(Address.isSafe), Files.exists(recordFile(parts)) else { return nil }
        return try RecordFile.read(PackageRecord.self, from: recordFile(parts))
    }

    /// Removes a fetched file. Its record stays, so that the same build is known again.
    public func remove(_ record: PackageRecord) throws {
        let parts = record.path.split(separator: "/").map(String.init)
        guard parts.count == 4,
            let folder = try ShareFolder(Array(parts.dropLast()), below: files, in: work, make: false)
        else { return }
        try folder.remove(parts[3])
        // Folders that are empty now; others stay.
        var path = path(record).removingLastComponent()
        for _ in 0..<3 {
            guard rmdir(path.string) == 0 else { return }
            path.removeLastComponent()
        }
    }

    /// Removes a record too: the same build with another digest is accepted the next time.
    public func forget(_ record: PackageRecord) throws {
        try remove(record)
        try Files.remove(recordFile(record.path.split(separator: "/").map(String.init)))
    }
}
