import DevboxCore
import SystemPackage

/// The folders in a directory that nobody fills any more.
public struct AbandonedFolders: LeftoverReporting {
    private let directory: FilePath

    /// - Parameter directory: where they are looked for; it need not exist.
    public init(in directory: FilePath) { self.directory = directory }

    /// Folders that are being filled are left out.
    public func leftovers(cleaning: Bool) throws -> [Leftover] {
        try UnfinishedFolder.abandoned(in: directory).map { path in
            let leftover = Leftover(.unfinishedFolder, path)
            return cleaning ? leftover.cleaned { try UnfinishedFolder.remove(abandoned: path) } : leftover
        }
            + UnfinishedFolder.left(byOthers: directory).map { path in
                Leftover(
                    .unfinishedFolder, path, note: "it is another user's: `sudo devbox doctor --fix` cleans it away")
            }
    }
}
