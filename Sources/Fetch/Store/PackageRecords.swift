import CLinux
import DevboxCore
import Glibc
import Stores
import SystemPackage

/// The records of all fetched packages, as they were at one moment: records/packages.jsonl, a record a line, of which the last of a
/// file's counts.
///
/// One file, because a fetch of two hundred packages would spend most of its time on making as many folders and files for what is
/// half a kilobyte each. Earlier devboxes did that, in records/packages/; what they left there counts where there is no line.
struct PackageRecords {
    private let work: WorkDirectory
    private let bytes: [UInt8]
    /// Where the line of a path is.
    private var lines: [String: Range<Int>] = [:]
    /// Numbers of lines that say nothing.
    private var unreadable: [Int] = []
    /// The files of earlier devboxes; nil where there are none.
    private let earlier: RecordTree<PackageRecord>?

    /// Half a kilobyte a file: half a million packages.
    private static let limit = 256 << 20

    /// Reads them.
    init(_ work: WorkDirectory) throws {
        self.work = work
        bytes = Files.exists(Self.file(work)) ? try Files.read(Self.file(work), limit: Self.limit) : []
        earlier = Files.exists(work.records(.packages)) ? RecordTree(work) : nil
        var start = 0
        var number = 0
        // What has no end is what a power cut left of a line.
        while let end = Self.find([0x0A], in: bytes[start...]) {
            number += 1
            if let path = Self.path(bytes[start..<end]) {
                lines[path] = start..<end
            } else {
                unreadable.append(number)
            }
            start = end + 1
        }
    }

    private static func file(_ work: WorkDirectory) -> FilePath { work.recordLines(.packages) }
    private func name(_ line: Range<Int>) -> String { "\(Self.file(work)): the record at byte \(line.lowerBound)" }

    private static func find(_ wanted: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
        bytes.withUnsafeBytes { slice in
            guard let base = slice.baseAddress, let hit = devbox_find(base, slice.count, wanted, wanted.count) else {
                return nil
            }
            return bytes.startIndex + (UnsafeRawPointer(hit) - base)
        }
    }

    /// The path in a line, which is mostly found without reading all of it.
    private static func path(_ line: ArraySlice<UInt8>) -> String? {
        let key = Array("\"path\":\"".utf8)
        if line.last == UInt8(ascii: "}"), let start = find(key, in: line) {
            let text = line[(start + key.count)...].prefix { $0 != UInt8(ascii: "\"") }
            if !text.contains(UInt8(ascii: "\\")) { return String(validating: text, as: UTF8.self) }
        }
        struct PathOnly: Decodable { let path: String }
        return try? RecordFile.decode(PathOnly.self, from: line).path
    }

    /// The record of a path below share/packages; nil for one that was never fetched.
    ///
    /// - Throws: `badInput` for one that is damaged, or that a newer devbox wrote.
    func record(of path: String) throws -> PackageRecord? {
        if let line = lines[path] {
            return try RecordFile.read(PackageRecord.self, from: bytes[line], name: name(line))
        }
        guard let file = earlierFile(path) else { return nil }
        // An empty one is what a power cut left.
        return try Files.status(file).st_size > 0 ? RecordFile.read(PackageRecord.self, from: file) : nil
    }

    /// The record of a build under whatever day it was fetched, of several the newest; nil where it never was.
    func record(ofAnyDay build: Build) throws -> PackageRecord? {
        let folder = "\(build.architecture.rawValue)/\(build.package)/"
        return try lines.keys.filter { $0.hasPrefix(folder) && $0.hasSuffix("/\(build.address.name)") }
            .compactMap { try record(of: $0) }.filter { $0.isSameBuild(build, on: $0.date) }
            .max { $0.date < $1.date }
    }

    /// The file that an earlier devbox made for the record of a path.
    private func earlierFile(_ path: String) -> FilePath? {
        guard let earlier else { return nil }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == PackageRecord.store.depth, parts.allSatisfy(Address.isSafe) else { return nil }
        let file = earlier.file(parts)
        return Files.exists(file) ? file : nil
    }

    /// All of them, in no order.
    ///
    /// - Parameter unreadable: told of each that cannot be read.
    func all(unreadable: (String) -> Void) throws -> [PackageRecord] {
        for number in self.unreadable { unreadable("\(Self.file(work)), line \(number)") }
        var result: [PackageRecord] = []
        for line in lines.values {
            if let record = try? RecordFile.read(PackageRecord.self, from: bytes[line], name: name(line)) {
                result.append(record)
            } else {
                unreadable(name(line))
            }
        }
        let files = try earlier?.all { unreadable($0.string) } ?? []
        return result + files.filter { lines[$0.path] == nil }
    }
}

extension PackageRecords {
    /// What stands in the file for a record.
    static func line(_ record: PackageRecord) -> [UInt8] { PackageLine(record).bytes }

    /// Adds records, each in the place of an earlier one of its path, of which fields that this devbox does not know are kept.
    ///
    /// - Parameters:
    ///   - records: with their lines.
    ///   - isDurable: whether they survive a power cut.
    static func add(_ records: [(record: PackageRecord, line: [UInt8])], in work: WorkDirectory, isDurable: Bool) throws
    {
        if records.isEmpty { return }
        let lock = try lock(work)
        defer { withExtendedLifetime(lock.descriptor) {} }
        let before = try PackageRecords(work)
        var text: [UInt8] = []
        for (record, line) in records {
            let old =
                before.lines[record.path].map { before.bytes[$0] }
                ?? before.earlierFile(record.path).flatMap { try? Files.read($0)[...] }
            text += try old.map { try RecordFile.json(record, keeping: $0, pretty: false) } ?? line
        }
        let path = Self.file(work)
        let isNew = !Files.exists(path)
        let file = try Files.open(path, .writeOnly, [.create, .noFollow])
        defer { try? file.close() }
        if isNew { try work.give(path) }
        // In the place of a line that was cut short; what is left of a longer one has no end either.
        let end = before.bytes.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        try posix("write \(path)") { lseek(file.rawValue, off_t(end), SEEK_SET) }
        try Files.writeAll(file, text, name: path.string)
        if isDurable { try posix("sync \(path)") { fsync(file.rawValue) } }
        if isDurable, isNew { try Files.syncDirectory(work.records) }
    }

    /// Takes the record of a path out.
    static func remove(_ path: String, in work: WorkDirectory) throws {
        let lock = try lock(work)
        defer { withExtendedLifetime(lock.descriptor) {} }
        let before = try PackageRecords(work)
        if let file = before.earlierFile(path) { try Files.remove(file) }
        if before.lines[path] == nil { return }
        let stays = before.bytes.split(separator: 0x0A).filter { Self.path($0) != path }
        try Files.writeAtomically(stays.flatMap { $0 + [0x0A] }, to: file(work))
    }

    private static func lock(_ work: WorkDirectory) throws -> FileLock {
        try SharedStore<PackageRecord>(work).lock(for: "fetch")
    }
}
