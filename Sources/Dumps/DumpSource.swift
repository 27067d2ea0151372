import Crash
import DevboxCore
import Disks
import Guests
import HostTools
import SystemPackage
import Targets
import Templates

/// Where the dumps of a guest are read: its disk while it is stopped, itself while it runs.
protocol DumpSource: ~Copyable {
    /// What lies in /var/crash and in the folders there.
    func entries() throws -> [CrashEntry]
    /// How many bytes of a file there are to be read; throws where they cannot be.
    func dataSize(of entry: CrashEntry) throws -> Int64
    /// Hands a file's content to a receiver, holes as such where they are known.
    func copy(_ entry: CrashEntry, to receiver: inout DumpReceiver, progress: (Int64) throws -> Void) throws
    /// The whole of a small file, at most `limit` bytes of it.
    func beginning(of entry: CrashEntry, limit: Int) throws -> [UInt8]
}

/// The disk of a stopped guest, read in process: nothing is mounted, and no link of it is followed.
struct DiskSource: DumpSource, ~Copyable {
    private let root: Ext4FileSystem
    private let name: String

    init(_ guest: borrowing StoppedGuest) throws {
        root = try guest.openRoot()
        name = guest.files.name
    }

    func entries() throws -> [CrashEntry] {
        guard let crash = try directory(CrashFolder.path) else { return [] }
        var result: [CrashEntry] = []
        for entry in try root.entries(in: crash, limit: CrashFolder.mostEntries) {
            let found = try self.entry(entry, in: nil)
            result.append(found)
            guard found.kind == .directory else { continue }
            let left = CrashFolder.mostEntries - result.count
            guard left > 0 else { break }
            for inner in try root.entries(in: entry.inode, limit: left) {
                result.append(try self.entry(inner, in: entry.name))
            }
        }
        return result
    }

    /// The directory of a path of which no component is a link; nil where there is none.
    private func directory(_ path: String) throws -> InodeNumber? {
        guard var number = try root.find("/") else { return nil }
        for name in path.split(separator: "/") {
            guard let next = try root.lookUp(String(name), in: number) else { return nil }
            let attributes = try root.attributes(of: next)
            guard attributes.isDirectory else {
                throw Failure(
                    .badInput,
                    "\(path) of \(self.name) is \(attributes.isLink ? "a symbolic link, which is not followed" : "no directory")"
                )
            }
            number = next
        }
        return number
    }

    private func entry(_ entry: DirectoryEntry, in folder: String?) throws -> CrashEntry {
        let attributes = try root.attributes(of: entry.inode)
        let kind: CrashEntry.Kind =
            attributes.isRegular ? .file : attributes.isDirectory ? .directory : attributes.isLink ? .link : .other
        return CrashEntry(
            folder: folder, name: entry.name, kind: kind, size: attributes.size, allocated: attributes.size,
            modified: Int64(attributes.modified), inode: entry.inode)
    }

    private func inode(_ entry: CrashEntry) throws -> InodeNumber {
        guard let inode = entry.inode else { throw Failure(.notFound, "there is no \(entry.path) in \(name)") }
        return inode
    }

    func dataSize(of entry: CrashEntry) throws -> Int64 {
        try root.extents(of: inode(entry)).reduce(0) { $0 + $1.count }
    }

    func copy(_ entry: CrashEntry, to receiver: inout DumpReceiver, progress: (Int64) throws -> Void) throws {
        try root.read(root.extents(of: inode(entry))) { offset, bytes in
            try receiver.skip(offset - receiver.received)
            try receiver.take(bytes)
            try progress(receiver.received)
        }
        try receiver.skip(entry.size - receiver.received)
    }

    func beginning(of entry: CrashEntry, limit: Int) throws -> [UInt8] {
        try root.beginning(of: inode(entry), count: Int(min(entry.size, Int64(limit))))
    }
}

/// A guest that runs, reached over ssh or in its container. What it sends may be anything.
struct RunningSource: DumpSource {
    private let target: any Target
    private let templates: Templates
    private var name: String { target.name }
    private let limit: Duration

    init(_ target: any Target, templates: Templates, limit: Duration) {
        (self.target, self.templates, self.limit) = (target, templates, limit)
    }

    private static let mostText = 64 << 20
    /// What ext4 can hold in a file, in blocks of 512 bytes.
    private static let mostBlocks: Int64 = 1 << 35
    /// A hole costs nothing on a disk, and all of its zeroes over a connection.
    private static let largestHoles: Int64 = 8 << 30

    func entries() throws -> [CrashEntry] {
        let text = try collect(templates.shell(GuestDumps.lister), limit: Self.mostText) { status in
            status == 67
                ? "\(CrashFolder.path) of \(name) is a symbolic link, which is not followed"
                : "cannot list \(CrashFolder.path) of \(name): the command there ended with status \(status)"
        }
        return Self.entries(in: text[...])
    }

    /// What `GuestDumps.lister` printed.
    static func entries(in text: ArraySlice<UInt8>) -> [CrashEntry] {
        text.split(separator: 0).prefix(CrashFolder.mostEntries).compactMap(entry)
    }

    private static func entry(_ line: ArraySlice<UInt8>) -> CrashEntry? {
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
            folder: path.count == 2 ? path[0] : nil, name: path[path.count - 1], kind: kind, size: size,
            allocated: blocks * 512, modified: modified, inode: nil)
    }

    func dataSize(of entry: CrashEntry) throws -> Int64 {
        guard entry.size - entry.allocated <= Self.largestHoles else {
            throw Failure(
                .badInput, "it claims to have \(ByteSize.text(entry.size)), nearly all of them holes",
                hint: "they cost nothing once the guest is stopped")
        }
        return entry.size
    }

    func copy(_ entry: CrashEntry, to receiver: inout DumpReceiver, progress: (Int64) throws -> Void) throws {
        // The closure runs on another thread while this one waits for it.
        let status = try withoutActuallyEscaping(progress) { progress in
            try withUnsafeMutablePointer(to: &receiver) { receiver in
                var command = TargetCommand(["cat", "--", entry.path], limit: limit)
                command.output = .stream { bytes in
                    guard receiver.pointee.received + Int64(bytes.count) <= entry.size else {
                        throw Failure(.badInput, "it grows while it is read")
                    }
                    try receiver.pointee.take(bytes)
                    try progress(receiver.pointee.received)
                }
                return try target.run(command).status
            }
        }
        guard status == 0, receiver.received == entry.size else {
            throw Failure(.failure, "\(name) sent \(receiver.received) of \(entry.size) bytes")
        }
    }

    func beginning(of entry: CrashEntry, limit: Int) throws -> [UInt8] {
        try collect(["head", "-c", "\(limit)", "--", entry.path], limit: limit) {
            "cannot read \(entry.path) of \(name): the command there ended with status \($0)"
        }
    }

    private func collect(_ command: [String], limit: Int, complaint: (Int32) -> String) throws -> [UInt8] {
        var asked = TargetCommand(command, limit: .seconds(30))
        asked.output = .captured(limit: limit)
        let result: CommandResult
        do {
            result = try target.run(asked)
        } catch GuestError.timedOut(_, let patience) {
            throw Failure(
                .timedOut, "\(name) did not answer to the end within \(patience.inWords)",
                hint: "try again: a crash kernel may be at work; or `devbox stop --force \(name)`, and its disk is read"
            )
        }
        guard result.isSuccess else { throw Failure(.badInput, complaint(result.status)) }
        return result.output
    }
}
