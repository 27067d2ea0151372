import DevboxCore
@testable import HostTools
import SystemPackage
import TestSupport
import Testing

@Suite("Arguments of the host's programs")
struct ArgumentsTests {
    @Test("ext4 is made alike whatever the host's mke2fs.conf turns on: the e2fsck of an older guest reads it")
    func ext4() throws {
        let scratch = try ScratchDirectory()
        let settings = try scratch.write(
            """
            [defaults]
            base_features = sparse_super,large_file,filetype,resize_inode,dir_index,ext_attr
            blocksize = 1024
            inode_ratio = 65536
            [fs_types]
            ext4 = {
                features = has_journal,extent,64bit,metadata_csum,orphan_file,metadata_csum_seed,casefold
                inode_size = 512
            }
            """, to: "mke2fs.conf")
        var disks: [[UInt8]] = []
        for settings in [nil, settings.string] {
            let disk = scratch("disk.raw")
            try Files.remove(disk)
            try tool("truncate", "-s", "64M", disk.string)
            var command = Mke2fs.ext4(disk, label: "root", uuid: "11111111-2222-4333-8444-555555555555", epoch: 1 << 30)
            if let settings { command.environment["MKE2FS_CONFIG"] = settings }
            try runner.run(command)
            disks.append(try Files.read(disk, limit: 64 << 20))
            let text = try tool("dumpe2fs", "-h", disk.string)
            #expect(
                !text.contains("orphan_file") && !text.contains("metadata_csum_seed") && text.contains("extra_isize"))
        }
        #expect(disks[0] == disks[1])
    }

    @Test("qemu-img is always told the format")
    func qemuImg() {
        #expect(
            QemuImg.snapshot(.create, "s", of: "/w/d,1.qcow2").arguments == [
                "snapshot", "-c", "s", "-q", "--image-opts",
                "driver=qcow2,file.driver=file,file.filename=/w/d,,1.qcow2",
            ])
        #expect(QemuImg.snapshot(.apply, "s", of: "/d").arguments.prefix(3) == ["snapshot", "-a", "s"])
        #expect(QemuImg.snapshot(.delete, "s", of: "/d").arguments.prefix(3) == ["snapshot", "-d", "s"])
        #expect(QemuImg.check("/d").arguments == ["check", "-q", "-f", "qcow2", "/d"])
        #expect(QemuImg.check("/d", repair: "all").arguments == ["check", "-q", "-f", "qcow2", "-r", "all", "/d"])
        #expect(
            QemuImg.convert("/s", format: "raw", to: "/t", as: "qcow2").arguments
                == ["convert", "-f", "raw", "-O", "qcow2", "/s", "/t"])
        #expect(
            QemuImg.convert("/s", format: "raw", to: "/t", as: "qcow2", tells: true).arguments.prefix(2) == [
                "convert", "-p",
            ])
        #expect(
            QemuImg.convert(alone: "/a \"b\"\\\t", format: "vmdk", to: "/t", as: "raw").arguments == [
                "convert", "-p", "-O", "raw",
                #"json:{"driver":"vmdk","backing":null,"file":{"driver":"file","filename":"/a \"b\"\\\u0009"}}"#, "/t",
            ])
        #expect(QemuImg.info("/d", format: "raw").arguments == ["info", "-U", "--output=json", "-f", "raw", "/d"])
        #expect(QemuImg.resize("/d", to: 5 << 30).arguments == ["resize", "-q", "-f", "qcow2", "/d", "5368709120"])
    }

    @Test("qemu-img takes snapshots of a disk with a comma in its path")
    func qemuImgComma() throws {
        let scratch = try ScratchDirectory()
        let disk = scratch("a,b,,c.qcow2")
        try tool("qemu-img", "create", "-q", "-f", "qcow2", disk.string, "1M")
        try runner.run(QemuImg.snapshot(.create, "devbox-1", of: disk))
        #expect(try tool("qemu-img", "snapshot", "-l", disk.string).contains("devbox-1"))
        try runner.run(QemuImg.snapshot(.delete, "devbox-1", of: disk))
        #expect(try !tool("qemu-img", "snapshot", "-l", disk.string).contains("devbox-1"))
    }

    @Test("the storage daemon exports a disk whose path has commas, or a partition of it")
    func storageDaemon() {
        #expect(
            StorageDaemon.export("/w,x/d,.qcow2", partition: nil, at: "/run/e,", pidFile: "/run/p").arguments == [
                "--daemonize", "--pidfile", "/run/p",
                "--blockdev", "driver=file,node-name=file,discard=unmap,filename=/w,,x/d,,.qcow2",
                "--blockdev", "driver=qcow2,node-name=disk,file=file,discard=unmap",
                "--export", "type=fuse,id=export,writable=on,node-name=disk,mountpoint=/run/e,,",
            ])
        #expect(
            StorageDaemon.export("/d", partition: (1 << 20, 5 << 20), at: "/e", pidFile: "/p").arguments == [
                "--daemonize", "--pidfile", "/p",
                "--blockdev", "driver=file,node-name=file,discard=unmap,filename=/d",
                "--blockdev", "driver=qcow2,node-name=disk,file=file,discard=unmap",
                "--blockdev", "driver=raw,node-name=part,file=disk,discard=unmap,offset=1048576,size=5242880",
                "--export", "type=fuse,id=export,writable=on,node-name=part,mountpoint=/e",
            ])
    }

    @Test("a comma is doubled even where a combining character follows it")
    func escapeCombining() {
        #expect(Array(StorageDaemon.escape("/a,\u{301}b").utf8) == Array("/a,,\u{301}b".utf8))
        #expect(QemuImg.check("/a,\u{301}").arguments.last == "/a,\u{301}")
        let option = QemuImg.snapshot(.create, "s", of: "/a,\u{301}").arguments.last ?? ""
        #expect(Array(option.utf8).suffix(6) == Array("/a,,\u{301}".utf8))
    }

    @Test("LXC commands name the folder, the container and a log")
    func lxc() {
        #expect(
            LXC.start("g", in: "/run/lxc", log: "/run/log").arguments
                == ["-F", "-P", "/run/lxc", "-n", "g", "-o", "/run/log", "-l", "ERROR"])
        #expect(
            LXC.execute(["ls", "-l"], name: "g", in: "/run/lxc", config: "/run/c", log: "/run/log").arguments == [
                "-q", "-P", "/run/lxc", "-n", "g", "-f", "/run/c", "-o", "/run/log", "-l", "ERROR", "--", "ls", "-l",
            ])
        #expect(
            LXC.attach(["ls", "-l"], name: "g", in: "/run/lxc", variables: ["PATH": "/bin", "HOME": "/root"]).arguments
                == [
                    "-P", "/run/lxc", "-n", "g", "--clear-env", "-v", "HOME=/root", "-v", "PATH=/bin", "--", "ls", "-l",
                ])
    }

    @Test("a sandbox is unshare with PID and mount namespaces whose members die with it")
    func unshare() {
        let command = Command(Program("true", package: "coreutils", for: "tests"), ["x"], environment: ["A": "1"])
        #expect(
            Unshare.enclose(command, asUser: false)
                == Command(
                    Unshare.program,
                    [
                        "--mount", "--pid", "--fork", "--kill-child=SIGKILL", "--mount-proc", "--propagation",
                        "private", "--",
                        "true", "x",
                    ], environment: ["A": "1"]))
        #expect(
            Unshare.enclose(command, asUser: true).arguments.prefix(3) == [
                "--user", "--map-current-user", "--keep-caps",
            ])
        #expect(
            Unshare.enclose(command, asUser: true).arguments.dropFirst(3)
                == Unshare.enclose(command, asUser: false).arguments[...])
    }

    @Test("an ordinary user's container has a namespace with all the user's ids and the own cgroup at its top")
    func userContainer() {
        let command = Command(Program("true", package: "coreutils", for: "tests"), [])
        #expect(
            Unshare.encloseContainer(command).arguments
                == ["--user", "--map-root-user", "--map-auto", "--cgroup"]
                + Unshare.enclose(command, asUser: false).arguments)
    }

    @Test("a scope of the user's systemd is delegated, and is found by the two variables that lead there")
    func scope() {
        let command = Command(Program("true", package: "coreutils", for: "tests"), ["x"], environment: ["A": "1"])
        let scope = SystemdRun.scope(command, inherited: ["XDG_RUNTIME_DIR": "/run/user/7", "SHELL": "/bin/sh"])
        #expect(
            scope.arguments
                == ["--user", "--scope", "--quiet", "--collect", "--property=Delegate=yes", "--", "true", "x"])
        #expect(scope.environment == ["A": "1", "XDG_RUNTIME_DIR": "/run/user/7"])
    }

    @Test("fuse2fs stays in the foreground, and leaves permissions to the kernel")
    func fuse2fs() {
        #expect(
            Fuse2fs.mount("/d.raw", isWritable: true, at: "/r").arguments
                == ["-f", "-o", "fakeroot,allow_other,default_permissions", "/d.raw", "/r"])
        #expect(
            Fuse2fs.mount("/d.raw", isWritable: false, at: "/r").arguments
                == ["-f", "-o", "fakeroot,allow_other,default_permissions,ro", "/d.raw", "/r"])
    }

    @Test("a command joins a container by way of its user's namespace, or without its cgroup")
    func attachAsUser() {
        let attach = LXC.attach(["id"], name: "g", in: "/l", variables: [:], staysInCgroup: true)
        #expect(
            attach.arguments == ["-P", "/l", "-n", "g", "--clear-env", "--elevated-privileges=CGROUP", "--", "id"])
        let joined = LXC.attach(["id"], name: "g", in: "/l", variables: [:])
        #expect(
            Nsenter.user(of: 42, joined).arguments
                == ["--user", "--target", "42", "--", "lxc-attach"] + joined.arguments)
    }

    @Test("a further mount namespace is private, and what is behind -- is no option of unshare's")
    func mountNamespace() {
        #expect(
            Unshare.withMounts(["/bin/sh", "-c", "x"]).arguments == [
                "--mount", "--propagation", "private", "--", "/bin/sh", "-c", "x",
            ])
    }

    @Test("QEMU runs as the guests' user without any capability")
    func setpriv() {
        let command = Command(Program("qemu", package: "p", for: "tests"), ["-S"])
        let owner = Owner(uid: 1000, gid: 1001, home: "/")
        #expect(
            Setpriv.run(command, as: owner, group: 106).arguments == [
                "--reuid=1000", "--regid=1001", "--groups=106", "--inh-caps=-all", "--bounding-set=-all",
                "--no-new-privs", "--",
                "qemu", "-S",
            ])
        #expect(Setpriv.run(command, as: owner, group: nil).arguments[2] == "--clear-groups")
    }

    @Test("host keys are ed25519 without a passphrase")
    func keygen() {
        #expect(
            SSHKeygen.generate("/k", comment: "root@a").arguments
                == ["-q", "-t", "ed25519", "-N", "", "-C", "root@a", "-f", "/k"])
    }
}
