import DevboxCore
import Packages
import SystemPackage

/// A file of the machine's apt sources, of which apt itself tells everything but whose signatures count.
enum AptSourceFile {
    /// The entry of an archive and a release; nil where the file cannot be read, or has none.
    static func entry(_ root: Address, _ release: String, in file: FilePath) -> AptEntry? {
        let architecture = Architecture.host?.rawValue ?? ""
        return entries(file).lazy.compactMap { try? $0.get().of(architecture) }
            .first { $0.suite == release && address($0.uri.hasSuffix("/") ? $0.uri : $0.uri + "/") == root }
    }

    /// Whether it has a source of packages that is not turned off.
    static func hasSources(_ file: FilePath) -> Bool { !entries(file).isEmpty }

    private static func entries(_ file: FilePath) -> [Result<AptEntry, AptEntry.Unreadable>] {
        guard let text = try? Files.read(file, limit: 1 << 20) else { return [] }
        return (try? AptEntry.read(String(decoding: text, as: UTF8.self), file: file.string)) ?? []
    }

    /// Where a URI of apt's leads; nil where that is neither HTTP nor a folder of the host.
    static func address(_ text: String) -> Address? {
        try? Address(text.hasPrefix("file:/") ? "/" + text.dropFirst(6).drop { $0 == "/" } : text)
    }
}
