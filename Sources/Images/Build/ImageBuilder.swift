import DevboxCore
import Disks
import Glibc
import HostTools
import Stores
import SystemPackage
import Templates

/// Builds images from a distribution's packages.
public struct ImageBuilder: Sendable {
    private let store: ImageStore
    private let runner: Runner
    private let templates: Templates

    /// Builds into the images of a work directory.
    public init(_ store: ImageStore, runner: Runner, templates: Templates) {
        self.store = store
        self.runner = runner
        self.templates = templates
    }

    /// Builds an image. Needs root, or a host where an ordinary user may have a range of ids (mmdebstrap's unshare mode).
    ///
    /// - Parameters:
    ///   - name: the image's name.
    ///   - command: the command line, for the record.
    ///   - progress: told what is being done.
    public func build(_ name: String, _ recipe: ImageRecipe, command: String, progress: (String) -> Void) throws
        -> ImageRecord
    {
        try store.checkFree(name)
        let foreign = try ForeignCode.way(for: recipe.architecture, purpose: "building the image")
        let lock = try store.lock(name, for: "image build")
        defer { _ = lock.descriptor }
        let folder = try UnfinishedFolder(for: name, in: store.work.images)
        let raw = folder.path.appending("disk.raw")
        try makeFileSystem(raw, recipe)

        progress("fetching and installing the packages of \(recipe.suite) for \(recipe.architecture.rawValue)")
        let overlay = try renderOverlay(in: folder.path)
        let cache = store.work.bootstrapPackages(suite: recipe.suite, architecture: recipe.architecture)
        try Files.makeDirectory(cache)
        let scratch = folder.path.appending("tmp")
        try Files.makeDirectory(scratch)
        // In a user namespace there are no device nodes to be made; mmdebstrap's unshare mode knows what to do then.
        var bootstrap = recipe.bootstrap(
            sources: try sources(recipe), overlay: overlay, overlayFiles: try overlayFiles(),
            packageCache: isRoot ? cache : nil,
            mode: isRoot && foreign.emulator == nil ? "root" : "unshare", emulator: foreign.emulator
        ).command
        // Initrds are devbox's own; those of the guest's tools would take longer to make and to start.
        bootstrap.environment["INITRD"] = "No"
        // Root of an ordinary user's namespace is a subordinate id, to which the work directory is closed.
        if isRoot { bootstrap.environment["TMPDIR"] = scratch.string }
        try fill(raw, from: bootstrap, sources: try sources(recipe), inNamespace: isRoot && foreign.emulator != nil)

        try Files.removeTree(overlay)
        try Files.removeTree(scratch)
        progress("making the disk")
        return try ImageAssembly(store: store, runner: runner, templates: templates).finish(
            name, in: folder, raw: raw, origin: .init(kind: "build", command: command))
    }

    private func makeFileSystem(_ raw: FilePath, _ recipe: ImageRecipe) throws {
        let file = try Files.open(raw, .writeOnly, [.create, .exclusiveCreate])
        defer { try? file.close() }
        try posix("make \(raw)") { ftruncate(file.rawValue, off_t(recipe.size)) }
        try runner.run(Mke2fs.ext4(raw, label: "root", uuid: ImageRecipe.uuid, epoch: ImageRecipe.epoch))
    }

