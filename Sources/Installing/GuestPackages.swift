import DevboxCore
import Disks
import Guests
import Packages
import Targets

/// What a guest's dpkg knows.
public enum GuestPackages {
    /// The status file of dpkg on a guest's disk.
    ///
    /// - Throws: `failure` where the guest has no dpkg.
    public static func status(_ root: borrowing Ext4FileSystem) throws -> [UInt8] {
        let path = "/var/lib/dpkg/status"
        guard let number = try root.find(path), try root.attributes(of: number).isRegular else {
            throw Failure(
                .failure, "the guest has no dpkg: there is no \(path) on its disk",
                hint: "packages can be installed in guests of Debian and its kin")
        }
        return try root.contents(of: number, limit: 256 << 20)
    }

    /// The installed packages.
    ///
    /// - Parameters:
    ///   - status: dpkg's status file, see dpkg-query(1).
    ///   - architecture: the guest's.
    /// - Throws: `badInput` where the file is damaged.
    public static func read(_ status: [UInt8], architecture: Architecture) throws -> PackageSet {
        try PackageSet(
            dpkgStatus: status, name: "the status of the guest's dpkg", architecture: architecture.rawValue)
    }

    /// The paths of a package's files in the guest, as dpkg keeps them; none where it is not installed.
    public static func files(of package: String, in change: GuestChange) throws -> [String] {
        try fileList(of: package, on: change.openRoot(), change.record.architecture)
            .split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
    }

    /// dpkg's list of a package's files, a path a line; empty where it is not installed.
    public static func fileList(
        of package: String, on root: borrowing Ext4FileSystem, _ architecture: Architecture
    ) throws -> [UInt8] {
        for name in [package, "\(package):\(architecture.rawValue)"] {
            guard let number = try root.find("/var/lib/dpkg/info/\(name).list"),
                try root.attributes(of: number).isRegular
            else { continue }
            return try root.contents(of: number, limit: 64 << 20)
        }
        return []
    }
}
