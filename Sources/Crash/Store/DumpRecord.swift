import ELF
import DevboxCore
import FoundationEssentials
import Stores

/// What is known of a dump: records/dumps/<guest>/<time>.json, where no guest can change it, and for readers beside the dump as
/// share/dumps/<guest>/<time>/dump.json.
public struct DumpRecord: StoredRecord {
    /// The dumps.
    public static let store = StoreName.dumps
    /// The format that this devbox writes; a newer one is refused.
    public static let currentVersion = 1
    /// The format of the file that it was read from.
    public var version = Self.currentVersion
    /// The guest's name when the dump was taken.
    public var guest: String
    /// The guest's identity: another guest may have its name later.
    public var guestID: String
    /// The dump's folder below share/dumps/<guest>.
    public var name: String
    /// When the kernel crashed, or was dumped.
    public var time: Date
    /// How it was taken.
    public var source: Source
    /// How the vmcore is written.
    public var format: DumpFormat
    /// By Debian's names; nil where the dump does not say it, or says one that devbox knows no guests of.
    public var architecture: Architecture?
    /// As in `uname -r`.
    public var kernel: String?
    /// Of the kernel's vmlinux: its folder in share/debug.
    public var buildID: BuildID?
    /// The crashed kernel's, where it is known.
    public var commandLine: String?
    /// The first line of the fault, without its time stamp; nil where the kernel's messages have none or could not be read.
    public var title: String?
    /// Where dmesg.txt comes from; nil where there is none.
    public var messages: Messages?
    /// Why the messages could not be read out of the vmcore.
    public var messagesDefect: String?
    /// Of the vmcore in bytes, holes included.
    public var size: Int64
    /// What the vmcore takes on the disk in bytes.
    public var sizeOnDisk: Int64
    /// Of the vmcore; nil where it was not computed.
    public var sha256: SHA256Digest?
    /// Whether all that the vmcore's headers speak of is there, and no data of the kernel's own was left out.
    public var isComplete: Bool
    /// What is missing, where something is.
    public var defect: String?
    /// The file of the guest that it was brought out from; nil for one that was taken from outside.
    public var origin: Origin?
    /// When it came into the store.
    public var addedAt: Date
    /// The command that put it there.
    public var command: String
    /// When the dump was removed from the store again; its record stays so that it is not brought out anew.
    public var removedAt: Date?

    /// Who wrote a dump.
    public enum Source: String, Sendable, Codable {
        /// The guest's own crash kernel.
        case kdump
        /// QEMU, from outside.
        case qmp
    }

    /// Where the kernel's messages come from.
    public enum Messages: String, Sendable, Codable {
        /// The kernel's buffer in the vmcore.
        case vmcore
        /// A file that the guest's crash kernel wrote beside it.
        case guest
    }

    /// A file of a guest as it was when it was brought out: what tells it from every other.
    public struct Origin: Sendable, Codable, Hashable {
        /// Its absolute path in the guest.
        public var path: String
        /// In bytes.
        public var size: Int64
        /// Modification time, in seconds since 1970.
        public var modified: Int64

        /// The file at `path` of a guest, with `size` bytes, last written at `modified` s since 1970.
        public init(path: String, size: Int64, modified: Int64) {
            (self.path, self.size, self.modified) = (path, size, modified)
        }
    }

    /// The guest's folder and its own.
    public var place: [String] { [guest, name] }
    /// Its vmcore.
    public var content: StoredContent { StoredContent(DumpStore.vmcoreName, size: size, sha256: sha256) }

    /// The members of the file that devbox knows; others are kept as they are.
    public enum Keys: String, CodingKey, CaseIterable {
        case version, guest, guestID, name, time, source, format, architecture, kernel, buildID, commandLine, title
        case messages, messagesDefect, size, sizeOnDisk, sha256, isComplete, defect, origin, addedAt, command, removedAt
    }
}

/// How a vmcore is written.
public enum DumpFormat: String, Sendable, Codable {
    /// An ELF core, as /proc/vmcore is one: see elf(5).
    case elf
    /// makedumpfile's own: pages, each compressed by itself. See its IMPLEMENTATION document.
    case kdumpCompressed = "kdump-compressed"
    /// Either of them as a stream of records, as `makedumpfile -F` writes it to a pipe.
    case flattened

    /// As people say it.
    public var words: String {
        switch self {
        case .elf: "ELF core"
        case .kdumpCompressed: "kdump-compressed"
        case .flattened: "flattened"
        }
    }
}
