import DevboxCore
import Disks
import FoundationEssentials
import Images

/// What lies where a guest's dumps are, and where its settings have them go.
struct CrashListing {
    let target: CrashTarget
    /// At most `CrashFolder.mostEntries`, of the folder itself and of those in it.
    let entries: [CrashEntry]
    /// Whether a link leads there.
    var isLink = false

    init(target: CrashTarget, entries: [CrashEntry]) { (self.target, self.entries) = (target, entries) }

    /// What `GuestDumps.lister` printed in a guest, which may be anything.
    ///
    /// - Parameter place: the folder that it was to list.
    init(_ output: ArraySlice<UInt8>, of place: String) {
        let header = String(decoding: output.prefix { $0 != 0 }, as: UTF8.self).split(separator: "\n")
        isLink = header.contains("link")
        target = CrashTarget { source in
            header.first { $0.hasPrefix("\(source.rawValue) ") }.map { line in
                let data = Data(base64Encoded: String(line.dropFirst(source.rawValue.utf8.count + 1))) ?? Data()
                return String(decoding: data, as: UTF8.self)
            }
        }
        entries = output.drop { $0 != 0 }.split(separator: 0).prefix(CrashFolder.mostEntries).compactMap {
            Self.entry($0, below: place)
        }
    }

    /// What ext4 can hold in a file, in blocks of 512 bytes.
    private static let mostBlocks: Int64 = 1 << 35

    private static func entry(_ line: ArraySlice<UInt8>, below place: String) -> CrashEntry? {
        let parts = line.split(separator: 32, maxSplits: 4).map { String(decoding: $0, as: UTF8.self) }
        guard parts.count == 5, let size = Int64(parts[1]), let blocks = Int64(parts[2]),
            size >= 0, (0...mostBlocks).contains(blocks), let modified = Int64(parts[3].prefix { $0 != "." })
        else { return nil }
        let path = parts[4].split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard (1...2).contains(path.count), path.allSatisfy({ !["", ".", ".."].contains($0) }) else { return nil }
        let kind: CrashEntry.Kind =
            switch parts[0] {
            case "f": .file
            case "d": .directory
            case "l": .link
            default: .other
            }
        return CrashEntry(
            root: place, folder: path.count == 2 ? path[0] : nil, name: path[path.count - 1], kind: kind, size: size,
            allocated: blocks * 512, modified: modified, inode: nil)
    }
}

extension CrashTarget {
    /// That of a guest that does not run.
    ///
    /// - Parameters:
    ///   - root: its disk.
    ///   - system: where on the disk what of the system is.
    init(_ root: borrowing Ext4FileSystem, _ system: RootFileSystem) throws {
        var texts: [Source: String] = [:]
        for source in Source.allCases {
            // The guest's shell follows a link as well; it stays in the guest.
            guard let file = try root.find(source.rawValue), try root.attributes(of: file).isRegular else { continue }
            texts[source] = String(
                decoding: try root.beginning(of: file, count: Self.mostText), as: UTF8.self)
        }
        self.init { texts[$0] }
        guard let folder, let part = try system.foreignPart(holding: folder, on: root) else { return }
        hide(folder, part)
    }

    /// The folder.
    ///
    /// - Throws: `badInput` where it is not known.
    func place(of guest: String) throws -> String {
        guard let folder else {
            throw Failure(.badInput, "\(guest): \(obstacles.first ?? "where its dumps go is not known")")
        }
        return folder
    }
}
