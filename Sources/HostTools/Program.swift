import DevboxCore
import Glibc
import SystemPackage

/// A program of the host that devbox runs: where it is, and what to install for it.
public struct Program: Sendable, Hashable {
    /// Its name, or an absolute path.
    public let name: String
    /// The Debian package that holds it.
    public let package: String
    /// What devbox needs it for.
    public let purpose: String

    /// - Parameters:
    ///   - name: the program's name, or an absolute path.
    ///   - package: the Debian package that holds it.
    ///   - purpose: what devbox needs it for.
    public init(_ name: String, package: String, for purpose: String) {
        self.name = name
        self.package = package
        self.purpose = purpose
    }

    /// The folders that programs are looked for in: PATH, and those of the system's that an ordinary user's PATH lacks.
    public static let searchPath: [String] = {
        let own = (getenv("PATH").map { String(cString: $0) } ?? "").split(separator: ":").map(String.init)
        let more = [
            "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/lib/qemu",
            "/usr/libexec",
        ]
        return own.filter { $0.hasPrefix("/") } + more.filter { !own.contains($0) }
    }()

    /// Its absolute path; nil where the host does not have it.
    public var path: String? {
        if name.hasPrefix("/") { return access(name, X_OK) == 0 ? name : nil }
        return Self.searchPath.lazy.map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }

    /// Its absolute path, or an error that says what to install.
    public func find() throws -> String {
        guard let path else { throw HostToolError.missing(self) }
        return path
    }
}
