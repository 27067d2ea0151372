import DevboxCore
import Disks
import FoundationEssentials
import Glibc
import HostTools
import Images
import Stores
import SystemPackage
import Templates

/// What the user may choose about a clone; nil is as the source has it.
public struct CloneOptions: Sendable {
    /// Memory of the virtual machine in bytes.
    public var memory: Int64?
    /// Processors of the virtual machine.
    public var cpus: Int?
    /// What the guest calls itself; nil for its name.
    public var hostname: String?
    /// The command line, for the record.
    public var command: String

    /// - Parameters:
    ///   - memory: memory of the virtual machine in bytes.
    ///   - cpus: its processors.
    ///   - hostname: what the guest calls itself; nil for its name.
    ///   - command: the command line, for the record.
    public init(memory: Int64? = nil, cpus: Int? = nil, hostname: String? = nil, command: String) {
        (self.memory, self.cpus, self.hostname, self.command) = (memory, cpus, hostname, command)
    }
}

/// Makes guests out of images and out of other guests.
public struct Cloner: Sendable {
    let guests: GuestStore
    let images: ImageStore
    let runner: Runner
    private let templates: Templates

    static let defaultMemory: Int64 = 1 << 30
    static let defaultCPUs = 2

    /// - Parameters:
    ///   - work: the work directory.
    ///   - sandboxes: what a guest that is cloned is looked at in first.
    ///   - runner: runs ssh-keygen.
    public init(_ work: WorkDirectory, sandboxes: SandboxPolicy = SandboxPolicy(), runner: Runner) {
        guests = GuestStore(work, sandboxes: sandboxes)
        images = ImageStore(work)
        self.runner = runner
        templates = Templates(work)
    }

    /// Clones an image or a stopped guest. The clone is there as a whole, or not at all.
    ///
    /// - Throws: `exists` where the name is taken, `notFound` where there is no such source.
    @discardableResult
    public func clone(_ source: String, as name: String, _ options: CloneOptions) throws -> GuestRecord {
        try Names.check(name, "guest")
        if let hostname = options.hostname { try Names.check(hostname, "hostname") }
        guard !Files.exists(guests.files(name).path) else { throw Self.taken(name) }
        _ = try guests.names()  // sweeps what killed clones left
        if Files.exists(guests.files(source).record) {
            guard !Files.exists(images.image(source).record) else {
                throw Failure(
                    .usage, "\(source) is the name of an image and of a guest", hint: "remove or rename one of them")
            }
            return try cloneGuest(source, as: name, options)
        }
        return try cloneImage(source, as: name, options)
    }

    private func cloneImage(_ source: String, as name: String, _ options: CloneOptions) throws -> GuestRecord {
        guard Files.exists(images.image(source).record) || !Names.isValid(source) else {
            try missingSource(source)
        }
        try guests.sandboxes.refuseIfUnused("\(source) is an image")
        let image = try images.load(source)
        let lock = try images.lock(source, for: "clone", shared: true)
        defer { _ = lock.descriptor }
        try images.verify(image)
        let record = GuestRecord(
            id: UUID().uuidString.lowercased(), name: name, createdAt: Date(), command: options.command,
            image: .init(name: image.name, sha256: image.disk.sha256), clonedFrom: nil,
            architecture: image.architecture,
            release: image.release, root: image.root, mode: .kvm,
            identity: .new(hostname: options.hostname ?? name, sshHostKey: ""),
            memory: options.memory ?? Self.defaultMemory,
            cpus: options.cpus ?? Self.defaultCPUs, kernels: image.kernels, defaultKernel: nil, kernelArguments: [],
            snapshots: [])
        return try build(
            record, on: images.image(source).disk, backingName: GuestFiles.backingName(ofImage: source),
            bootFrom: images.image(source).boot
        )
    }

    private func cloneGuest(_ source: String, as name: String, _ options: CloneOptions) throws -> GuestRecord {
        let guest = try StoppedGuest(source, in: guests, for: "clone", runner: runner)
        try guest.prepareForEditing()
        let original = guest.record
        var record = original
        record.id = UUID().uuidString.lowercased()
        record.name = name
        record.createdAt = Date()
        record.command = options.command
        record.clonedFrom = source
        record.identity = .new(hostname: options.hostname ?? name, sshHostKey: "")
        record.memory = options.memory ?? original.memory
        record.cpus = options.cpus ?? original.cpus
        record.snapshots = []
        let layer = try Layer.freeze(guest, in: guests.work)
        return try build(
            record, on: layer.disk, backingName: GuestFiles.backingName(ofLayer: layer.name), bootFrom: guest.files.boot
        )
    }

    /// Fills a folder beside the guest's later place, and renames it.
    private func build(
        _ template: GuestRecord, on base: FilePath, backingName: String, bootFrom boot: FilePath
    ) throws -> GuestRecord {
        var record = template
        let folder = try UnfinishedFolder(for: record.name, in: guests.work.guests)
        let files = GuestFiles(name: record.name, path: folder.path)

        // The key is made while the disk is read.
        let keyFile = folder.path.appending("key")
        let keygen = SSHKeygen.generate(keyFile, comment: "root@\(record.identity.hostname)")
        runner.console.detail("+ \(keygen.line)")
        var process = try ChildProcess(keygen, output: .null)
        let authorized = try WorkKey.publicKey(of: guests.work, runner: runner)
        let disk = OverlayDevice(over: try Qcow2Reader(base))
        let root = try record.root.open(on: disk, name: base.string, writable: true)
        guard let status = try process.wait(), status.isSuccess else {
            throw HostToolError.failed(SSHKeygen.program, .exited(1), complaint: "it made no host key")
        }
        let publicKeyFile = FilePath(keyFile.string + ".pub")
        record.identity.sshHostKey =
            try Files.text(publicKeyFile, limit: 4096)
            .split(separator: "\n").first.map(String.init) ?? ""
        try IdentityEditor(
            identity: record.identity, hostKey: Files.read(keyFile, limit: 64 << 10), authorizedKey: authorized,
            cloudInitSettings: templates.text("cloud-init.cfg")
        ).apply(to: root)
        try root.close()
        try Files.remove(keyFile)
        try Files.remove(publicKeyFile)

        try disk.save(to: files.disk, backingName: backingName)
        try posix("make \(files.boot)") { mkdir(files.boot.string, 0o755) }
        for file in record.kernels.flatMap(\.files) {
            try Files.hardLink(boot.appending(file), to: files.boot.appending(file))
        }
        try Files.setMode(files.path, 0o711)
        try RecordFile.write(record, to: files.record)
        for path in [files.path, files.boot, files.disk, files.record] { try guests.work.give(path) }
        do {
            try folder.finish(as: guests.files(record.name).path)
        } catch let error as Failure where error.exitCode == .exists {
            throw Self.taken(record.name)
        }
        return record
    }

    private static func taken(_ name: String) -> Failure {
        Failure(.exists, "there is a guest \(name) already", hint: "`devbox remove \(name)` removes it")
    }

    private func missingSource(_ source: String) throws -> Never {
        let all = try images.names() + guests.names()
        throw Failure(
            .notFound, "there is no image or guest \(source)",
            hint: all.isEmpty
                ? "`devbox image build` makes an image" : "there are: \(all.prefix(10).joined(separator: ", "))")
    }
}
