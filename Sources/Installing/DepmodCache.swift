import DevboxCore
import Disks
import FoundationEssentials
import Glibc
import Guests
import Packages
import Sandbox
import SystemPackage
import Targets

/// What depmod(8) made of a kernel's modules, kept for the next guest: reading all modules takes a fifth of an installation, and
/// most of one in an emulated container.
///
/// The result depends on the packages and on the image alone as long as nothing else has run in the guest, so only that of a guest
/// in which nothing has is kept: no guest can leave something there for another.
struct DepmodCache {
    private let folder: FilePath
    private let work: WorkDirectory

    /// How many results are kept, of some megabytes each.
    private static let limit = 40

    /// The results for some packages on a guest.
    init(_ work: WorkDirectory, for files: [PackageFile], on change: GuestChange) throws {
        self.work = work
        let record = change.record
        var hasher = SHA256Digest.Hasher()
        func take(_ text: String) { Array("\(text)\n".utf8).withUnsafeBytes { hasher.update($0) } }
        take(record.image.sha256)
        for digest in files.map(\.digest.description).sorted() { take(digest) }
        // A guest may have been told to look for modules in other places too: depmod.d(5).
        let root = try change.openRoot()
        for settings in ["/etc/depmod.d", "/lib/depmod.d", "/usr/local/lib/depmod.d"] {
            guard let directory = try root.find(settings), try root.attributes(of: directory).isDirectory else {
                continue
            }
            for name in try root.names(in: directory) {
                take("\(settings)/\(name)")
                take(try root.text("\(settings)/\(name)") ?? "")
            }
        }
        folder = work.cache.appending("depmod").appending(hasher.digest.description)
    }

    /// What the container is shown: the results, unless the guest has modules of such a version already.
    func extras(for change: GuestChange) throws -> [SandboxMount.Entry] {
        let root = try change.openRoot()
        let versions = try Files.list(folder)
        for version in versions where try root.find("/lib/modules/\(version)") != nil { return [] }
        if !versions.isEmpty { utimes(folder.string, nil) }
        return versions.map { SandboxMount.Entry(folder.appending($0), as: "depmod/\($0)") }
    }

    /// Whether nothing else ever ran in the guest, and there is no result yet.
    func isToBeKept(of change: GuestChange) -> Bool { change.isUntouched && !Files.exists(folder) }

    /// Keeps what depmod made of the versions that packages brought. Only where `isToBeKept`.
    func keep(_ versions: [String], noted: Set<String>, from change: GuestChange) throws {
        guard isToBeKept(of: change), !versions.isEmpty else { return }
        let parent = folder.removingLastComponent()
        try Files.makeDirectory(parent, mode: 0o700)
        try work.give(parent)
        for name in try Files.list(parent) where name.hasPrefix(UnfinishedFolder.prefix) {
            UnfinishedFolder.removeIfAbandoned(parent.appending(name))
        }
        let unfinished = try UnfinishedFolder(for: "depmod", in: parent)
        let root = try change.openRoot()
        for version in versions {
            let path = "/lib/modules/\(version)"
            guard let directory = try root.find(path) else { return }
            let target = unfinished.path.appending(version)
            try Files.makeDirectory(target)
            for name in try root.names(in: directory) where name.hasPrefix("modules.") {
                // Not what the package itself brought, under either name of the folder.
                guard !noted.contains("\(path)/\(name)"), !noted.contains("/usr\(path)/\(name)"),
                    let number = try root.lookUp(name, in: directory), try root.attributes(of: number).isRegular
                else { continue }
                try root.copy(number, to: target.appending(name), permissions: FilePermissions(rawValue: 0o644))
            }
            guard try Files.list(target).contains("modules.dep.bin") else { return }
        }
        try unfinished.finish(as: folder)
        try Self.evict(parent)
    }

    private static func evict(_ parent: FilePath) throws {
        let entries = try Files.list(parent).compactMap { name -> (FilePath, Int64)? in
            let path = parent.appending(name)
            return (try? Files.status(path)).map { (path, $0.modifiedNanoseconds) }
        }
        for (path, _) in entries.sorted(by: { $0.1 > $1.1 }).dropFirst(limit) { try Files.removeTree(path) }
    }
}
