import DevboxCore
@testable import Guests
import HostTools
import Images
import SystemPackage
import TestSupport

/// A work directory of a test's own.
struct TestWork {
    let scratch: ScratchDirectory
    let work: WorkDirectory
    var store: GuestStore { GuestStore(work) }

    init() throws {
        scratch = try ScratchDirectory()
        work = try WorkDirectory(given: scratch("work").string, environment: [:])
    }

    @discardableResult
    func clone(_ source: String, _ name: String) throws -> GuestRecord {
        // The disk of a guest is checked by an enclosed devbox first, and this process is none.
        if Files.exists(store.files(source).record) {
            let output = try Devbox.run("clone", source, name, work: work.path)
            guard output.status.isSuccess else {
                let lines = String(decoding: output.errorBytes, as: UTF8.self).split(separator: "\n")
                let hint = lines.first { $0.hasPrefix("hint: ") }.map { String($0.dropFirst(6)) }
                throw Failure(
                    ExitCode(rawValue: output.status.shellStatus) ?? .failure, lines.first.map(String.init) ?? "",
                    hint: hint)
            }
            return try store.load(name)
        }
        return try Cloner(work, runner: runner).clone(source, as: name, CloneOptions(command: "test"))
    }

    /// Opens a guest as the next command does.
    func opened(_ name: String) throws -> StoppedGuest {
        try StoppedGuest(name, in: store, for: "test", runner: runner)
    }

    /// Throws unless QEMU and e2fsck find a guest's disk sound.
    func check(_ name: String) throws {
        let disk = store.files(name).disk
        let raw = scratch("check-\(name).raw")
        try tool("qemu-img", "check", "-q", "-f", "qcow2", disk.string)
        try tool("qemu-img", "convert", "-f", "qcow2", "-O", "raw", disk.string, raw.string)
        try tool("e2fsck", "-fn", raw.string)
        try Files.remove(raw)
    }

    /// A file of a guest's disk.
    func text(_ name: String, _ path: String) throws -> String? { try opened(name).openRoot().text(path) }

    /// Each file of a guest's disk or an image's, as the real debugfs copies it out: path, and digest or link.
    func listing(_ disk: FilePath) throws -> [String: String] {
        let folder = try ScratchDirectory()
        try tool("qemu-img", "convert", "-f", "qcow2", "-O", "raw", disk.string, folder("raw").string)
        try Files.makeDirectory(folder("all"))
        try tool("debugfs", "-R", "rdump / \(folder("all"))", folder("raw").string)
        let lines = try tool(
            "sh", "-c",
            "cd \"$1\" && find . -mindepth 1 -printf '%y %m %P %l\\n' && find . -type f -exec sha256sum {} +", "sh",
            folder("all").string)
        var result: [String: String] = [:]
        for line in lines.split(separator: "\n") {
            let words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
            if words[0].count == 64 {
                result[String(words[2].dropFirst(2)), default: ""] += words[0]
            } else {
                result[words[2], default: ""] += "\(words[0]) \(words[1]) \(words.dropFirst(3).joined(separator: " "))"
            }
        }
        return result
    }
}
