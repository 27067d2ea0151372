import DevboxCore
import FoundationEssentials
import Glibc
import HostTools
import Stores
import SystemPackage
import Targets
import Templates

/// The files of a running guest, through commands in it. What they answer is the guest's word.
struct RunningFiles {
    private let target: any Target
    private let work: WorkDirectory
    private let runner: Runner
    private let templates: Templates

    init(_ target: any Target, work: WorkDirectory, runner: Runner) {
        (self.target, self.work, self.runner) = (target, work, runner)
        templates = Templates(work)
    }

    /// Files by their paths. A link in the last component is not followed.
    func read(_ paths: [String]) throws -> [String: GuestFile] {
        let output = try run("kdump/read-files.sh", paths, purpose: "tell its files")
        let lines = output.text.split(separator: "\n")
        guard lines.count == paths.count else { throw strange() }
        var found: [String: GuestFile] = [:]
        for (path, line) in zip(paths, lines) {
            let words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
            switch (words[0], words.count) {
            case ("absent", _): found[path] = .absent
            case ("other", _): found[path] = .other
            case ("link", 2): found[path] = .link(String(decoding: try bytes(words[1]), as: UTF8.self))
            case ("digest", 2):
                guard let digest = SHA256Digest(words[1]) else { throw strange() }
                found[path] = .opaque(digest)
            case ("file", 3):
                guard let permissions = UInt16(words[1], radix: 8) else { throw strange() }
                found[path] = .file(try bytes(words[2]), permissions: permissions)
            default: throw strange()
            }
        }
        return found
    }

    /// The guest's makedumpfile.
    func makedumpfile() throws -> Makedumpfile {
        Makedumpfile(words: try run("kdump/makedumpfile.sh", [], purpose: "tell its makedumpfile's version").text)
    }

    /// Brings files to what they are to be.
    func apply(_ edits: [(path: String, file: GuestFile)]) throws {
        let scratch = try UnfinishedFolder.scratch("kdump", in: work)
        defer { withExtendedLifetime(scratch.path) {} }
        let folder = scratch.path
        var written: [String] = []
        var removed: [String] = []
        for (path, file) in edits {
            let relative = FilePath(path).components.map(\.string).joined(separator: "/")
            let place = folder.pushing(FilePath(relative))
            switch file {
            case .file(let bytes, let permissions):
                try Files.makeDirectory(place.removingLastComponent())
                try Files.writeAtomically(bytes, to: place, isDurable: false)
                try Files.setMode(place, mode_t(permissions))
                written.append(relative)
            case .link(let target):
                try Files.makeDirectory(place.removingLastComponent())
                try posix("make \(place)") { symlink(target, place.string) }
                written.append(relative)
            case .absent: removed.append(path)
            case .opaque, .other: break
            }
        }
        var archive: [UInt8] = []
        if !written.isEmpty {
            let packing = Command(Tar.program, ["-c", "-C", folder.string, "-f", "-", "--"] + written)
            archive = try runner.run(packing, outputLimit: 512 << 20).bytes
        }
        try run(
            "kdump/write-files.sh", ["\(written.count)"] + removed, input: archive, purpose: "take its new files")
    }

    /// Sets sysctls of its kernel, and says what they were. Those that it does not have are not in the result.
    func set(_ settings: [(name: String, value: String)]) throws -> [String: String] {
        let output = try run(
            "kdump/set-sysctls.sh", settings.map { "\($0.name)=\($0.value)" }, purpose: "set its sysctls")
        var before: [String: String] = [:]
        for line in output.text.split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { before[String(parts[0])] = String(parts[1]) }
        }
        return before
    }

    /// Runs a script of templates/ in the guest.
    @discardableResult
    func run(_ script: String, _ arguments: [String], input: [UInt8] = [], purpose: String) throws -> CommandResult {
        let result = try target.ask(templates.shell(script, arguments), input: input, limit: .seconds(180))
        guard result.isSuccess else {
            throw Failure(
                .failure, "the guest \(target.name) does not \(purpose): \(Names.printable(result.complaint))")
        }
        return result
    }

    private func bytes(_ text: String) throws -> [UInt8] {
        guard let data = Data(base64Encoded: text) else { throw strange() }
        return Array(data)
    }

    private func strange() -> Failure {
        Failure(.badInput, "the guest \(target.name) does not answer as a Debian does")
    }
}
