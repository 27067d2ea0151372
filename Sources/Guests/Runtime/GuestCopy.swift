import Archives
import DevboxCore
import Glibc
import HostTools
import SystemPackage

/// One side of a copy: a path of the host, or `guest:/path`.
public enum CopyPlace: Sendable, Equatable {
    case host(FilePath)
    case guest(String, path: String)

    /// Reads what the user typed. A name of a guest in front of a colon is a guest; `./a:b` is a file.
    public init(_ text: String) throws {
        // Other tools have a stream there; a file of that name is ./-.
        guard text != "-" else {
            throw Failure(
                .usage, "'-' is neither a file nor a folder here",
                hint:
                    "`devbox exec GUEST -- cat /path` prints a file of a guest; `… -- tee /path` takes one from standard input"
            )
        }
        if let colon = text.firstIndex(of: ":"), !text[..<colon].contains("/"), Names.isValid(String(text[..<colon])) {
            let path = String(text[text.index(after: colon)...])
            guard path.hasPrefix("/"), !path.utf8.contains(0) else {
                throw Failure(.usage, "'\(Names.printable(text))': a path in a guest begins with /")
            }
            self = .guest(String(text[..<colon]), path: path)
        } else {
            self = .host(Files.currentDirectory.pushing(FilePath(text)).lexicallyNormalized())
        }
    }
}

/// Copies files and folders between the host and guests, running or not. Into an existing folder they come under their own
/// names; a folder of that name there is merged with in a guest, and refused on the host.
///
/// Both ways a tar stream goes through a command in the guest. What comes out of a guest is unpacked by devbox, beside its
/// later place, and cannot leave it.
public struct GuestCopy: Sendable {
    private let exec: GuestExec
    private let runner: Runner

    /// - Parameters:
    ///   - store: the guests of the work directory.
    ///   - runner: runs the programs of the host that a copy needs.
    public init(_ store: GuestStore, runner: Runner) {
        exec = GuestExec(store, runner: runner)
        self.runner = runner
    }

    /// Copies a file or folder. Into an existing folder it comes under its own name.
    public func copy(_ source: CopyPlace, to target: CopyPlace) throws {
        switch (source, target) {
        case (.host(let file), .guest(let guest, let path)): try send(file, to: guest, path)
        case (.guest(let guest, let path), .host(let file)): try fetch(guest, path, to: file)
        default:
            throw Failure(
                .usage, "one side of a copy is a guest and the other is not",
                hint: "devbox cp FILE GUEST:/path, or back")
        }
    }

