import DevboxCore
import Guests
import HostTools
import SystemPackage
import Targets

/// Removes dumps from a guest.
struct DumpRemoval {
    private let guests: GuestStore
    private let runner: Runner

    init(_ guests: GuestStore, runner: Runner) {
        (self.guests, self.runner) = (guests, runner)
    }

    private static let limit = Duration.seconds(600)
    /// So many fit on a command line by far.
    private static let filesAtOnce = 1000

    /// - Parameter isRunning: whether the guest ran when its dumps were copied.
    func remove(_ dumps: [DumpCandidate], from name: String, isRunning: Bool) throws {
        // Messages go first: the folder is empty with the dump.
        let files = dumps.flatMap { [$0.messages, $0.dump] }.compactMap { $0 }
        guard !files.isEmpty else { return }
        if isRunning {
            guard let running = try GuestTargets(guests, runner: runner).alsoRunning.running(name) else {
                throw Failure(.busy, "the guest \(name) has ended meanwhile", hint: "try again")
            }
            try remove(files, from: running)
        } else {
            try GuestChange(name, for: "dumps", in: guests, runner: runner).transact { change in
                try remove(files, from: change)
            }
        }
    }

    private func remove(_ files: [CrashEntry], from target: any Target) throws {
        for words in try commands(files) {
            var command = TargetCommand(words, limit: Self.limit)
            command.output = .null
            try check(target.run(command).status, target.name)
        }
    }

    private func commands(_ files: [CrashEntry]) throws -> [[String]] {
        let templates = guests.templates
        return try stride(from: 0, to: files.count, by: Self.filesAtOnce).map { start in
            let some = files[start..<min(files.count, start + Self.filesAtOnce)]
            let words = some.flatMap { [$0.path, "\($0.size)", "\($0.modified)"] }
            return try templates.shell("dumps/remove.sh", [some.first?.root ?? ""] + words)
        }
    }

    private func check(_ status: Int32, _ name: String) throws {
        guard status == 0 else {
            throw Failure(
                .failure, "cannot remove the dumps from \(name): the command there ended with status \(status)")
        }
    }
}
