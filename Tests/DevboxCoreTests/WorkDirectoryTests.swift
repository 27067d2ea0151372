@testable import DevboxCore
import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("The work directory")
struct WorkDirectoryTests {
    private let scratch: ScratchDirectory
    init() throws { scratch = try ScratchDirectory() }

    private func mode(_ path: FilePath) throws -> mode_t { try Files.status(path).st_mode & 0o7777 }

    @Test("--work comes before DEVBOX_WORK, and that before ~/devbox")
    func precedence() throws {
        let environment = ["DEVBOX_WORK": scratch("variable").string, "HOME": scratch.path.string]
        #expect(
            try WorkDirectory(given: scratch("given").string, environment: environment).path == scratch("given"))
        #expect(try WorkDirectory(given: nil, environment: environment).path == scratch("variable"))
        #expect(
            try WorkDirectory(given: nil, environment: ["HOME": scratch.path.string]).path == scratch("devbox"))
    }

    @Test("a new work directory is closed to everybody else, and so are its keys")
    func modes() throws {
        let work = try WorkDirectory(given: scratch("work").string, environment: [:])
        #expect(try mode(work.path) == 0o700)
        for folder in [work.keys, work.locks, work.cache, work.records] { #expect(try mode(folder) == 0o700) }
        for folder in [work.images, work.guests, work.layers, work.share] { #expect(try mode(folder) == 0o755) }
        #expect(try Files.list(work.share) == ["build", "debug", "dumps", "notes", "packages", "sources"])
    }

    @Test("an empty directory that was there before is closed too, one with other files in it is left alone")
    func closesEmpty() throws {
        try Files.makeDirectory(scratch("empty"), mode: 0o755)
        let work = try WorkDirectory(given: scratch("empty").string, environment: [:])
        #expect(try mode(work.path) == 0o700)
        try scratch.write("", to: "used/file")
        let mode = try mode(scratch("used"))
        _ = try WorkDirectory(given: scratch("used").string, environment: [:])
        #expect(try self.mode(scratch("used")) == mode)
    }

    @Test("its path has no links, whether it is made or was there")
    func resolved() throws {
        try Files.makeDirectory(scratch("real"))
        try FileManager.default.createSymbolicLink(
            atPath: scratch("link").string, withDestinationPath: scratch("real").string)
        let given = scratch("link/work").string
        #expect(try WorkDirectory(given: given, environment: [:]).path == scratch("real/work"))
        #expect(try WorkDirectory(given: given, environment: [:]).path == scratch("real/work"))
    }

    @Test("a file in its place is wrong usage")
    func notADirectory() throws {
        let file = try scratch.write("", to: "file")
        let error = reported { _ = try WorkDirectory(given: file.string, environment: [:]) }
        #expect(error?.exitCode == .usage)
    }

    @Test("an ordinary user does not use another user's")
    func foreign() {
        // Root may use everybody's: then an ordinary user's eyes are needed, which WorkDirectory.check takes as a number.
        let error = reported { try WorkDirectory.check("/srv/w", owner: 1001, user: 1000) }
        #expect(error?.exitCode == .needsRoot)
        #expect(error?.message == "the work directory /srv/w belongs to another user (uid 1001)")
        #expect(error?.hint?.contains("--work") == true)
        #expect(reported { try WorkDirectory.check("/srv/w", owner: 1000, user: 1000) } == nil)
        #expect(reported { try WorkDirectory.check("/srv/w", owner: 1000, user: 0) } == nil)
    }

    @Test("under sudo files belong to the user who called it, and ~ is that user's")
    func sudo() throws {
        let user = try #require(getpwnam("daemon")).pointee
        let environment = ["SUDO_UID": "\(user.pw_uid)", "SUDO_GID": "\(user.pw_gid)", "HOME": "/root"]
        let owner = Owner.invoking(environment, uid: 0, gid: 0)
        #expect(owner == Owner(uid: user.pw_uid, gid: user.pw_gid, home: String(cString: user.pw_dir)))
    }

    @Test("who is not root cannot pass for somebody else with SUDO_UID")
    func sudoForged() {
        let owner = Owner.invoking(["SUDO_UID": "0", "SUDO_GID": "0", "HOME": "/home/a"], uid: 1000, gid: 1000)
        #expect(owner == Owner(uid: 1000, gid: 1000, home: "/home/a"))
    }

    @Test("root itself has its HOME")
    func root() {
        #expect(Owner.invoking(["HOME": "/root"], uid: 0, gid: 0) == Owner(uid: 0, gid: 0, home: "/root"))
    }

    @Test("asking for an existing one makes nothing")
    func existing() throws {
        let error = reported {
            _ = try WorkDirectory(given: scratch("none").string, environment: [:], mayMake: false)
        }
        #expect(try error?.exitCode == .notFound && Files.list(scratch.path).isEmpty)
    }

    @Test("guests' processes are never the host's root")
    func guestOwner() throws {
        let work = try WorkDirectory(given: scratch("work").string, environment: [:])
        #expect(work.guestOwner.uid != 0)
        #expect(try Files.status(work.share.appending("build")).st_uid == work.guestOwner.uid)
    }
}

@Suite("Where everything is in the work directory")
struct LayoutTests {
    @Test("the places that earlier devboxes used stay, so that what they left is found")
    func places() throws {
        let scratch = try ScratchDirectory()
        let work = try WorkDirectory(given: scratch("work").string, environment: [:])
        let locks: [(LockName, String)] = [
            (.guest("a"), "guest-a"), (.record("a"), "record-a"), (.kdump("a"), "kdump-a"), (.dumps("a"), "dumps-a"),
            (.image("a"), "image-a"), (.layers, "layers"), (.keys, "keys"), (.store(.dumps), "dumps"),
            (.store(.debug), "debug"), (.store(.packages), "packages"), (.downloads, "fetch"), (.aptTrees, "apt"),
        ]
        for (lock, name) in locks { #expect(work.lock(lock) == work.path.pushing(FilePath("locks/\(name)"))) }
        #expect(
            Set(CacheName.allCases.map(\.rawValue)).isSuperset(of: [
                "packages", "downloads", "indexes", "apt", "depmod", "build-ids", "notices",
            ]))
        #expect(work.bootstrapPackages(suite: "sid", architecture: .arm64) == work.path.pushing("cache/debs-sid-arm64"))
        #expect(work.recordLines(.packages) == work.path.pushing("records/packages.jsonl"))
        #expect(work.records(.debug) == work.path.pushing("records/debug"))
        #expect(work.share(.dumps) == work.path.pushing("share/dumps"))
        #expect(StoreName.debug.guestPath == "/work/debug")
        #expect(work.sshKey == work.path.pushing("keys/id_ed25519"))
        #expect(work.sshPublicKey == work.path.pushing("keys/id_ed25519.pub"))
    }
}
