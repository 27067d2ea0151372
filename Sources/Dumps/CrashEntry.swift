import Crash
import DevboxCore
import Disks

/// Something below the folder where a guest's dumps are, as the guest has it. Nothing of it is trusted.
struct CrashEntry: Sendable {
    /// Where the guest's dumps are: `CrashTarget.folder`.
    var root = CrashTarget.usualFolder
    /// The folder in there that it lies in; nil for what lies there itself.
    let folder: String?
    let name: String
    let kind: Kind
    /// In bytes, holes included.
    let size: Int64
    /// What it takes on the guest's disk in bytes, as far as its inode says it.
    let allocated: Int64
    /// In seconds since 1970.
    let modified: Int64
    /// On the disk of a stopped guest.
    let inode: InodeNumber?

    enum Kind: Sendable { case file, directory, link, other }

    var path: String { "\(prefix)\(folder.map { "\($0)/" } ?? "")\(name)" }

    private var prefix: String { root == "/" ? root : "\(root)/" }

    var origin: DumpRecord.Origin { DumpRecord.Origin(path: path, size: size, modified: modified) }

    /// What its origin was before its folder, 202611031746-12 now, made way for that of a later dump of the same minute; see
    /// templates/kdump/service.conf.
    var formerOrigin: DumpRecord.Origin? {
        guard let folder, let end = folder.lastIndex(of: "-"), CrashFolder.isTimeName(String(folder[..<end])) else {
            return nil
        }
        return DumpRecord.Origin(path: "\(prefix)\(folder[..<end])/\(name)", size: size, modified: modified)
    }
}

/// A dump that a guest has, and the messages that were saved with it.
struct DumpCandidate: Sendable {
    let dump: CrashEntry
    let messages: CrashEntry?

    /// Whether the crash kernel did not come to the end of it, by its name.
    var isUnfinished: Bool { dump.name.contains("incomplete") }
}

/// A file of a guest that is no dump to bring out, or could not be brought out.
public struct RefusedDump: Sendable {
    /// The guest's name.
    public let guest: String
    /// Its path in the guest.
    public let path: String
    /// Why it is not brought out: a clause that stands behind its path.
    public let reason: String
    /// What the command ends with for it.
    public let exitCode: ExitCode
}

/// What lies where a guest's dumps are: Debian's and Ubuntu's kdump-tools make <time>/dump.<time> with dmesg.<time> beside it, Fedora's and
/// SUSE's kdump <host>-<date>/vmcore with vmcore-dmesg.txt. Names that end in "incomplete" are of dumps that were not finished.
struct CrashFolder {
    /// No more is listed, both levels together.
    static let mostEntries = 200_000

    private(set) var candidates: [DumpCandidate] = []
    private(set) var refused: [(path: String, reason: String)] = []

    /// - Parameter entries: of both levels.
    init(_ entries: [CrashEntry]) {
        var folders: [String: [CrashEntry]] = [:]
        for entry in entries {
            if let folder = entry.folder {
                folders[folder, default: []].append(entry)
            } else if Self.isDump(entry.name) {
                sort(entry, messages: nil)
            } else if entry.kind == .link, Self.isTimeName(entry.name) {
                refused.append((entry.path, "it is a symbolic link, which is not followed"))
            }
        }
        for (_, entries) in folders.sorted(by: { $0.key < $1.key }) {
            let messages = entries.first { $0.kind == .file && Self.isMessages($0.name) }
            let dumps = entries.filter { Self.isDump($0.name) }
            for dump in dumps { sort(dump, messages: messages) }
            if dumps.isEmpty, let messages {
                refused.append((messages.path, "the kernel's messages were saved, but no dump was written"))
            }
        }
    }

    private mutating func sort(_ entry: CrashEntry, messages: CrashEntry?) {
        let reason: String? =
            switch entry.kind {
            case .directory: "it is a directory"
            case .link: "it is a symbolic link, which is not followed"
            case .other: "it is not a plain file"
            case .file where entry.size == 0:
                "it is empty: the guest's crash kernel wrote nothing, or its disk was full"
            case .file where !(1...Self.largest).contains(entry.size):
                "it claims to have \(entry.size) bytes"
            case .file: nil
            }
        if let reason {
            refused.append((entry.path, reason))
        } else {
            candidates.append(DumpCandidate(dump: entry, messages: messages))
        }
    }

    /// What ext4 can hold in a file, 16 TiB.
    private static let largest: Int64 = 16 << 40

    static func isDump(_ name: String) -> Bool {
        if [".txt", ".log", ".json"].contains(where: name.hasSuffix) { return false }
        return name == "vmcore"
            || ["vmcore.", "vmcore-incomplete", "dump.", "dump-incomplete"].contains(
                where: name.hasPrefix)
            || isPart(name)
    }

    /// Whether it is called as people call the parts that `makedumpfile --split` writes: "vmcore1", "dumpfile_02", "vmcore-part-3".
    private static func isPart(_ name: String) -> Bool {
        guard let stem = ["vmcore", "dumpfile", "dump"].first(where: name.hasPrefix) else { return false }
        func behindMarks(_ text: Substring) -> Substring { text.drop { "._-".contains($0) } }
        var rest = behindMarks(name.dropFirst(stem.count))
        if rest.hasPrefix("part") { rest = behindMarks(rest.dropFirst(4)) }
        return rest.first.map { $0.isASCII && $0.isNumber } == true
    }

    static func isMessages(_ name: String) -> Bool { name == "vmcore-dmesg.txt" || name.hasPrefix("dmesg.") }

    /// "202611031746", or "127.0.0.1-2026-11-03-17:46:12".
    static func isTimeName(_ name: String) -> Bool {
        let parts: [Substring] = name.split(separator: "-")
        let digits = parts.map { part in part.prefix { $0.isASCII && $0.isNumber }.count }
        return digits.contains { $0 >= 8 } || digits.filter { $0 >= 2 }.count >= 3
    }
}
