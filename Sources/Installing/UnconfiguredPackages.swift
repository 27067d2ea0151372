import DevboxCore
import Packages

/// The packages that dpkg has unpacked and not configured. It takes a package's configuration away for another one, and may not give it
/// back; one that was so before is not its doing.
struct UnconfiguredPackages {
    private let packages: Set<String>

    /// - Parameter status: dpkg's status file.
    /// - Throws: `badInput` where it cannot be read.
    init(_ status: [UInt8]) throws {
        packages = Set(
            try ControlReader.stanzas(of: status, name: "the status of the guest's dpkg").compactMap { stanza in
                guard let state = stanza["Status"], state.hasPrefix("install ok "), state != "install ok installed",
                    !state.contains("trigger"), let name = stanza["Package"]
                else { return nil }
                return "\(name):\(stanza["Architecture"] ?? "")"
            })
    }

    /// The names of those that were none `before`, for a message; empty for none.
    func names(besides before: UnconfiguredPackages) -> String {
        packages.subtracting(before.packages).sorted().prefix(12).map { Names.printable($0.prefix { $0 != ":" }) }
            .joined(separator: ", ")
    }
}
