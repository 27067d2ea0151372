import DevboxCore
import SystemPackage

/// Something that a killed devbox left behind and nobody uses.
public struct Leftover: Sendable, Codable, Equatable {
    /// The kinds of things that are left, each of which is cleaned away in its own manner.
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// A guest, an image, a dump or a change of one that was being made.
        case unfinishedFolder
        /// A file that was being written, and was to be renamed.
        case temporaryFile
        /// A disk that no guest stands on.
        case orphanedLayer
        /// Sockets and state of a guest that does not run.
        case staleRun
        /// A change of a disk that has to be undone, or its undo point dropped.
        case openTransaction
        /// A disk and a record that have still to be put in the place of the present ones.
        case pendingChange
        /// Control groups of a container that does not run.
        case cgroup
    }

    /// Decides how it is cleaned away.
    public var kind: Kind
    /// Its absolute path; a control group's is below where cgroup2 is mounted.
    public var path: String
    /// The guest it belongs to, where it is one's.
    public var guest: String?
    /// Whether it has been cleaned away.
    public var isCleaned = false
    /// Why it was not cleaned, or cannot be.
    public var note: String?

    enum CodingKeys: String, CodingKey {
        case kind, path, guest, note
        case isCleaned = "cleaned"
    }

    /// - Parameters:
    ///   - kind: decides how it is cleaned away.
    ///   - path: its absolute path.
    ///   - guest: the guest it belongs to.
    ///   - note: why it cannot be cleaned.
    public init(_ kind: Kind, _ path: FilePath, guest: String? = nil, note: String? = nil) {
        (self.kind, self.path, self.guest, self.note) = (kind, path.string, guest, note)
    }

    /// Its kind in words, as `devbox doctor` lists it.
    public var title: String {
        switch kind {
        case .unfinishedFolder: "unfinished folder"
        case .temporaryFile: "temporary file"
        case .orphanedLayer: "layer that nobody stands on"
        case .staleRun: "run files of a guest that does not run"
        case .openTransaction: "interrupted change of a disk"
        case .pendingChange: "change that was not finished"
        case .cgroup: "control groups of a container that does not run"
        }
    }

    /// What a file or folder in the folder of a guest that nobody holds is left of; nil for what belongs there.
    ///
    /// - Parameter name: its name in the guest's folder.
    static func kind(ofEntry name: String) -> Kind? {
        switch name {
        case "run": .staleRun
        case "transaction.json": .openTransaction
        case "pending": .pendingChange
        case GuestFiles.spareDiskName: .temporaryFile
        default:
            if name.hasPrefix(UnfinishedFolder.prefix) {
                .unfinishedFolder
            } else if name.hasPrefix("."), name.hasSuffix(".tmp") {
                .temporaryFile
            } else {
                nil
            }
        }
    }
}
