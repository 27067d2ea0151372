import DevboxCore
import Glibc
import HostTools
import SystemPackage
import TestSupport
import Testing

@testable import Sandbox

@Suite("Containers as an ordinary user")
struct UserContainersTests {
    private func refusal(_ host: UserContainers) -> Failure? {
        do {
            try host.check(asRoot: "sudo devbox start g")
            return nil
        } catch {
            return error as? Failure
        }
    }

    @Test("A host that lacks everything is told everything at once, each with what to do, and ends with 69")
    func allMissing() throws {
        var host = UserContainers()
        host.user = "ann"
        host.missingPrograms = [IDMapPrograms.users, IDMapPrograms.groups, Fuse2fs.program]
        (host.hasUserIDs, host.hasGroupIDs, host.mapsIDs, host.hasFUSE, host.opensFUSE) = (
            false, false, false, false, false
        )
        host.cgroup = .none
        let failure = try #require(refusal(host))
        #expect(failure.exitCode == .missing)
        for what in [
            "newuidmap is missing", "newgidmap is missing", "fuse2fs is missing", "/etc/subuid gives ann no 65536 ids",
            "/etc/subgid gives ann no 65536 ids", "the host has no /dev/fuse",
            "no cgroup of version 2 is delegated to ann",
        ] {
            #expect(failure.message.contains(what))
        }
        #expect(!failure.message.contains("user namespace"), "it follows from what was named")
        let hint = try #require(failure.hint)
        for what in [
            "apt-get install fuse2fs uidmap", "usermod --add-subuids", "usermod --add-subgids", "modprobe fuse",
            "log in",
            "sudo devbox start g",
        ] {
            #expect(hint.contains(what))
        }
    }

    @Test("A host that has everything has no complaint; where no namespace can be made for no reason seen, that is it")
    func namespace() throws {
        var host = UserContainers()
        #expect(refusal(host) == nil)
        host.cgroup = .scope
        #expect(refusal(host) == nil)
        host.mapsIDs = false
        #expect(try #require(refusal(host)).message.contains("no user namespace"))
        host.mapsIDs = true
        host.opensFUSE = false
        #expect(try #require(refusal(host)).message.contains("/dev/fuse is closed"))
    }

    @Test("Ids count that subuid(5) gives the user by name or number, enough of them")
    func subordinateIDs() {
        let text = "root:100000:65536\nann:200000:65536\nbob:300000:1000\n1003:400000:65535\n"
        #expect(UserIDs.isGiven(text, to: "ann", uid: 1001))
        #expect(!UserIDs.isGiven(text, to: "an", uid: 100))
        #expect(!UserIDs.isGiven(text, to: "bob", uid: 1002))
        #expect(UserIDs.isGiven(text, to: "cyd", uid: 1003))
    }

    @Test("A container's ids are the namespace's, border by border, and no more than a container has")
    func ranges() {
        #expect(UserIDs.ranges("  0  7015  1\n  1 100000  65535\n") == [0..<1, 1..<65536])
        #expect(UserIDs.ranges("0 7015 1\n1 100000 100000\n200000 1 5\n") == [0..<1, 1..<65536])
    }

    @Test("A namespace has enough only with enough users and enough groups")
    func enough() {
        let (enough, few) = ("0 7015 1\n1 100000 65535\n", "0 7015 1\n1 100000 65534\n")
        #expect(UserIDs.isEnough(enough + enough))
        #expect(!UserIDs.isEnough(enough + few))
        #expect(!UserIDs.isEnough(few + enough))
        #expect(!UserIDs.isEnough(enough))
        #expect(!UserIDs.isEnough(""))
    }

    private let hybrid = """
        25 1 0:22 / /sys/fs/cgroup rw - tmpfs tmpfs rw
        26 25 0:23 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu
        27 25 0:24 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw
        """

    @Test("The own cgroup is found below the version 2 tree, wherever and however much of it is mounted")
    func ownCgroup() {
        let cgroup = "2:cpu:/x\n0::/user.slice/a.scope\n"
        #expect(
            DelegatedCgroup.folders(of: cgroup, mountinfo: hybrid) == ["/sys/fs/cgroup/unified/user.slice/a.scope"])
        let part = "27 25 0:24 /user.slice /mnt rw - cgroup2 cgroup2 rw"
        #expect(DelegatedCgroup.folders(of: cgroup, mountinfo: part) == ["/mnt/a.scope"])
        let other = "27 25 0:24 /user /mnt rw - cgroup2 cgroup2 rw"
        #expect(DelegatedCgroup.folders(of: cgroup, mountinfo: other) == [])
        #expect(DelegatedCgroup.folders(of: "2:cpu:/x\n", mountinfo: hybrid) == [])
    }

    @Test("The nearest cgroup of two is compared name by name")
    func nearest() {
        #expect(DelegatedCgroup.nearest("/a/b/c", "/a/b/d/e") == "/a/b")
        #expect(DelegatedCgroup.nearest("/a/bc", "/a/b") == "/a")
        #expect(DelegatedCgroup.nearest("/", "/a") == "/")
    }

    @Test("A cgroup is delegated where its folder and both its files are the user's to write, whoever made them so")
    func delegation() throws {
        let scratch = try ScratchDirectory()
        let folder = scratch("group")
        try Files.makeDirectory(folder)
        #expect(!DelegatedCgroup.isDelegated(folder), "it has no files")
        try Files.writeAtomically([], to: folder.appending("cgroup.procs"))
        #expect(!DelegatedCgroup.isDelegated(folder))
        try Files.writeAtomically([], to: folder.appending("cgroup.subtree_control"))
        #expect(DelegatedCgroup.isDelegated(folder))
    }

    @Test("What LXC does well without as a user is no complaint; what comes after it is")
    func complaint() {
        let harmless = """
            lxc-start g 1 ERROR    cgroup2_devices - f.c:bpf_program_load_kernel:332 - Operation not permitted - Failed to load
            lxc-start g 1 ERROR    cgfsng - f.c:__cgfsng_delegate_controllers:3341 - Device or resource busy - Could not enable
            """
        #expect(Container.complaint(in: harmless) == "")
        #expect(
            Container.complaint(
                in: harmless + "\nlxc-start g 1 ERROR    conf - f.c:x:1 - No such file - Failed to mount"
            )
            .contains("Failed to mount"))
    }
}
