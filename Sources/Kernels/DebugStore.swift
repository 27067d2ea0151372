import ELF
import DevboxCore
import FoundationEssentials
import Glibc
import Installing
import Packages
import SystemPackage

/// vmlinux and module symbols, kept once per build-id and shared by all guests, which see them at /work/debug.
///
/// ```
/// debug/<build-id>/vmlinux   debug/<build-id>/System.map   debug/<build-id>/modules/kernel/…
/// debug/.build-id/ab/cdef….debug    links that gdb, drgn, eu-addr2line and perf look symbols up by
/// ```
public struct DebugStore: Sendable {
    private let work: WorkDirectory

    /// The debug store of a work directory.
    public init(_ work: WorkDirectory) { self.work = work }

    private var folder: FilePath { work.share.appending("debug") }
    private var links: FilePath { folder.appending(".build-id") }

    /// Where a kernel's files are.
    public func folder(of id: BuildID) -> FilePath { folder.appending(id.description) }

    /// What is known of all kernels in the store, by version.
    public func records() throws -> [DebugRecord] {
        try Files.list(work.debugRecords).filter { $0.hasSuffix(".json") }
            .compactMap { BuildID($0.dropLast(5)) }.compactMap { try record($0) }
            .sorted { ($0.kernel, $0.buildID.description) < ($1.kernel, $1.buildID.description) }
    }

    /// What is known of a kernel; nil where its symbols are not there as they were put there, by their size.
    public func record(_ id: BuildID) throws -> DebugRecord? {
        let path = work.debugRecords.appending("\(id).json")
        guard Files.exists(path) else { return nil }
        let record = try RecordFile.read(DebugRecord.self, from: path)
        let vmlinux = folder(of: id).appending("vmlinux")
        guard let status = try? Files.status(vmlinux), status.st_mode & S_IFMT == S_IFREG,
            Int64(status.st_size) == record.vmlinux.size
        else { return nil }
        return record
    }

    /// Takes the symbols out of a package, unless they are there already.
    ///
    /// Only what is asked for is decoded: vmlinux stands near the front of a package that has five gigabytes behind it.
    ///
    /// - Parameters:
    ///   - modules: whether the symbols of modules are wanted too.
    ///   - command: the command line, for the record.
    /// - Throws: `badInput` where the package holds no vmlinux with a build-id.
    public func add(_ file: PackageFile, modules: Bool, command: String) throws -> DebugRecord {
        let lock = try FileLock(work.locks.appending("debug"), of: "the debug store", for: "debug symbols")
        defer { _ = lock.descriptor }
        if let known = try records().first(where: { $0.package.sha256 == file.digest }), known.modules > 0 || !modules {
            return known
        }
        try prepare()
        let unfinished = try UnfinishedFolder(for: "debug", in: folder)
        var collector = DebugCollector(unfinished.path, package: file.package, modules: modules)
        try file.package.walk { content in try collector.take(&content) }
        let found = try collector.finish()
        let record = DebugRecord(
            buildID: found.buildID, kernel: found.kernel,
            package: .init(
                name: file.package.name, version: file.package.version.description, sha256: file.digest),
            vmlinux: found.vmlinux, modules: found.modules.count, addedAt: Date(), command: command)
        let final = folder(of: found.buildID)
        try Files.removeTree(final)
        try Files.setMode(unfinished.path, 0o755)
        try work.giveTree(unfinished.path)
        try unfinished.finish(as: final)
        try link(found.buildID, to: "vmlinux", in: found.buildID)
        for (path, id) in found.modules { try link(id, to: path, in: found.buildID) }
        try Files.makeDirectory(work.debugRecords, mode: 0o700)
        try work.give(work.debugRecords)
        try RecordFile.write(record, to: work.debugRecords.appending("\(found.buildID).json"))
        return record
    }

    /// Throws where a kernel's vmlinux is not what was put there.
    public func verify(_ record: DebugRecord) throws {
        let vmlinux = folder(of: record.buildID).appending("vmlinux")
        let file: FileDescriptor
        do {
            file = try FileDescriptor.open(vmlinux, .readOnly, options: [.noFollow, .closeOnExec])
        } catch let error as Errno {
            throw failure("open \(vmlinux)", error)
        }
        defer { try? file.close() }
        guard try SHA256Digest(of: file, name: vmlinux.string) == record.vmlinux.sha256 else {
            throw Failure(
                .badInput, "\(vmlinux) is not what it was when it was put there",
                hint: "remove \(folder(of: record.buildID)) and add the debug package again")
        }
    }

    private func prepare() throws {
        // The folder may hold what somebody else made; nothing is written through a link.
        guard try Files.status(folder).st_mode & S_IFMT == S_IFDIR else {
            throw Failure(.badInput, "\(folder) is not a folder")
        }
        for name in try Files.list(folder) where name.hasPrefix(UnfinishedFolder.prefix) {
            UnfinishedFolder.removeIfAbandoned(folder.appending(name))
        }
    }

    /// Makes .build-id/ab/cdef.debug, relative, so that it leads to the same file on the host and in guests.
    private func link(_ id: BuildID, to path: String, in kernel: BuildID) throws {
        let directory = links.appending(String(id.description.prefix(2)))
        for made in [links, directory] where !Files.exists(made) {
            try Files.makeDirectory(made)
            try work.give(made)
        }
        for made in [links, directory] where try Files.status(made).st_mode & S_IFMT != S_IFDIR {
            throw Failure(.badInput, "\(made) is not a folder")
        }
        let name = directory.appending("\(id.description.dropFirst(2)).debug")
        try Files.remove(name)
        try posix("link \(name)") { symlink("../../\(kernel)/\(path)", name.string) }
        try work.give(name)
    }
}

extension WorkDirectory {
    /// What is known of the kernels in the debug store.
    var debugRecords: FilePath { records.appending("debug") }

    /// Gives a folder that root made, with all that is in it, to the work directory's owner.
    func giveTree(_ folder: FilePath) throws {
        try give(folder)
        for name in try Files.list(folder) {
            let path = folder.appending(name)
            if try Files.status(path).st_mode & S_IFMT == S_IFDIR { try giveTree(path) } else { try give(path) }
        }
    }
}
