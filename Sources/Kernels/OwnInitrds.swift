import Boot
import DevboxCore
import Disks
import Targets

/// The initrds that lie in a guest's /boot: the guest's own tools made them.
///
/// A package brings no initrd, and devbox keeps the guest's tools from making one unless it is asked to. So an initrd that was there before
/// a kernel of its version was installed has the modules of another build in it, which the new kernel refuses, or worse, does not.
struct OwnInitrds: Equatable {
    /// By their paths, what changes whenever one is made anew.
    private let fingerprints: [String: String]

    private static let folder = "/boot"

    /// Those on a disk.
    init(on root: borrowing Ext4FileSystem) throws {
        var found: [String: String] = [:]
        if let boot = try root.find(Self.folder), try root.attributes(of: boot).isDirectory {
            for name in try root.names(in: boot) where name.hasPrefix("initr") {
                guard let inode = try root.lookUp(name, in: boot) else { continue }
                let attributes = try root.attributes(of: inode)
                found["\(Self.folder)/\(name)"] =
                    "\(inode) \(attributes.size) \(attributes.modified) \(attributes.changed)"
            }
        }
        fingerprints = found
    }

    /// Those of some kernels: their paths.
    func paths(of versions: [String]) -> [String] {
        versions.flatMap(BootFiles.initrdNames).map { "\(Self.folder)/\($0)" }.filter { fingerprints[$0] != nil }
    }

    /// Those of some kernels that are as they were at an earlier time: their paths.
    func unchanged(since before: OwnInitrds, of versions: [String]) -> [String] {
        paths(of: versions).filter { fingerprints[$0] == before.fingerprints[$0] }
    }

    /// Removes initrds from a guest.
    static func remove(_ paths: [String], in change: GuestChange) throws {
        guard !paths.isEmpty else { return }
        let result = try change.ask(["rm", "-f", "--"] + paths, limit: .seconds(120))
        guard result.isSuccess else {
            throw Failure(.failure, "\(paths.joined(separator: ", ")) cannot be removed from \(change.name)")
        }
    }
}
