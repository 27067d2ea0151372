import DevboxCore
import Glibc
import HostTools
import SystemPackage
import TestSupport
import Testing

extension IntegrationTests {
    @Suite("Images and guests", .serialized)
    struct StoreTests {
        let bed: TestBed

        init() throws { bed = try TestBed.shared.get() }

        @Test("the same packages give the same disk")
        func reproducible() throws {
            defer { _ = try? bed.run("image", "remove", "again", "once-more") }
            var (first, second) = (TestBed.image, "again")
            try bed.run("image", "build", second, limit: .seconds(1200)).succeeded()
            if try packages(first) != packages(second) {
                // The archive has other ones since the tests' image was built.
                (first, second) = (second, "once-more")
                try bed.run("image", "build", second, limit: .seconds(1200)).succeeded()
            }
            #expect(try packages(first) == packages(second))
            #expect(try digest(first) == digest(second))
        }

        /// The names and versions of an image's packages.
        private func packages(_ image: String) throws -> [String] {
            let report = try bed.run("image", "show", image, "--json").succeeded().out
            let list = try #require(
                try RecordFile.decode(JSONValue.self, from: report.utf8)["origin"]?["packages"]?.array)
            return list.map { "\($0["name"]?.string ?? "") \($0["version"]?.string ?? "")" }
        }

        @Test("twenty clones at once are twenty guests, each with an identity of its own")
        func manyClones() throws {
            let names = (1...20).map { "many-\($0)" }
            defer { _ = try? bed.run(["remove"] + names) }
            let scratch = try ScratchDirectory()
            let list = try scratch.write(names.joined(separator: "\n"), to: "names")
            try tool(
                "xargs", "-a", list.string, "-P", "20", "-I", "NAME", "env", "DEVBOX_WORK=\(bed.work)",
                Devbox.program.name, "clone",
                "-q", TestBed.image, "NAME")
            var seen: Set<String> = []
            for name in names {
                let record = try RecordFile.decode(
                    JSONValue.self, from: try bed.run("show", name, "--json").succeeded().out.utf8)
                for key in ["hostname", "machineID", "macAddress", "sshHostKey"] {
                    seen.insert(record["identity"]?[key]?.string ?? "")
                }
            }
            #expect(seen.count == 80)
            try bed.checkDisk("many-7")
        }

        @Test("of two writers on one guest the second waits, and then gives up with 75 and the first one's name")
        func twoWriters() throws {
            try bed.withGuest("busy") { guest in
                let marker = bed.work.appending("share/notes/\(guest)")
                defer { try? Files.remove(marker) }
                var first = try ChildProcess(
                    bed.command(["exec", guest, "--", "sh", "-c", "touch /work/notes/\(guest); sleep 60"]),
                    output: .null, error: .null)
                try TestBed.wait(for: "command that runs") { Files.exists(marker) }
                let second = try bed.run("snapshot", guest)
                #expect(second.status == 75)
                #expect(second.err.contains("in use by devbox exec"))
                first.end()
                #expect(try bed.run("exec", guest, "--", "true").status == 0)
            }
        }

