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

    /// Reads the name of a file of `package`; nil where it is not one.
    ///
    /// A version begins with a digit, or with `v` and a digit, so that `ltp-dbg-2026…` is no build of `ltp`.
    public init?(_ name: String, package: String) {
        guard let (stem, format) = PackageFormat.of(name), stem.hasPrefix(package) else { return nil }
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
            guard Self.isVersion(rest) else { return nil }
        }
        self.version = String(rest)
        self.architecture = architecture
        self.format = format
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