    /// The tar goes from mmdebstrap straight into the file system.
    ///
    /// - Parameter inNamespace: whether mmdebstrap gets a user namespace.
    private func fill(_ raw: FilePath, from command: Command, sources: [String], inNamespace: Bool) throws {
        let tar = try Pipe()
        let input = try Pipe()
        let log = try Pipe()
        runner.console.detail("+ \(command.line)")
        try Files.writeAll(
            input.writeEnd, Array(sources.joined(separator: "\n").utf8) + [10], name: "mmdebstrap's input")
        input.closeWriteEnd()
        // Behind unshare it is ended with all that it started.
        let dying = Unshare.dying(command)
        let streams = [input.readEnd, tar.writeEnd, log.writeEnd].map { ChildProcess.Stream.descriptor($0) }
        var child =
            inNamespace
            ? try IdentityNamespace.start(dying, input: streams[0], output: streams[1], error: streams[2])
            // In a session of its own: when mmdebstrap fails it sends SIGHUP to its process group, which would be devbox's caller too.
            : try ChildProcess(dying, input: streams[0], output: streams[1], error: streams[2], newSession: true)
        tar.closeWriteEnd()
        log.closeWriteEnd()
        let messages = try BackgroundReader(log.readEnd, of: child.pid, echo: runner.console.level == .verbose)
        let root = try Ext4FileSystem(
            on: FileDevice(raw, writable: true), disk: raw.string, writable: true, now: ImageRecipe.epoch)
        let filled = Result {
            // Nothing comes before all packages are installed.
            try Interrupts.wait(for: tar.readEnd)
            try RootFileSystemWriter.fill(root, from: tar.readEnd)
            // A tar ends before its padding does; who writes that must not find the pipe closed.
            var padding = [UInt8](repeating: 0, count: 64 << 10)
            while try padding.withUnsafeMutableBytes({ buffer in
                try posix("read the tar's end") { read(tar.readEnd.rawValue, buffer.baseAddress, buffer.count) }
            }) > 0 {}
        }
        tar.closeReadEnd()
        if Interrupts.pending { child.end() }
        let status = try child.wait(interruptible: false)
        let reason = ToolReason(messages.finish())
        try Interrupts.check()
        // Where it only complains of a pipe that nobody reads, the reason is on this side.
        if !reason.isMarked { try filled.get() }
        guard let status, status.isSuccess else {
            throw HostToolError.failed(Mmdebstrap.program, status ?? .exited(1), complaint: reason.words)
        }
        try filled.get()
        try root.close()
    }

    /// The names of devbox's own files of the image, relative to its root.
    private func overlayFiles() throws -> [String] {
        try templates.files(below: "image").map { String($0.dropFirst("image/".count)) }
    }

    /// devbox's own files of the image, with the variables in them filled in.
    private func renderOverlay(in folder: FilePath) throws -> FilePath {
        let overlay = folder.appending("overlay")
        for file in try overlayFiles() {
            let target = overlay.pushing(FilePath(file))
            try Files.makeDirectory(target.removingLastComponent())
            let executable = file.contains("/hooks/")
            try Files.writeAtomically(Array(templates.text("image/\(file)").utf8), to: target, mode: 0o644)
            try Files.setMode(target, executable ? 0o755 : 0o644)
        }
        return overlay
    }

    private func sources(_ recipe: ImageRecipe) throws -> [String] {
        if let mirror = recipe.mirror { return ["deb \(mirror) \(recipe.suite) main"] }
        let lines = ImageRecipe.sources(for: recipe.suite, indexTargets: try runner.run(AptGet.sources).text)
        guard !lines.isEmpty else {
            throw Failure(
                .notFound, "the machine's apt sources have no suite \(Names.printable(recipe.suite))",
                hint: "add it to the machine's sources and run apt-get update, or name an archive with --mirror")
        }
        return lines
    }
}

/// Reads a pipe to its end beside everything else, and keeps its last part.
private struct BackgroundReader {
    private let thread: WorkThread<[UInt8]>

    /// Begins to read.
    ///
    /// - Parameters:
    ///   - writer: who writes, and is ended when Ctrl-C comes.
    ///   - echo: whether it is shown as well.
    init(_ source: FileDescriptor, of writer: pid_t, echo: Bool) throws {
        thread = try WorkThread { Self.drain(source, of: writer, echo: echo) }
    }

    /// What it kept, once the writer has ended.
    func finish() -> String { String(decoding: (try? thread.wait().get()) ?? [], as: UTF8.self) }

    private static func drain(_ source: FileDescriptor, of writer: pid_t, echo: Bool) -> [UInt8] {
        var kept: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        var interrupts = Interrupts.descriptor
        while true {
            let ready = Poll.wait([.read(source), .read(interrupts)])
            if ready[1] {
                // It is in a session of its own, where no Ctrl-C reaches it.
                kill(writer, SIGTERM)
                interrupts = -1
            }
            guard ready[0] else { continue }
            let count = buffer.withUnsafeMutableBytes { read(source.rawValue, $0.baseAddress, $0.count) }
            if count <= 0 { return kept }
            if echo { _ = buffer.withUnsafeBytes { write(2, $0.baseAddress, count) } }
            kept += buffer[0..<count]
            if kept.count > 1 << 20 { kept.removeFirst(kept.count - (1 << 19)) }
        }
    }
}
