import DevboxCore
import HostTools
import SystemPackage

/// Where apt has its sources and the keys that it trusts, under the configuration in use.
struct AptPlaces {
    private var paths: [String: FilePath] = [:]

    /// apt-config(8), asked for paths: a line of the shell for each that is set.
    private static let command = Command(
        AptConfig.program,
        [
            "shell", "list", "Dir::Etc::sourcelist/f", "parts", "Dir::Etc::sourceparts/d",
            "ring", "Dir::Etc::trusted/f", "rings", "Dir::Etc::trustedparts/d",
        ])

    /// Asks apt.
    ///
    /// - Parameter environment: variables for it; APT_CONFIG in tests.
    init(_ runner: Runner, environment: [String: String]) throws {
        var command = Self.command
        command.environment.merge(environment) { $1 }
        self.init(try runner.run(command, limit: .seconds(30)).text)
    }

    /// Reads what apt-config prints: `list='/etc/apt/sources.list'`.
    init(_ text: String) {
        for line in text.split(separator: "\n") {
            guard let sign = line.firstIndex(of: "=") else { continue }
            let value = line[line.index(after: sign)...].split(separator: "'\\''", omittingEmptySubsequences: false)
                .map { $0.filter { $0 != "'" } }.joined(separator: "'")
            paths[String(line[..<sign])] = FilePath(value)
        }
    }

    /// The files that have a source of packages in them.
    func sources() -> [FilePath] {
        let parts = Self.files(paths["parts"], ends: [".list", ".sources"])
        return ((paths["list"].map { [$0] } ?? []) + parts).filter(AptSourceFile.hasSources)
    }

    /// The keyrings that count for sources that name none. apt leaves out those that it cannot read, too.
    func trusted() -> [Keyring] {
        let parts = Self.files(paths["rings"], ends: [".gpg", ".asc"])
        return (parts + (paths["ring"].map { [$0] } ?? [])).map { Keyring($0) }
            .filter { (try? $0.keys())?.isEmpty == false }
    }

    private static func files(_ folder: FilePath?, ends: [String]) -> [FilePath] {
        guard let folder, let names = try? Files.list(folder) else { return [] }
        return names.filter { name in ends.contains { name.hasSuffix($0) } }.map { folder.appending($0) }
    }
}
