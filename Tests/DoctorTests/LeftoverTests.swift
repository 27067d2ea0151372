import DevboxCore
import Foundation
import Glibc
import HostTools
import Stores
import SystemPackage
import Testing

@testable import Doctor
@testable import Guests
import Sandbox

@Suite("What killed devboxes leave")
struct LeftoverTests {
    @Test(
        "What is in a guest's folder is told apart from what was left in it",
        arguments: [
            ("run", Leftover.Kind.staleRun), ("transaction.json", .openTransaction), ("pending", .pendingChange),
            ("disk.new", .temporaryFile), (".guest.json.4711.tmp", .temporaryFile),
            (".new-pending-12-1", .unfinishedFolder),
        ])
    func kinds(name: String, kind: Leftover.Kind) {
        #expect(Leftover.kind(ofEntry: name) == kind)
    }

    @Test(
        "What belongs to a guest is no leftover",
        arguments: ["disk.qcow2", "guest.json", "boot", "console.log", ".hidden", "notes.tmp", "runner", "new-pending"])
    func belongings(name: String) {
        #expect(Leftover.kind(ofEntry: name) == nil)
    }

    @Test("Version 2 control groups are found wherever they are mounted")
    func cgroupMounts() {
        let mounts = """
            tmpfs /sys/fs/cgroup tmpfs rw 0 0
            cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0
            cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0
            """
        #expect(ContainerCgroups.mountPoints(in: mounts) == ["/sys/fs/cgroup/unified"])
    }
}

@Suite("Looking through a work directory")
struct LeftoverSearchTests {
    private func withStore(_ body: (GuestStore) throws -> Void) throws {
        let folder = FilePath(NSTemporaryDirectory()).appending("devbox-doctor-\(UUID().uuidString)")
        defer { try? Files.removeTree(folder) }
        try body(GuestStore(try WorkDirectory(given: folder.string, environment: [:])))
    }

    /// What is found of this work directory; other ones' control groups are none of these tests' business.
    private func search(_ store: GuestStore, fix: Bool = false) throws -> [Leftover] {
        let runner = Runner(console: Console(level: .quiet, environment: [:]))
        return try LeftoverSearch(store.work, runner: runner).leftovers(cleaning: fix).filter {
            $0.path.hasPrefix(store.work.path.string)
        }
    }

    @Test("Nothing is left in a new work directory")
    func empty() throws {
        try withStore { store in
            let found = try search(store)
            #expect(found.isEmpty)
        }
    }

    @Test("An unfinished folder that nobody fills is listed, and stays until it is to be cleaned away")
    func abandoned() throws {
        try withStore { store in
            let folder = store.work.images.appending(".new-sid-7-1")
            try Files.makeDirectory(folder.appending("boot"))
            #expect(try search(store).map(\.kind) == [.unfinishedFolder])
            #expect(Files.exists(folder))
            #expect(try search(store, fix: true).map(\.isCleaned) == [true])
            #expect(!Files.exists(folder))
        }
    }

    @Test("An unfinished folder that is being filled is neither listed nor cleaned away")
    func inUse() throws {
        try withStore { store in
            let folder = try UnfinishedFolder(for: "bug-1", in: store.work.guests)
            #expect(try search(store, fix: true).isEmpty)
            #expect(Files.exists(folder.path))
        }
    }

    @Test("A layer that nobody stands on is cleaned away")
    func orphan() throws {
        try withStore { store in
            let layer = store.work.layers.appending("0123456789abcdef")
            try Files.makeDirectory(layer)
            #expect(try search(store).map(\.kind) == [.orphanedLayer])
            #expect(try search(store, fix: true).map(\.isCleaned) == [true])
            #expect(!Files.exists(layer))
        }
    }

    @Test("A guest that somebody holds is left alone")
    func heldGuest() throws {
        try withStore { store in
            let files = store.files("bug-1")
            try Files.makeDirectory(files.run)
            try Files.writeAtomically(Array("{}".utf8), to: files.record)
            do {
                let lock = try store.lock("bug-1", for: "exec")
                #expect(try search(store, fix: true).isEmpty)
                _ = lock.descriptor
            }
            #expect(try search(store).map(\.kind) == [.staleRun])
        }
    }

    @Test("What cannot be cleaned away says why")
    func damagedGuest() throws {
        try withStore { store in
            let files = store.files("bug-1")
            try Files.makeDirectory(files.run)
            try Files.writeAtomically(Array("nonsense".utf8), to: files.record)
            let found = try search(store, fix: true)
            #expect(found.map(\.isCleaned) == [false])
            #expect(found.first?.note?.contains("cannot be read") == true)
        }
    }
}
