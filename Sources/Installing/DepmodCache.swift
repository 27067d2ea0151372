import DevboxCore
import Disks
import FoundationEssentials
import Glibc
import Guests
import Packages
import Sandbox
import Stores
import SystemPackage
import Targets

/// What depmod(8) made of a kernel's modules, kept for the next guest: reading all modules takes a fifth of an installation, and
/// most of one in an emulated container.
///
/// The result depends on the packages and on the image alone as long as nothing else has run in the guest, so only that of a guest
/// in which nothing has is kept: no guest can leave something there for another.
struct DepmodCache {
    private let cache: Cache
    private let name: String

    /// How many results are kept, of some megabytes each.
    private static let bounds = CacheBounds(count: 40)

    /// The results for some packages on a guest.
    init(_ work: WorkDirectory, for files: [PackageFile], on change: GuestChange) throws {
        cache = Cache(.depmod, in: work, keeping: Self.bounds)
        let record = change.record
        var hasher = SHA256Digest.Hasher()
        func take(_ text: String) { Array("\(text)\n".utf8).withUnsafeBytes { hasher.update($0) } }
        take(record.image.sha256.description)
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
        name = hasher.digest.description
    }

    private var folder: FilePath { cache.path(name) }

    /// What the container is shown: the results, unless the guest has modules of such a version already.
    func extras(for change: GuestChange) throws -> [SandboxMount.Entry] {
        let root = try change.openRoot()
        let versions = try Files.list(folder)
        for version in versions where try root.find("/lib/modules/\(version)") != nil { return [] }
        if !versions.isEmpty { cache.use(name) }
        return versions.map { SandboxMount.Entry(folder.appending($0), as: "depmod/\($0)") }
    }

    /// Whether nothing else ever ran in the guest, and there is no result yet.
    func isToBeKept(of change: GuestChange) -> Bool { change.isUntouched && !Files.exists(folder) }

    /// Keeps what depmod made of the versions that packages brought. Only where `isToBeKept`.
    func keep(_ versions: [String], noted: Set<String>, from change: GuestChange) throws {
        guard isToBeKept(of: change), !versions.isEmpty else { return }
        let unfinished = try cache.begin("depmod")
        let root = try change.openRoot()
        for version in Set(versions).sorted() {
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
        try cache.finish(unfinished, as: name)
    }
}
