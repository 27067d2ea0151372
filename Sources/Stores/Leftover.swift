import DevboxCore
import SystemPackage

/// Something that a killed devbox left behind and nobody uses.
public struct Leftover: Sendable, Codable, Equatable {
    /// The kinds of things that are left, each of which is cleaned away in its own manner.
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// What was being made: a guest, an image, symbols, a dump, a change of one of them.
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

    /// The same, after it was cleaned away; with the reason, where it could not be.
    public func cleaned(by body: () throws -> Void) -> Leftover {
        var result = self
        do {
            try body()
            result.isCleaned = true
        } catch {
            result.note = Failure(error).message
        }
        return result
    }
}
