import DevboxCore
import FoundationEssentials
import Stores

/// What is known of a fetched file.
public struct PackageRecord: StoredRecord {
    /// The fetched packages.
    public static let store = StoreName.packages
    /// The format that this devbox writes; a newer one is refused.
    public static let currentVersion = 1
    /// The format that it was read in.
    public var version = Self.currentVersion
    /// The package's name.
    public var package: String
    /// The architecture that it was fetched for.
    public var architecture: Architecture
    /// The package's own version, as its source has it.
    public var packageVersion: String
    /// The day of the build, in UTC; where its source does not tell, that of the file on the server, else when it was fetched.
    public var date: CalendarDay
    /// What it is packed as.
    public var format: PackageFormat
    /// The kernel that it was built for, where its source is divided by that.
    public var kernelVersion: String?
    /// The release that it was built for, where its source is divided by that.
    public var suite: String?
    /// The source's name.
    public var source: String
    /// Where it came from.
    public var address: String
    /// The path of the file below share/packages.
    public var path: String
    /// In bytes.
    public var size: Int64
    /// Of the file.
    public var sha256: SHA256Digest
    /// Where the digest that it was compared with came from; nil where the source had none.
    public var verifiedBy: String?
    /// Whether a signature stood behind that digest.
    public var isSigned: Bool
    /// When it was fetched last.
    public var fetchedAt: Date
    /// The command that fetched it.
    public var command: String

    /// Architecture, package, build, file.
    public var place: [String] { path.split(separator: "/", omittingEmptySubsequences: false).map(String.init) }
    /// The file itself.
    public var content: StoredContent { StoredContent(size: size, sha256: sha256) }

    /// The members that devbox knows; others are kept as they are.
    public enum Keys: String, CodingKey, CaseIterable {
        case version, package, architecture, packageVersion, date, format, kernelVersion, suite, source, address, path,
            size, sha256
        case verifiedBy, isSigned, fetchedAt, command
    }

    /// Whether it is of the same build: source, package, architecture, version, date and format.
    func isSameBuild(_ build: Build, on day: CalendarDay) -> Bool {
        source == build.source && package == build.package && architecture == build.architecture
            && packageVersion == build.version && date == day && format == build.format
            && kernelVersion == build.kernelVersion && suite == build.suite
    }

    /// The build in words, for messages.
    public var words: String { "\(package) \(packageVersion) of \(date) for \(architecture.rawValue)" }
}