    /// Unpacks into a folder of its own beside the target, then moves what came into place. A constant text; paths are arguments.
    private static let receiver = #"""
        set -e
        if [ -d "$1" ]; then folder=$1 name=$2; else folder=$(dirname -- "$1") name=$(basename -- "$1"); fi
        [ -d "$folder" ] || exit 66
        temporary=$(mktemp -d -- "$folder/.devbox-cp.XXXXXX")
        trap 'rm -rf -- "$temporary"' EXIT
        tar -x --no-same-owner -C "$temporary" -f -
        if [ -d "$temporary/$2" ] && [ -d "$folder/$name" ]; then cp -rT -- "$temporary/$2" "$folder/$name"
        else mv -fT -- "$temporary/$2" "$folder/$name"; fi
        # What comes next may be a panic.
        sync -f -- "$folder"
        """#
    private static let sender = #"""
        [ -e "$1" ] || [ -L "$1" ] || exit 66
        case $([ ! -f "$1" ] || stat -f -c %T -- "$1") in
            proc | sysfs | debugfs | tracefs | securityfs | configfs | cgroup2fs | bpf_fs)
                # Such files do not tell their sizes, and tar packs no more than that.
                name=$(basename -- "$1") && folder=$(mktemp -d) && trap 'rm -rf -- "$folder"' EXIT || exit
                cat -- "$1" >"$folder/$name" && tar -c -C "$folder" -f - -- "$name"
                exit ;;
        esac
        exec tar -c -C "$(dirname -- "$1")" -f - -- "$(basename -- "$1")"
        """#

    private func send(_ file: FilePath, to guest: String, _ path: String) throws {
        guard let name = file.lastComponent?.string, Files.exists(file) else {
            throw Failure(.notFound, "there is no \(file)")
        }
        let pipe = try Pipe()
        let command = Command(
            Tar.program, ["-c", "-S", "-C", file.removingLastComponent().string, "-f", "-", "--", name])
        runner.console.detail("+ \(command.line)")
        var packer = try ChildProcess(command, output: .descriptor(pipe.writeEnd))
        pipe.closeWriteEnd()
        var options = ExecOptions()
        options.input = .descriptor(pipe.readEnd)
        options.output = .null
        let status = try exec.run(guest, ["/bin/sh", "-c", Self.receiver, "sh", path, name], options)
        pipe.closeReadEnd()
        let packed = try packer.wait(interruptible: false)
        guard status == 0 else {
            throw Self.failed("copy \(file) to \(guest):\(path)", status, missing: "there is no folder for it")
        }
        guard packed?.isSuccess == true else { throw Failure(.failure, "cannot read all of \(file)") }
    }

    private func fetch(_ guest: String, _ path: String, to wanted: FilePath) throws {
        guard let name = FilePath(path).lastComponent?.string else {
            throw Failure(.usage, "the whole of a guest's disk cannot be copied", hint: "name a file or a folder in it")
        }
        let intoFolder = (try? Files.status(wanted).st_mode & S_IFMT == S_IFDIR) ?? false
        let target = intoFolder ? wanted.appending(name) : wanted
        let parent = target.removingLastComponent()
        guard let resolved = realpath(parent.string, nil) else {
            throw Failure(.notFound, "there is no folder \(parent)")
        }
        defer { free(resolved) }
        let temporary = FilePath(platformString: resolved).appending(".devbox-cp-\(getpid())")
        try posix("make \(temporary)") { mkdir(temporary.string, 0o700) }
        defer { try? Files.removeTree(temporary) }

        let pipe = try Pipe()
        // The archive is unpacked by a thread, as the command runs in this one.
        let unpacking = Unpacking(pipe, name: "what \(guest) sent", into: temporary)
        unpacking.start()
        var options = ExecOptions()
        options.input = .null
        options.output = .descriptor(pipe.writeEnd)
        let result = Result { try exec.run(guest, ["/bin/sh", "-c", Self.sender, "sh", path], options) }
        pipe.closeWriteEnd()
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
        if Files.exists(target), try Files.status(target).st_mode & S_IFMT == S_IFDIR {
            throw Failure(.exists, "\(target) is there already", hint: "copy to another name, or remove it first")
        }
        try Files.rename(came, to: target)
        if leftOut.count > 0 {
            let others = leftOut.count > 1 ? " and \(leftOut.count - 1) more" : ""
            runner.console.warn(
                "left out, as neither a file nor a folder: \(Names.printable(leftOut.first))\(others)")
        }
    }

    /// What the two scripts end with where a path in the guest is missing is 66; anything else tar has told on stderr.
    private static func failed(_ doing: String, _ status: Int32, missing: String) -> Failure {
        let reason = status == 66 ? missing : "the command in the guest ended with status \(status)"
        return Failure(status == 66 ? .notFound : .failure, "cannot \(Names.printable(doing)): \(reason)")
    }
}

/// Unpacks an archive from a pipe while something else fills it.
private final class Unpacking: @unchecked Sendable {
    private let pipe: Pipe
    private let name: String
    private let folder: FilePath
    private var thread = pthread_t()
    private var result: Result<LeftOut, any Error> = .success(LeftOut())

    init(_ pipe: Pipe, name: String, into folder: FilePath) {
        (self.pipe, self.name, self.folder) = (pipe, name, folder)
    }

    func start() {
        pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                let unpacking = Unmanaged<Unpacking>.fromOpaque(context).takeUnretainedValue()
                unpacking.result = Result {
                    try ArchiveExtractor.extract(unpacking.pipe.readEnd, name: unpacking.name, into: unpacking.folder)
                }
                // A sender that goes on must not wait for a reader that has given up.
                unpacking.pipe.closeReadEnd()
                return nil
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    /// The result is read only when the thread has ended.
    func finish() -> Result<LeftOut, any Error> {
        pthread_join(thread, nil)
        return result
    }
}
