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
    /// Where the guest's dumps are, and what lies there and in the folders there.
    func listing() throws -> CrashListing
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
    /// Where the guest's settings have its dumps go.
    let target: CrashTarget

    init(_ guest: borrowing StoppedGuest) throws {
        let root = try guest.openRoot()
        target = try CrashTarget(root, guest.record.root)
        name = guest.files.name
        self.root = root
    }

    func listing() throws -> CrashListing { CrashListing(target: target, entries: try entries()) }

    private func entries() throws -> [CrashEntry] {
        let place = try target.place(of: name)
        guard let crash = try directory(place) else { return [] }
        var result: [CrashEntry] = []
        for entry in try root.entries(in: crash, limit: CrashFolder.mostEntries) {
            let found = try self.entry(entry, in: nil, below: place)
            result.append(found)
            guard found.kind == .directory else { continue }
            let left = CrashFolder.mostEntries - result.count
            guard left > 0 else { break }
            for inner in try root.entries(in: entry.inode, limit: left) {
                result.append(try self.entry(inner, in: entry.name, below: place))
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

    private func entry(_ entry: DirectoryEntry, in folder: String?, below place: String) throws -> CrashEntry {
        let attributes = try root.attributes(of: entry.inode)
        let kind: CrashEntry.Kind =
            attributes.isRegular ? .file : attributes.isDirectory ? .directory : attributes.isLink ? .link : .other
        return CrashEntry(
            root: place, folder: folder, name: entry.name, kind: kind, size: attributes.size,
            allocated: attributes.size, modified: Int64(attributes.modified), inode: entry.inode)
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
    /// A hole costs nothing on a disk, and all of its zeroes over a connection.
    private static let largestHoles: Int64 = 8 << 30

    func listing() throws -> CrashListing {
        let usual = try listing(CrashTarget.usualFolder)
        let place = try usual.target.place(of: name)
        let listing = place == CrashTarget.usualFolder ? usual : try self.listing(place)
        if listing.isLink { throw Failure(.badInput, "\(place) of \(name) is a symbolic link, which is not followed") }
        return listing
    }

    private func listing(_ place: String) throws -> CrashListing {
        let text = try collect(templates.shell(GuestDumps.lister, [place]), limit: Self.mostText) { status in
            "cannot list \(place) of \(name): the command there ended with status \(status)"
        }
        return CrashListing(text[...], of: place)
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
