import ELF
import DevboxCore
import FoundationEssentials
import Glibc
import Installing
import Packages
import Stores
import SystemPackage

/// vmlinux and module symbols, kept once per build-id and shared by all guests, which see them at /work/debug.
///
/// ```
/// debug/<build-id>/vmlinux   debug/<build-id>/System.map   debug/<build-id>/modules/kernel/…
/// debug/.build-id/ab/cdef….debug    links that gdb, drgn, eu-addr2line and perf look symbols up by
/// ```
public struct DebugStore: Sendable {
    private let store: SharedStore<DebugRecord>

    static let vmlinuxName = "vmlinux"
    private static let linksName = ".build-id"

    /// The debug store of a work directory.
    public init(_ work: WorkDirectory) { store = SharedStore(work) }

    /// A kernel's files as guests see them.
    public static func guestPath(of record: DebugRecord) -> String { SharedStore.guestPath(of: record) }

    /// What is known of all kernels in the store, by version. A record that cannot be read is of none.
    public func records() throws -> [DebugRecord] {
        try store.records.all { _ in }.filter { try store.has($0) }
            .sorted { ($0.kernel, $0.buildID.description) < ($1.kernel, $1.buildID.description) }
    }

    /// What is known of a kernel; nil where its symbols are not there as they were put there, by their size.
    public func record(_ id: BuildID) throws -> DebugRecord? {
        guard let record = try store.records.read([id.description]), try store.has(record) else { return nil }
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
        let lock = try store.lock(for: "debug symbols")
        defer { withExtendedLifetime(lock.descriptor) {} }
        if let known = try records().first(where: { $0.package.sha256 == file.digest }), known.modules > 0 || !modules {
            return known
        }
        let unfinished = try store.begin("debug")
        var collector = DebugCollector(unfinished.path, package: file.package, modules: modules)
        try file.package.walk { content in try collector.take(&content) }
        let found = try collector.finish()
        // One that a newer devbox wrote, or that cannot be read, is not written over.
        _ = try store.records.read([found.buildID.description])
        let record = DebugRecord(
            buildID: found.buildID, kernel: found.kernel,
            package: .init(
                name: file.package.name, version: file.package.version.description, sha256: file.digest),
            vmlinux: found.vmlinux, modules: found.modules.count, addedAt: Date(), command: command)
        // Links that lead nowhere do no harm; symbols that nobody finds by them would.
        try link(found.buildID, to: Self.vmlinuxName, in: found.buildID)
        for (path, id) in found.modules { try link(id, to: path, in: found.buildID) }
        try store.finish(unfinished, as: record)
        return record
    }

    /// Makes .build-id/ab/cdef.debug, relative, so that it leads to the same file on the host and in guests.
    private func link(_ id: BuildID, to path: String, in kernel: BuildID) throws {
        let digits = id.description
        let links = try ShareFolder(store.folder, in: store.work).making(Self.linksName).making(
            String(digits.prefix(2)))
        try links.link("\(digits.dropFirst(2)).debug", to: "../../\(kernel)/\(path)")
    }
}
