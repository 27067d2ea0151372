import DevboxCore
import Glibc
import Guests
import Packages
import Sandbox
import SystemPackage
import Targets

/// How a package's content comes to a guest's dpkg.
///
/// One that was installed before lies in the cache, decoded. Otherwise it is decoded once, checked on the way, and kept in the
/// cache; a large one is handed to dpkg through a fifo while that goes on.
final class PackageFeed {
    /// What the container is shown for it.
    let extras: [SandboxMount.Entry]
    /// The package's path in the container.
    let path: String
    private let file: PackageFile
    private let sizeLimit: Int64
    private var writer: DecodedCacheWriter?
    private let fifo: FilePath?

    /// From this size on a package is decoded while dpkg unpacks it, in bytes of data.tar. A pipe holds 64 KiB, all of which must have
    /// been read before its writer closes it.
    private static let streamedFrom: Int64 = 4 << 20

    /// Looks for the decoded package, or begins to decode it.
    ///
    /// - Parameters:
    ///   - folder: where fifos and second names may be made.
    ///   - sizeLimit: how much the package may take on the guest's disk, in bytes.
    ///   - readsFifos: whether dpkg can read a fifo of the host's; else it begins when `feed` has decoded all of the package.
    /// - Throws: `badInput` where a package that is decoded at once holds what it must not, or is damaged.
    init(
        _ file: PackageFile, _ cache: DecodedCache, folder: FilePath, sizeLimit: Int64, readsFifos: Bool = true
    ) throws {
        self.file = file
        self.sizeLimit = sizeLimit
        let name = "packages/\(file.fileName)"
        path = "/run/devbox/\(name)"
        let held = folder.appending("\(file.fileName).decoded")
        if let decoded = cache.lookUp(file.digest), try Self.hold(decoded.path, as: held) {
            extras = try [SandboxMount.Entry(held, as: name)] + Self.skip(decoded.dataOffset, of: name, held)
            writer = nil
            fifo = nil
            return
        }
        var writer = try cache.begin(file.package, digest: file.digest)
        let isFar = !readsFifos && !Self.sharesDisk(writer.path, folder)
        guard let size = file.package.decodedDataSize, size >= Self.streamedFrom, !isFar else {
            try DebCheck(sizeLimit: sizeLimit).run(file.package, sink: { writer.append($0) })
            let offset = writer.dataOffset
            guard try Self.hold(writer.finish().path, as: held) else {
                throw Failure(
                    .failure,
                    "the decoded \(file.fileName) is gone from \(cache.directory): another devbox needed its room",
                    hint: "try again")
            }
            extras = try [SandboxMount.Entry(held, as: name)] + Self.skip(offset, of: name, held)
            self.writer = nil
            self.fifo = nil
            return
        }
        let (written, offset) = (writer.path, writer.dataOffset)
        self.writer = consume writer
        guard readsFifos else {
            // By a name of its own: it gets another one when it is whole.
            try posix("give \(written) a second name") { link(written.string, held.string) }
            extras = try [SandboxMount.Entry(held, as: name)] + Self.skip(offset, of: name, held)
            fifo = nil
            return
        }
        let fifo = folder.appending("\(file.fileName).data")
        try posix("make \(fifo)") { mkfifo(fifo.string, 0o644) }
        extras = [SandboxMount.Entry(written, as: name), SandboxMount.Entry(fifo, as: "\(name).data")]
        self.fifo = fifo
    }

    /// Gives a file of the cache a second name: the cache may let go of it, for the next package of the same command say, before the
    /// container is shown it. Where there can be none, for the cache is on another disk say, it is a copy.
    ///
    /// - Returns: false where the cache has let go of it.
    private static func hold(_ file: FilePath, as held: FilePath) throws -> Bool {
        if link(file.string, held.string) == 0 { return true }
        if errno == ENOENT { return false }
        do {
            try Files.copy(file, to: held)
        } catch let error as Failure where error.exitCode == .notFound {
            return false
        }
        try Files.setMode(held, 0o644)
        return true
    }

    /// What tells dpkg-deb's stand-in where a package's content begins.
    private static func skip(_ offset: Int64?, of name: String, _ held: FilePath) throws -> [SandboxMount.Entry] {
        guard let offset else { return [] }
        let file = FilePath(held.string + ".skip")
        try Files.writeAtomically(Array("\(offset)\n".utf8), to: file, mode: 0o644, isDurable: false)
        return [SandboxMount.Entry(file, as: "\(name).skip")]
    }

    private static func sharesDisk(_ file: FilePath, _ folder: FilePath) -> Bool {
        guard let left = try? Files.status(file), let right = try? Files.status(folder) else { return false }
        return left.st_dev == right.st_dev
    }

    /// Decodes the package and hands it to the dpkg that runs, where that is still to be done.
    ///
    /// - Throws: `badInput` for what must not be installed. Where dpkg ends early, nothing: its status says why.
    func feed(until end: CommandEnd) throws {
        guard var writer = writer.take() else { return }
        guard let fifo else {
            try DebCheck(sizeLimit: sizeLimit).run(file.package) { chunk in
                writer.append(chunk)
                try Interrupts.check()
            }
            _ = try writer.finish()
            return
        }
        // Open for reading too, so that it does not wait for dpkg, and dpkg's death is no signal.
        let pipe = try Files.open(fifo, .readWrite, .nonBlocking)
        defer { try? pipe.close() }
        do {
            try DebCheck(sizeLimit: sizeLimit).run(file.package) { chunk in
                writer.append(chunk)
                try Self.send(chunk, to: pipe, until: end)
            }
        } catch is EndedEarly {
            return
        }
        do {
            _ = try writer.finish()
        } catch {
            // The package is installed all the same; the next time it is decoded again.
        }
    }

    /// dpkg has ended, or its time is over.
    private struct EndedEarly: Error {}

    private static func send(
        _ chunk: UnsafeRawBufferPointer, to pipe: FileDescriptor, until end: CommandEnd
    ) throws {
        var done = 0
        while done < chunk.count {
            let count = write(pipe.rawValue, chunk.baseAddress?.advanced(by: done), chunk.count - done)
            if count > 0 {
                done += count
                continue
            }
            guard errno == EAGAIN || errno == EINTR else {
                throw failure("write a package's content", Errno(rawValue: errno))
            }
            let ready = try Poll.wait(
                [.write(pipe), .read(end.descriptor)], until: end.deadline, interruptible: true)
            if ready.isEmpty || ready[1] { throw EndedEarly() }
        }
    }
}