        @Test("a snapshot brings the disk back, again and again, and clones of clones keep what they stand on")
        func snapshots() throws {
            try bed.withGuest("snap") { guest in
                func state() throws -> String { try bed.run("exec", guest, "--", "cat", "/root/state").out }
                func set(_ text: String) throws {
                    try bed.run("exec", guest, "--", "sh", "-c", "echo \(text) > /root/state").succeeded()
                }
                try set("one")
                try bed.run("snapshot", guest, "first").succeeded()
                #expect(try bed.run("snapshot", guest, "first").status == 73)
                try set("two")
                try bed.run("clone", guest, "\(guest)-2").succeeded()
                try bed.run("clone", "\(guest)-2", "\(guest)-3").succeeded()
                for _ in 1...2 {
                    try bed.run("rollback", guest).succeeded()
                    #expect(try state() == "one\n")
                    try set("three")
                }
                #expect(try bed.run("show", guest).out.contains("first"))
                #expect(try bed.run("rollback", guest, "none").status == 66)
                try bed.run("remove", "\(guest)-2").succeeded()
                #expect(
                    try bed.run("exec", "\(guest)-3", "--", "cat", "/root/state", "/etc/hostname").out
                        == "two\n\(guest)-3\n")
                try bed.run("remove", "\(guest)-3").succeeded()
                try bed.run("snapshot", guest, "first", "--remove").succeeded()
                #expect(try state() == "three\n")
                #expect(try bed.run("image", "remove", TestBed.image).status == 75)
            }
        }

        @Test(
            "a disk with a partition table is imported, started as a container, and its cloud-init kept from undoing the identity"
        )
        func importPartitioned() throws {
            let scratch = try ScratchDirectory()
            let disk = try partitionedDisk(in: scratch)
            let before = try tool("sha256sum", disk.string)
            defer { _ = try? bed.run("image", "remove", "imported") }
            try bed.run("image", "import", disk.string, "--name", "imported").succeeded()
            #expect(try tool("sha256sum", disk.string) == before)
            let shown = try bed.run("image", "show", "imported").out
            #expect(shown.contains("at byte 1048576") && shown.contains("Trusted:  no"), "\(shown)")
            try bed.run("image", "trust", "imported").succeeded()
            #expect(try bed.run("image", "show", "imported").out.contains("Trusted:  yes"))
            defer { _ = try? bed.run("remove", "--force", "from-import") }
            try bed.run("clone", "imported", "from-import").succeeded()
            #expect(try bed.run("exec", "from-import", "--", "cat", "/etc/hostname").out == "from-import\n")
            try bed.run("start", "--mode", "lxc", "from-import").succeeded()
            #expect(try bed.run("exec", "from-import", "--", "hostname").out == "from-import\n")
            let settings = try bed.run(
                "exec", "from-import", "--", "sh", "-c", "cat /etc/cloud/cloud.cfg.d/99-devbox.cfg"
            ).out
            #expect(settings.contains("preserve_hostname: true"))
            let refused = try bed.run("exec", "--in", "container", "from-import", "--", "hostname")
            #expect(refused.status == 125 && refused.err.contains("from-import runs already"), "\(refused.err)")
            try bed.run("stop", "from-import").succeeded()
        }

        @Test(
            "a compressed VMDK with sectors of 4096 bytes and multi-mount protection is imported with --convert, and runs as both"
        )
        func importConverted() throws {
            let scratch = try ScratchDirectory()
            let disk = try partitionedDisk(in: scratch, sectorSize: 4096)
            let packed = scratch("disk.vmdk")
            try tool("qemu-img", "convert", "-f", "raw", "-O", "vmdk", disk.string, packed.string)
            try tool("gzip", "-1", packed.string)
            let refused = try bed.run("image", "import", "\(packed).gz", "--name", "converted")
            #expect(refused.status == 65 && refused.err.contains("it is compressed (gzip)"))
            #expect(refused.err.contains("--convert"))
            defer { _ = try? bed.run("image", "remove", "converted") }
            try bed.run("image", "import", "\(packed).gz", "--name", "converted", "--convert", "--trusted").succeeded()
            defer { _ = try? bed.run("remove", "--force", "from-vmdk") }
            try bed.run("clone", "converted", "from-vmdk").succeeded()
            #expect(try bed.run("exec", "from-vmdk", "--", "cat", "/etc/hostname").out == "from-vmdk\n")
            try bed.run("start", "--mode", "kvm", "from-vmdk").succeeded()
            let seen = try bed.run(
                "exec", "from-vmdk", "--", "sh", "-c",
                "findmnt -no SOURCE /; cat /sys/block/vda/queue/logical_block_size")
            #expect(seen.out == "/dev/vda1\n4096\n", "\(seen.err)")
            // The disk knows nothing of the share: devbox mounts it over ssh.
            let share = try bed.run("exec", "from-vmdk", "--", "sh", "-c", "hostname; ls /work")
            #expect(share.out.hasPrefix("from-vmdk\nbuild\n"), "\(share.out)")
            try bed.run("stop", "from-vmdk").succeeded()
        }

        @Test("a disk that refers to other files is refused, unless they lie beside it and are to be flattened")
        func importReferring() throws {
            let scratch = try ScratchDirectory()
            let base = bed.work.appending("images/\(TestBed.image)/disk.qcow2")
            let overlay = scratch("overlay.qcow2").string
            try tool("qemu-img", "create", "-q", "-f", "qcow2", "-b", base.string, "-F", "qcow2", overlay)
            let refused = try bed.run("image", "import", overlay, "--name", "overlay")
            #expect(refused.status == 65)
            #expect(refused.err.contains("refers to another file"))
            #expect(try bed.run("image", "import", overlay, "--name", "overlay", "--flatten").status == 65)
            try tool("cp", "--reflink=auto", base.string, scratch("base.qcow2").string)
            try tool("qemu-img", "rebase", "-u", "-f", "qcow2", "-b", "base.qcow2", "-F", "qcow2", overlay)
            #expect(try bed.run("image", "import", overlay, "--name", "overlay").status == 65)
            defer { _ = try? bed.run("image", "remove", "overlay") }
            try bed.run("image", "import", overlay, "--name", "overlay", "--flatten").succeeded()
            #expect(try bed.run("image", "list").out.contains("overlay"))
        }

        /// The base image's file system in the first partition of a GPT disk.
        ///
        /// - Parameter sectorSize: 512, or 4096: such a disk's file system is protected against several machines, besides.
        private func partitionedDisk(in scratch: ScratchDirectory, sectorSize: Int = 512) throws -> FilePath {
            let base = bed.work.appending("images/\(TestBed.image)/disk.qcow2")
            let raw = scratch("root.raw")
            let disk = scratch("disk.raw")
            try tool("qemu-img", "convert", "-f", "qcow2", "-O", "raw", base.string, raw.string)
            try tool("debugfs", "-w", "-R", "mkdir /etc/cloud", raw.string)
            try tool("debugfs", "-w", "-R", "mkdir /etc/cloud/cloud.cfg.d", raw.string)
            for unit in ["work.mount", "work.automount"] {
                try tool("debugfs", "-w", "-R", "rm /etc/systemd/system/\(unit)", raw.string)
            }
            _ = try attempt("e2fsck", "-fy", raw.string)
            try tool("resize2fs", raw.string, "1500M")
            try tool("truncate", "-s", "1500M", raw.string)
            try tool("truncate", "-s", "1504M", disk.string)
            if sectorSize == 512 {
                try tool("sfdisk", "-q", disk.string, input: "label: gpt\nstart=2048, size=3072000, type=linux\n")
            } else {
                try tool("tune2fs", "-O", "mmp", raw.string)
                // sfdisk asks the device, and a file has none.
                try tool("fdisk", "-b", "\(sectorSize)", disk.string, input: "g\nn\n1\n256\n+1502M\nw\n")
            }
            try tool("dd", "if=\(raw)", "of=\(disk)", "bs=1M", "seek=1", "conv=sparse,notrunc", "status=none")
            return disk
        }

        private func digest(_ image: String) throws -> String {
            let record = try RecordFile.decode(
                JSONValue.self, from: try bed.run("image", "show", image, "--json").succeeded().out.utf8)
            return record["disk"]?["sha256"]?.string ?? "no digest of \(image)"
        }
    }
}
