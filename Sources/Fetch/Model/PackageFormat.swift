import DevboxCore

/// What a package is packed as.
public enum PackageFormat: String, Sendable, Codable, CaseIterable {
    case deb
    case rpm
    case tarXZ = "tar.xz"

    /// What to say where a name is not one of them.
    public static var list: String { allCases.map(\.rawValue).joined(separator: ", ") }

    /// The order of preference where a build comes in several: what a Debian guest installs best comes first.
    public var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    /// The format of a file by its name, and the name without it.
    static func of(_ name: some StringProtocol) -> (stem: String, format: PackageFormat)? {
        for format in [PackageFormat.deb, .tarXZ, .rpm] where name.hasSuffix(".\(format.rawValue)") {
            let stem = String(name.dropLast(format.rawValue.count + 1))
            return stem.isEmpty ? nil : (stem, format)
        }
        return nil
    }
}

extension Architecture {
    /// What distributions and build systems call it, devbox's own name first.
    public var aliases: [String] {
        switch self {
        case .amd64: ["amd64", "x86_64", "x86-64", "x64"]
        case .i386: ["i386", "i686", "i586", "x86"]
        case .arm64: ["arm64", "aarch64"]
        case .armhf: ["armhf", "armv7hl", "armv7l", "arm"]
        case .ppc64el: ["ppc64el", "ppc64le", "powerpc64le"]
        }
    }

    /// The architecture of any of its names.
    public init?(alias: some StringProtocol) {
        guard let found = Self.allCases.first(where: { $0.aliases.contains(String(alias)) }) else { return nil }
        self = found
    }
}
