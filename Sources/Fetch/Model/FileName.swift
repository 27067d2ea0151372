import DevboxCore

/// What the name of a package's file says: `ltp-20260930-123-g0abc123-amd64.deb` (`git describe --long`),
/// `kselftest-v6.12-rc1-34-gabcdef0-arm64.tar.xz`, `ltp_20260930-1_amd64.deb` (Debian), `ltp-20260930-1.x86_64.rpm`, `ltp.tar.xz`.
public struct FileName: Sendable, Equatable {
    /// What stands between the package and the architecture; empty where the name has none.
    public let version: String
    /// nil where the name has none; `all` and `noarch` count as the one that was asked for.
    public let architecture: Architecture?
    /// By the end of the name.
    public let format: PackageFormat
    /// The kernel that it is of, where the package's own name has it: of `linux-image-6.12.0-rc1_6.12.0~rc1-1_amd64.deb`, as a kernel's
    /// `make bindeb-pkg` calls it, asked for as `linux-image`.
    public let kernelVersion: String?

    /// Reads the name of a file of `package`; nil where it is not one.
    ///
    /// A version begins with a digit, or with `v` and a digit, so that `ltp-dbg-2026…` is no build of `ltp`; nor is `ltp-2026…-dbg`.
    public init?(_ name: String, package: String) {
        guard let (stem, format) = PackageFormat.of(name), stem.hasPrefix(Self.beginning(of: package)) else {
            return nil
        }
        if format == .deb, let debian = Self.debian(stem) {
            self.init(debian, package: package)
        } else {
            self.init(stem, format, package: package)
        }
    }

    private init?(_ stem: String, _ format: PackageFormat, package: String) {
        guard stem.hasPrefix(package) else { return nil }
        var rest = stem.dropFirst(package.count)
        // Of a folder with thousands of packages most are other ones.
        if let first = rest.first, !"-_.".contains(first) { return nil }
        var architecture: Architecture?
        for (alias, one) in Self.architectures
        where rest.hasSuffix(alias) && rest.dropLast(alias.count).last.map({ "-_.".contains($0) }) == true {
            architecture = one
            rest = rest.dropLast(alias.count + 1)
            break
        }
        if let first = rest.first {
            guard "-_".contains(first) else { return nil }
            rest = rest.dropFirst()
            guard Self.isVersion(rest), !Self.debugEnds.contains(where: rest.hasSuffix) else { return nil }
        }
        self.version = String(rest)
        self.architecture = architecture
        self.format = format
        kernelVersion = nil
    }

    /// The name of the package that its control file has, in a name as dpkg makes it: `NAME_VERSION_ARCHITECTURE`, none of which has a `_`.
    static func debianPackage(_ name: String) -> String? {
        PackageFormat.of(name).flatMap { $0.format == .deb ? debian($0.stem)?.name : nil }
    }

    private static func debian(_ stem: String) -> (name: String, version: String, architecture: Architecture?)? {
        var parts = stem.split(separator: "_", omittingEmptySubsequences: false).map(String.init)
        if parts.count == 3 { parts[1] = unescaped(parts[1]) }
        guard parts.count == 3, !parts[0].isEmpty, isVersion(parts[1]),
            let found = architectures.first(where: { $0.0 == parts[2] })
        else { return nil }
        return (parts[0], parts[1], found.1)
    }

    /// apt writes the colon behind an epoch as %3a in the names of the files that it keeps, and so do copies of its folder; others
    /// escape what else a version has in it that an address must not have: see QuoteString in apt's apt-pkg/contrib/strutl.cc.
    private static func unescaped(_ version: String) -> String {
        guard version.contains("%") else { return version }
        return ["%3a": ":", "%7e": "~", "%2b": "+"].reduce(version) { text, one in
            text.replacing(one.key, with: one.value).replacing(one.key.uppercased(), with: one.value)
        }
    }

    /// A name is compared whole; but one without a kernel's version stands for that package of every kernel.
    private init?(_ name: (name: String, version: String, architecture: Architecture?), package: String) {
        (version, architecture, format) = (name.version, name.architecture, .deb)
        if name.name == package {
            kernelVersion = nil
            return
        }
        let end = Self.debugEnds.first(where: package.hasSuffix) ?? ""
        let beginning = package.dropLast(end.count)
        guard !Self.hasVersion(beginning), name.name.hasPrefix("\(beginning)-"), name.name.hasSuffix(end) else {
            return nil
        }
        let kernel = name.name.dropFirst(beginning.count + 1).dropLast(end.count)
        guard Self.isVersion(kernel), !Self.debugEnds.contains(where: kernel.hasSuffix) else { return nil }
        kernelVersion = String(kernel)
    }

    /// What the names of packages end with that hold symbols alone.
    private static let debugEnds = ["-dbg", "-dbgsym"]

    /// What the name of a file of a package begins with.
    static func beginning(of package: String) -> String {
        String(package.dropLast(debugEnds.first(where: package.hasSuffix)?.count ?? 0))
    }

    private static func hasVersion(_ package: some StringProtocol) -> Bool {
        package.split(separator: "-").dropFirst().contains { isVersion($0) }
    }

    private static let architectures =
        Architecture.allCases.flatMap { one in one.aliases.map { ($0, Optional(one)) } } + [
            ("all", nil), ("noarch", nil),
        ]

    /// Whether `text` can be a version: it begins with a digit, or with `v` and a digit.
    static func isVersion(_ text: some StringProtocol) -> Bool {
        (text.first == "v" ? text.dropFirst().first : text.first)?.isASCIIDigit == true
    }

    /// The first part of a version that is a date.
    static func day(in version: some StringProtocol) -> CalendarDay? {
        if let day = CalendarDay(version.prefix(10)) { return day }
        for part in version.split(whereSeparator: { !$0.isASCIIDigit }) where part.utf8.count == 8 {
            if let day = CalendarDay(part) { return day }
        }
        return nil
    }
}

extension Character {
    var isASCIIDigit: Bool { ("0"..."9").contains(self) }
}
