import Glibc

/// The architectures of guests, by Debian's names.
public enum Architecture: String, Sendable, Codable, CaseIterable {
    case amd64, i386, arm64, armhf, ppc64el

    /// The host's own; nil where devbox knows no guests of its kind.
    public static var host: Architecture? {
        var name = utsname()
        uname(&name)
        let machine = withUnsafeBytes(of: name.machine) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return switch machine {
        case "x86_64": .amd64
        case "i386", "i486", "i586", "i686": .i386
        case "aarch64": .arm64
        case "armv7l", "armv8l": .armhf
        case "ppc64le": .ppc64el
        default: nil
        }
    }

    /// Whether the host's processor runs its programs without an emulator.
    public var runsNatively: Bool {
        switch (Self.host, self) {
        case (.amd64, .i386), (.arm64, .armhf): true
        case (let host, _): host == self
        }
    }

    /// The name that `qemu-…-static` and binfmt_misc have for it.
    public var qemuUser: String {
        switch self {
        case .amd64: "x86_64"
        case .i386: "i386"
        case .arm64: "aarch64"
        case .armhf: "arm"
        case .ppc64el: "ppc64le"
        }
    }

    /// Whether its kernels are called vmlinux in /boot, and boot as such. Elsewhere a vmlinux is there for its symbols alone.
    public var bootsVmlinux: Bool { self == .ppc64el }

    /// What to say where a name is not one of them.
    public static var list: String { allCases.map(\.rawValue).joined(separator: ", ") }
}
