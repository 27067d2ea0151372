/// What is to be installed: the packages that were asked for, and those that they need and the guest does not have.
public struct CompletedPackages: Sendable {
    /// What was asked for.
    public let wanted: [PackageFile]
    /// What was downloaded for it; none where nothing is missing.
    public let downloaded: [PackageFile]
    /// Which of `all`, by their places, dpkg takes at once: each group is configured before the next one is unpacked.
    var groups: [[Int]]

    /// - Parameters:
    ///   - wanted: what was asked for.
    ///   - downloaded: what was downloaded for it.
    public init(wanted: [PackageFile], downloaded: [PackageFile] = []) {
        (self.wanted, self.downloaded) = (wanted, downloaded)
        groups = [Array(0..<(wanted.count + downloaded.count))]
    }

    /// All of it.
    public var all: [PackageFile] { downloaded + wanted }
}

/// The groups of an installation as templates/packages/install.sh takes them.
enum PackageGroups {
    /// dpkg's options wherever it runs. What an old package of the guest's is broken by may come in front of the new one that is not.
    static let options = ["--force-confdef", "--force-confold", "--auto-deconfigure"]

    /// Its arguments: dpkg's options, and two for each group.
    ///
    /// - Parameters:
    ///   - groups: packages by their places.
    ///   - options: for each run of dpkg.
    ///   - path: of a package's file in the guest.
    ///   - name: what dpkg calls a package.
    static func arguments(
        _ groups: [[Int]], options: [String], path: (Int) -> String, name: (Int) -> String
    ) -> [String] {
        [options.joined(separator: " ")]
            + groups.flatMap { [$0.map(path).joined(separator: " "), $0.map(name).joined(separator: " ")] }
    }
}
