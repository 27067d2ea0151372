import DevboxCore
import Glibc
import HostTools
import Sandbox
import Stores
import SystemPackage

/// What killed devboxes leave of guests: of their clones, in their folders, among the layers, and of their containers.
public struct GuestLeftovers: LeftoverReporting {
    private let store: GuestStore
    private let runner: Runner

    /// - Parameters:
    ///   - store: the guests of the work directory to look through.
    ///   - runner: runs what puts a guest right.
    public init(_ store: GuestStore, runner: Runner) { (self.store, self.runner) = (store, runner) }

    /// Whoever fills a folder holds a lock on it, and a guest's lock is held as long as it runs or is changed.
    public func leftovers(cleaning: Bool) throws -> [Leftover] {
        var found = try AbandonedFolders(in: store.work.guests).leftovers(cleaning: cleaning)
        var containers: Set<String> = []
        for name in try Files.list(store.work.guests) where Names.isValid(name) {
            if let record = try? store.load(name) { containers.insert(record.containerName) }
            found += try inGuest(name, cleaning)
        }
        // Guests first: a transaction that is undone may set layers free.
        return found + orphanedLayers(cleaning) + strayCgroups(except: containers)
    }

    private func orphanedLayers(_ cleaning: Bool) -> [Leftover] {
        do {
            return try LayerSweep.run(store, dryRun: !cleaning).map { name in
                var layer = Leftover(.orphanedLayer, store.work.layers.appending(name))
                layer.isCleaned = cleaning
                return layer
            }
        } catch {
            // As long as one guest cannot be read, nobody knows what it stands on.
            runner.console.warn("which layers are in use cannot be told: \(reason(error))")
            return []
        }
    }

    private func inGuest(_ name: String, _ cleaning: Bool) throws -> [Leftover] {
        let files = store.files(name)
        guard Files.exists(files.record) else { return [] }
        let lock: FileLock
        do {
            lock = try store.lock(name, for: "doctor", patience: .zero)
        } catch let error as Failure where error.exitCode == .busy {
            return []
        }
        var found: [Leftover] = []
        func tell(_ leftover: Leftover, _ clean: () throws -> Void) {
            found.append(cleaning ? leftover.cleaned(by: clean) : leftover)
        }
        if let record = try? store.load(name) {
            let container = record.containerName
            for path in ContainerCgroups.trees where Files.exists(path.appending(container)) {
                tell(Leftover(.cgroup, path.appending(container), guest: name)) {
                    ContainerCgroups.remove(container, in: path)
                    if Files.exists(path.appending(container)) {
                        throw Failure(.needsRoot, "only root can remove it")
                    }
                }
            }
        }
        var inFolder: [Leftover] = []
        for entry in try Files.list(files.path) {
            guard let kind = Leftover.kind(ofEntry: entry) else { continue }
            let leftover = Leftover(kind, files.path.appending(entry), guest: name)
            switch kind {
            // These nobody else knows what to do with; the others are put right by opening the guest.
            case .unfinishedFolder, .temporaryFile:
                tell(leftover) { try Files.removeTree(files.path.appending(entry)) }
            default: inFolder.append(leftover)
            }
        }
        guard cleaning, !inFolder.isEmpty else { return found + inFolder }
        return found + open(name, holding: lock, for: inFolder)
    }

    /// Opens a guest, which ends its transaction and finishes its change.
    private func open(_ name: String, holding lock: consuming FileLock, for leftovers: [Leftover]) -> [Leftover] {
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

    private func reason(_ error: any Error) -> String { Failure(error).message }
}

extension Leftover {
    /// What a file or folder in the folder of a guest that nobody holds is left of; nil for what belongs there.
    ///
    /// - Parameter name: its name in the guest's folder.
    static func kind(ofEntry name: String) -> Kind? {
        switch name {
        case "run": .staleRun
        case "transaction.json": .openTransaction
        case "pending": .pendingChange
        case GuestFiles.spareDiskName: .temporaryFile
        default: UnfinishedFolder.isOne(name) ? .unfinishedFolder : Files.isTemporary(name) ? .temporaryFile : nil
        }
    }
}
