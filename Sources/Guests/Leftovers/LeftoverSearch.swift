import DevboxCore
import Glibc
import HostTools
import Sandbox
import SystemPackage

/// Looks for what killed devboxes left, and cleans it away.
///
/// Locks alone decide what is in use: whoever fills a folder holds a lock on it, and a guest's lock is held as long as
/// it runs or is changed. What is locked is neither touched nor listed.
public struct LeftoverSearch {
    private let store: GuestStore
    private let runner: Runner
    private let fix: Bool

    /// - Parameters:
    ///   - store: the guests of the work directory to look through.
    ///   - fix: whether what is found is cleaned away; else it is only listed.
    public init(_ store: GuestStore, fix: Bool, runner: Runner) {
        (self.store, self.fix, self.runner) = (store, fix, runner)
    }

    /// Everything that was found.
    public func run() throws -> [Leftover] {
        var found = try unfinishedFolders(in: store.work.images) + unfinishedFolders(in: store.work.guests)
        let dumps = store.work.share.appending("dumps")
        for guest in try Files.list(dumps) where Names.isValid(guest) {
            found += try unfinishedFolders(in: dumps.appending(guest))
        }
        var containers: Set<String> = []
        for name in try Files.list(store.work.guests) where Names.isValid(name) {
            if let record = try? store.load(name) { containers.insert(record.containerName) }
            found += try inGuest(name)
        }
        // Guests first: a transaction that is undone may set layers free.
        return found + orphanedLayers() + strayCgroups(except: containers)
    }

    private func orphanedLayers() -> [Leftover] {
        do {
            return try LayerSweep.run(store, dryRun: !fix).map { name in
                var layer = Leftover(.orphanedLayer, store.work.layers.appending(name))
                layer.isCleaned = fix
                return layer
            }
        } catch {
            // As long as one guest cannot be read, nobody knows what it stands on.
            runner.console.warn("which layers are in use cannot be told: \(reason(error))")
            return []
        }
    }

    private func unfinishedFolders(in directory: FilePath) throws -> [Leftover] {
        try Files.list(directory).filter { $0.hasPrefix(UnfinishedFolder.prefix) }.compactMap { name in
            let path = directory.appending(name)
            guard let folder = try? Files.open(path, .readOnly, [.directory, .noFollow]) else { return nil }
            defer { try? folder.close() }
            guard flock(folder.rawValue, LOCK_EX | LOCK_NB) == 0 else { return nil }
            return clean(Leftover(.unfinishedFolder, path)) { try Files.removeTree(path) }
        }
    }

    private func inGuest(_ name: String) throws -> [Leftover] {
        let files = store.files(name)
        guard Files.exists(files.record) else { return [] }
        let lock: FileLock
        do {
            lock = try store.lock(name, for: "doctor", patience: .zero)
        } catch let error as Failure where error.exitCode == .busy {
            return []
        }
        var found: [Leftover] = []
        if let record = try? store.load(name) {
            let container = record.containerName
            for path in ContainerCgroups.trees where Files.exists(path.appending(container)) {
                found.append(
                    clean(Leftover(.cgroup, path.appending(container), guest: name)) {
                        ContainerCgroups.remove(container, in: path)
                        if Files.exists(path.appending(container)) {
                            throw Failure(.needsRoot, "only root can remove it")
                        }
                    })
            }
        }
        let entries = try Files.list(files.path)
        var inFolder: [Leftover] = []
        for entry in entries {
            guard let kind = Leftover.kind(ofEntry: entry) else { continue }
            let leftover = Leftover(kind, files.path.appending(entry), guest: name)
            switch kind {
            // These nobody else knows what to do with; the others are put right by opening the guest.
            case .unfinishedFolder, .temporaryFile:
                found.append(clean(leftover) { try Files.removeTree(files.path.appending(entry)) })
            default: inFolder.append(leftover)
            }
        }
        return found + open(name, holding: lock, for: inFolder)
    }

    /// Opens a guest, which ends its transaction and finishes its change.
    private func open(_ name: String, holding lock: consuming FileLock, for leftovers: [Leftover]) -> [Leftover] {
        guard fix, !leftovers.isEmpty else { return leftovers }
        var failure: String?
        do {
            _ = try StoppedGuest(name, in: store, holding: lock, runner: runner)
        } catch {
            failure = reason(error)
        }
        return leftovers.map { leftover in
            var leftover = leftover
            leftover.isCleaned = !Files.exists(FilePath(leftover.path))
            leftover.note = leftover.isCleaned ? nil : failure
            return leftover
        }
    }

    /// Those of guests that this work directory does not have: another one's, or a removed guest's. They have no lock
    /// that could be asked, so they are only listed, and only where no process is in them.
    private func strayCgroups(except known: Set<String>) -> [Leftover] {
        ContainerCgroups.trees.flatMap { top in
            ((try? Files.list(top)) ?? []).filter { $0.hasPrefix("devbox-") && !known.contains($0) }.compactMap {
                name in
                let events = (try? Files.text(top.appending(name).appending("cgroup.events"), limit: 4096)) ?? ""
                guard events.split(separator: "\n").contains("populated 0") else { return nil }
                return Leftover(.cgroup, top.appending(name), note: "it is of no guest in this work directory")
            }
        }
    }

    private func clean(_ leftover: Leftover, _ body: () throws -> Void) -> Leftover {
        guard fix else { return leftover }
        var leftover = leftover
        do {
            try body()
            leftover.isCleaned = true
        } catch {
            leftover.note = reason(error)
        }
        return leftover
    }

    private func reason(_ error: any Error) -> String { (error as? any ReportableError)?.message ?? "\(error)" }
}
