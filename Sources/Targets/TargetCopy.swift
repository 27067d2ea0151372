import Archives
import DevboxCore
import Glibc
import HostTools
import SystemPackage
import Templates

/// Copies files and folders between the host and guests, running or not. Into an existing folder they come under their own
/// names; a folder of that name there is merged with in a guest, and refused on the host.
///
/// Both ways a tar stream goes through a command in the guest. What comes out of a guest is unpacked by devbox, beside its
/// later place, and cannot leave it.
public struct TargetCopy {
    private let target: any Target
    private let templates: Templates
    private let console: Console

    /// - Parameters:
    ///   - target: what is copied into or out of.
    ///   - templates: has the scripts that run there.
    ///   - console: where warnings go.
    public init(_ target: any Target, templates: Templates, console: Console) {
        (self.target, self.templates, self.console) = (target, templates, console)
    }

    /// Copies a file or folder between the host and a guest. Into an existing folder it comes under its own name.
    ///
    /// - Parameter targets: the guests.
    public static func copy(_ source: CopyPlace, to destination: CopyPlace, _ targets: GuestTargets) throws {
        func copy(_ guest: String) throws -> TargetCopy {
            TargetCopy(
                try targets.target(guest, for: "cp"), templates: targets.store.templates,
                console: targets.runner.console)
        }
        switch (source, destination) {
        case (.host(let file), .guest(let guest, let path)):
            try requireHostFile(file)
            try copy(guest).send(file, to: path)
        case (.guest(let guest, let path), .host(let file)): try copy(guest).fetch(path, to: file)
        default:
            throw Failure(
                .usage, "one side of a copy is a guest and the other is not",
                hint: "devbox cp FILE GUEST:/path, or back")
        }
    }

    /// Before a guest is disturbed for it.
    private static func requireHostFile(_ file: FilePath) throws {
        guard Files.exists(file) else { throw Failure(.notFound, "there is no \(file)") }
    }

    /// Copies a file or folder of the host into the target.
    ///
    /// - Parameters:
    ///   - file: its absolute path on the host.
    ///   - path: an absolute path there: an existing folder, or the new name in one.
    /// - Throws: `notFound` where the file, or the folder for it, is not there.
    public func send(_ file: FilePath, to path: String) throws {
        guard let name = file.lastComponent?.string, Files.exists(file) else {
            throw Failure(.notFound, "there is no \(file)")
        }
        let pipe = try Pipe()
        let command = Command(
            Tar.program, ["-c", "-S", "-C", file.removingLastComponent().string, "-f", "-", "--", name])
        console.detail("+ \(command.line)")
        var packer = try ChildProcess(command, output: .descriptor(pipe.writeEnd))
        pipe.closeWriteEnd()
        var receiving = try TargetCommand(templates.shell("target/receive.sh", [path, name]))
        receiving.input = .descriptor(pipe.readEnd)
        receiving.output = .null
        let status = try target.run(receiving).status
        pipe.closeReadEnd()
        let packed = try packer.wait(interruptible: false)
        guard status == 0 else {
            throw Self.failed("copy \(file) to \(target.name):\(path)", status, missing: "there is no folder for it")
        }
        guard packed?.isSuccess == true else { throw Failure(.failure, "cannot read all of \(file)") }
    }

    /// Copies a file or folder out of the target.
    ///
    /// - Parameters:
    ///   - path: its absolute path there.
    ///   - wanted: an absolute path of the host: an existing folder, or the new name in one.
    /// - Throws: `notFound`; `exists` where a folder is in the way; `badInput` for what is sent in place of it.
    public func fetch(_ path: String, to wanted: FilePath) throws {
        let guest = target.name
        guard let name = FilePath(path).lastComponent?.string else {
            throw Failure(.usage, "the whole of a guest's disk cannot be copied", hint: "name a file or a folder in it")
        }
        let intoFolder = (try? Files.isFolder(wanted)) ?? false
        let place = intoFolder ? wanted.appending(name) : wanted
        let parent = place.removingLastComponent()
        guard let resolved = realpath(parent.string, nil) else {
            throw Failure(.notFound, "there is no folder \(parent)")
        }
        defer { free(resolved) }
        let temporary = FilePath(platformString: resolved).appending(".devbox-cp-\(getpid())")
        try posix("make \(temporary)") { mkdir(temporary.string, 0o700) }
        defer { try? Files.removeTree(temporary) }

        // The archive is unpacked by a thread, as the command runs in this one.
        let unpacking = try Unpacking(name: "what \(guest) sent", into: temporary)
        var sending = try TargetCommand(templates.shell("target/send.sh", [path]))
        sending.output = .descriptor(unpacking.pipe.writeEnd)
        let result = Result { try target.run(sending).status }
        unpacking.pipe.closeWriteEnd()
        let unpacked = unpacking.finish()
        let status = try result.get()
        guard status == 0 else { throw Self.failed("copy \(guest):\(path)", status, missing: "it is not there") }
        let leftOut = try unpacked.get()
        let came = temporary.appending(name)
        guard Files.exists(came) else {
            if leftOut.count > 0 {
                throw Failure(.usage, "\(guest):\(Names.printable(path)) is neither a file nor a folder")
            }
            throw Failure(.badInput, "\(guest) sent something else than \(Names.printable(path))")
        }
        if Files.exists(place), try Files.isFolder(place) {
            throw Failure(.exists, "\(place) is there already", hint: "copy to another name, or remove it first")
        }
        try Files.rename(came, to: place)
        if leftOut.count > 0 {
            let others = leftOut.count > 1 ? " and \(leftOut.count - 1) more" : ""
            console.warn(
                "left out, as neither a file nor a folder: \(Names.printable(leftOut.first))\(others)")
        }
    }

    /// What the two scripts end with where a path in the guest is missing is 66; anything else tar has told on stderr.
    private static func failed(_ doing: String, _ status: Int32, missing: String) -> Failure {
        let reason = status == 66 ? missing : "the command in the guest ended with status \(status)"
        return Failure(status == 66 ? .notFound : .failure, "cannot \(Names.printable(doing)): \(reason)")
    }
}
