import DevboxCore
import Packages

/// One build of a package that a source has. Builds are the same where source, package, architecture, version, date, format, and
/// what the source divides its builds by besides are.
public struct Build: Sendable, Equatable {
    /// The source's name in devbox.yaml.
    public var source: String
    /// The package's name.
    public var package: String
    /// The architecture that it was built for, or was asked for where it suits all.
    public var architecture: Architecture
    /// As the source has it; as `git describe --long` prints it, mostly.
    public var version: String
    /// The day that it was built or published on, in UTC; nil where the source does not tell.
    public var date: CalendarDay?
    /// Whether that day is only when its file was put there: neither a name nor an index tells when it was built.
    public var isFiled = false
    /// How the file is packed: .deb, .rpm or tar.xz.
    public var format: PackageFormat
    /// The kernel that it was built for, where the source's levels tell.
    public var kernelVersion: String?
    /// The release that it was built for, where the source's levels tell.
    public var suite: String?
    /// Where its file is.
    public var address: Address
    /// The size of the file.
    public var size: Size
    /// Where its digest can be learnt.
    public var checksum: Checksum

    /// What is known of a file's size.
    public enum Size: Sendable, Equatable {
        case exact(Int64)
        /// Rounded, as Apache's index prints it: "1.4M", where the last digit stands for a tenth of a MiB.
        case about(Int64, lastDigit: Int64)
        case unknown

        /// In bytes; nil where nothing is known.
        public var bytes: Int64? {
            switch self {
            case .exact(let bytes), .about(let bytes, _): bytes
            case .unknown: nil
            }
        }

        /// What a download may not go beyond.
        func limit(_ other: Int64) -> Int64 {
            switch self {
            case .exact(let bytes): bytes
            // Servers round up, down and to the nearest.
            case .about(let bytes, let lastDigit): bytes + lastDigit
            case .unknown: other
            }
        }
    }

    /// Where a file's digest comes from.
    public enum Checksum: Sendable, Equatable {
        /// The source's index has it.
        case known(ContentDigest, from: String)
        /// Files beside it may have it.
        case beside(ChecksumFiles)
    }

    /// What the source's index says of its digest.
    var knownDigest: ContentDigest? { if case .known(let digest, _) = checksum { digest } else { nil } }

    /// Its version and its day, as far as that is known: "1.2 of 2026-11-20", "1.2, filed 2026-11-20", "1.2".
    public var words: String { date.map { isFiled ? "\(version), filed \($0)" : "\(version) of \($0)" } ?? version }

    /// The order in which builds are preferred: the newest, of these the one with the highest version.
    static func isBetter(_ left: Build, than right: Build) -> Bool {
        if left.date != right.date { return (left.date?.number ?? .min) > (right.date?.number ?? .min) }
        if left.version != right.version { return isOlder(right, than: left) }
        if left.kernelVersion != right.kernelVersion {
            return KernelVersion(right.kernelVersion ?? "") < KernelVersion(left.kernelVersion ?? "")
        }
        return left.format.rank < right.format.rank
    }

    /// Whether a build's version is the lower one. Of two packages of Debian's it is by dpkg's order, see deb-version(7); where no
    /// rule of a distribution's holds, by that of kernels.
    static func isOlder(_ left: Build, than right: Build) -> Bool {
        if left.format == .deb, right.format == .deb, let one = DebianVersion(left.version),
            let other = DebianVersion(right.version)
        {
            return one < other
        }
        return KernelVersion(left.version) < KernelVersion(right.version)
    }
}

/// What the user asked for.
public struct BuildQuery: Sendable, Equatable {
    /// The package's name.
    public var package: String
    /// Whose builds.
    public var architecture: Architecture
    /// The newest build not after this day; nil for the newest.
    public var notAfter: CalendarDay?
    /// The oldest day that is looked at.
    public var since: CalendarDay?
    /// That day and no older one.
    public var isExact = false
    /// This version only.
    public var version: String?
    /// This format only.
    public var format: PackageFormat?
    /// The release, for sources that are divided by it.
    public var suite: String?
    /// Built for this kernel only.
    public var kernelVersion: String?

    /// - Parameters:
    ///   - package: the package's name.
    ///   - architecture: whose builds.
    public init(package: String, architecture: Architecture) {
        (self.package, self.architecture) = (package, architecture)
    }

    /// Whether a day is among those asked for. A build without one is there now, and nobody knows since when.
    func admits(_ day: CalendarDay?) -> Bool {
        guard let day else { return earliest == nil && notAfter.map { $0 >= .today } ?? true }
        return (notAfter.map { day <= $0 } ?? true) && (earliest.map { day >= $0 } ?? true)
    }

    /// The oldest day that is looked at.
    var earliest: CalendarDay? { isExact ? notAfter : since }

    /// Whether a build is what was asked for, its source apart.
    func admits(_ build: Build) -> Bool {
        build.package == package && build.architecture == architecture && admits(build.date)
            && (version.map { Self.plain($0) == Self.plain(build.version) } ?? true)
            && (format.map { $0 == build.format } ?? true)
            && [build.kernelVersion, build.version].contains { $0.map(admits(kernel:)) == true }
    }

    /// Whether a build of which the day is not known is what was asked for on some day.
    func admitsSomeDay(_ build: Build) -> Bool {
        var build = build
        build.date = notAfter ?? earliest
        return admits(build)
    }

    /// Whether a kernel is what was asked for: "6.12" also is "v6.12" and "6.12-rc1-34-gabcdef0", but not "6.12.1".
    func admits(kernel: String) -> Bool {
        guard let wanted = kernelVersion.map(Self.plain) else { return true }
        let kernel = Self.plain(kernel)
        return kernel == wanted
            || kernel.hasPrefix(wanted) && kernel.dropFirst(wanted.count).first.map { "-+~_".contains($0) } == true
    }

    /// "v6.12" is "6.12".
    private static func plain(_ version: String) -> Substring {
        version.first == "v" ? version.dropFirst() : version[...]
    }
}
