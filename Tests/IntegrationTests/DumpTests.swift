import Crash
import DevboxCore
import FoundationEssentials
import Glibc
import Guests
import HostTools
import SystemPackage
import TestSupport
import Testing

extension IntegrationTests {
    /// Dumps that lie in guests: real ones, cut down, and everything else that a guest may have put there.
    @Suite("Bringing dumps out", .serialized)
    struct DumpTests {
        let bed: TestBed

        init() throws { bed = try TestBed.shared.get() }

        @Test("out of a stopped guest: whole, unflattened, once, and what its kernel said is beside it")
        func stopped() throws {
            try withGuest("dumps") { guest in
                let scratch = try ScratchDirectory()
                let dump = try unpack("kdump.zlib", in: scratch)
                try put(
                    [("202611211805/dump.202611211805", try flat(dump, in: scratch)), ("kexec_cmd", dump)], in: guest)
                let before = try HostState(of: bed)
                try counted("1 in the guest, 1 not brought out: `devbox dumps \(guest)`", guest)
                let first = try bed.run("dumps", guest).succeeded()
                try counted("1 in the guest, brought out", guest)
                #expect(first.out.contains("20261121T180504Z  6.1.0-56-amd64  "))
                #expect(first.out.hasSuffix("complete  sysrq: Trigger a crash\n"))
                let folder = share(guest).appending("20261121T180504Z")
                #expect(first.err == "\(guest): brought out \(folder)\n")
                #expect(try Files.read(folder.appending("vmcore")) == (try Files.read(dump)))
                #expect(try Files.text(folder.appending("dmesg.txt")).contains("Kernel panic - not syncing: sysrq"))
                // Once more: nothing is copied.
                #expect(try bed.run("dumps", guest).succeeded().err == "")
                #expect(try Files.list(share(guest)).count == 1)
                let json = try bed.run("dumps", guest, "--json").succeeded().out
                for part in [
                    "\"title\" : \"sysrq: Trigger a crash\"", "\"source\" : \"kdump\"", "\"isComplete\" : true",
                    "\"buildID\" : \"eb4fbcd037e7253717950bf2b93bd5566f47c56f\"", "\"folder\" : \"\(folder)\"",
                    "\"path\" : \"/var/crash/202611211805/dump.202611211805\"",
                ] { #expect(json.contains(part), "\(part)") }
                // What is removed from the store is not brought out anew; what is removed from the guest is gone there.
                #expect(try bed.run("dumps", guest, "--remove", "20261121T180504Z", "--remove", "other").status == 66)
                #expect(try bed.run("dumps", "--remove", "20261121T180504Z").status == 64)
                let removed = try bed.run("dumps", guest, "--remove", "20261121T180504Z").succeeded()
                #expect(removed.out == "GUEST  NAME  KERNEL  SIZE  STATE  TITLE\n")
                #expect(removed.err == "removed \(folder)\n" && !Files.exists(folder))
                #expect(try bed.run("dumps", guest).succeeded().err == "")
                try before.waitUntilBack()
                // Nor is one whose folder made way for that of a later dump.
                let aside = "cd /var/crash && mv 202611211805 202611211805-09"
                try bed.run("exec", guest, "--", "sh", "-c", aside).succeeded()
                #expect(try bed.run("dumps", guest).succeeded().err == "")
                try bed.run("dumps", guest, "--remove-from-guest").succeeded()
                #expect(try bed.run("exec", guest, "--", "ls", "/var/crash").succeeded().out == "kexec_cmd\n")
                try counted("none", guest)
                try bed.checkDisk(guest)
            }
        }

        @Test(
            "whatever lies there is listed as what it is, or refused with a reason; the others are brought out all the same"
        )
        func hostile() throws {
            try withGuest("hostile-dumps") { guest in
                let scratch = try ScratchDirectory()
                let elf = try unpack("kdump.elf", in: scratch)
                let bytes = try Files.read(elf)
                let cut = scratch("cut")
                try Files.writeAtomically(bytes.prefix(60_000), to: cut)
                let text = try scratch.write("not a dump, whatever its name says\n", to: "text")
                try put(
                    [
                        ("202601010000/dump.202601010000", elf), ("202601010001/dump.202601010001", cut),
                        ("202601010002/dump.202601010002", text),
                        ("127.0.0.1-2026-01-01-00:00:03/vmcore-incomplete", elf),
                        ("202601010004/dump.202601010004", unpack("cut-off.flat", in: scratch)),
                        ("202601010005/dmesg.202601010005", text),
                    ], in: guest)
                let script = #"""
                    cd /var/crash; mkdir a b c d e dump.folder; ln -s /etc/shadow a/vmcore; ln -s / 202601010006; : >b/vmcore
                    mkfifo c/vmcore; mkdir d/dump.1; truncate -s 15T e/vmcore; ln -s ../../etc/passwd vmcore
                    cp 202601010000/dump.202601010000 e/dump.sparse; truncate -s 8T e/dump.sparse
                    for i in $(seq 10000); do : > file$i; done
                    """#
                try bed.run("exec", guest, "--", "sh", "-c", script).succeeded()
                let secret = scratch.path.appending("secret")
                symlink(secret.string, share(guest).removingLastComponent().appending(".x").string)
                defer { try? Files.remove(share(guest).removingLastComponent().appending(".x")) }
                let before = try HostState(of: bed)
                let outside = try listing(besides: guest)

                let clock = ContinuousClock.now
                let outcome = try bed.run("dumps", guest)
                #expect(ContinuousClock.now - clock < .seconds(20))
                #expect(outcome.status == 65)
                for (path, reason) in [
                    ("202601010002/dump.202601010002", "neither an ELF core"), ("a/vmcore", "symbolic link"),
                    ("202601010006", "symbolic link"), ("b/vmcore", "it is empty"), ("c/vmcore", "not a plain file"),
                    ("d/dump.1", "it is a directory"), ("dump.folder", "it is a directory"),
                    ("vmcore", "symbolic link"),
                    ("e/vmcore", "it begins with zeroes"), ("202601010005/dmesg.202601010005", "no dump was written"),
                ] {
                    #expect(
                        outcome.err.split(separator: "\n").contains {
                            $0.contains("\(guest):/var/crash/\(path): ") && $0.contains(reason)
                        }, "\(path)")
                }
                let lines = outcome.out.split(separator: "\n").dropFirst()
                #expect(lines.filter { $0.contains(" complete ") }.count == 2, "\(outcome.out)")
                #expect(lines.filter { $0.contains(" incomplete ") }.count == 3, "\(outcome.out)")
                for reason in ["is cut off: 60000 of", "stream has no end", "crash kernel did not come to its end"] {
                    #expect(outcome.err.contains(reason), "\(reason)")
                }
                // Eight terabytes of holes are holes here too.
                #expect(lines.contains { $0.contains(" 8T ") })
                let usage = try tool("du", "-s", "--block-size=1", share(guest).string).prefix { $0.isNumber }
                #expect(Int64(usage) ?? .max < 4 << 20)
                #expect(try Files.list(share(guest)).allSatisfy { !$0.hasPrefix(".") })
                #expect(try listing(besides: guest) == outside)
                #expect(!Files.exists(secret))
                try before.waitUntilBack()
                // The newest two stay, and none that went comes again.
                let kept = try bed.run("dumps", guest, "--keep", "2").out.split(separator: "\n")
                #expect(kept.dropFirst().count == 2 && lines.starts(with: kept.dropFirst()))
                #expect(try bed.run("dumps", guest).out.split(separator: "\n") == kept)
            }
        }

        @Test("/var/crash itself may be a link: nothing is read through it")
        func linkedFolder() throws {
            try withGuest("linked-dumps") { guest in
                try bed.run(
                    "exec", guest, "--", "sh", "-c", "rm -rf /var/crash; ln -s /root /var/crash; : >/root/vmcore"
                )
                .succeeded()
                let outcome = try bed.run("dumps", guest)
                #expect(outcome.status == 65)
                #expect(outcome.err.contains("is a symbolic link, which is not followed"))
                // Without a name the others count.
                #expect(try bed.run("dumps").err.contains("\(guest): its new dumps are not brought out"))
            }
        }

        @Test("SIGKILL at any moment: a half-copied dump is never listed, and the next command has all of them")
        func kill() throws {
            try withGuest("kill-dumps") { guest in
                let scratch = try ScratchDirectory()
                let elf = try unpack("kdump.elf", in: scratch)
                // Large enough that there is something to be killed at.
                let large = scratch("large")
                var bytes = try Files.read(elf)
                for number in 0..<(24 << 20) / 8 { bytes += withUnsafeBytes(of: number &* 0x9E37_79B9) { Array($0) } }
                try Files.writeAtomically(bytes, to: large)
                try put([("1/vmcore", large), ("2/vmcore", elf), ("3/vmcore", large)], in: guest)
                let sizes = Set(try [large, elf].map { Int64(try Files.status($0).st_size) })
                var moments = KillMoments(within: .milliseconds(400))
                for round in 0..<12 {
                    let before = try HostState(of: bed)
                    try moments.kill(bed.command(["dumps", guest]))
                    try before.waitUntilBack()
                    try wholeOnly(guest, sizes: sizes, round)
                    if round % 3 == 2 { try Files.removeTree(share(guest)) }
                }
                #expect(moments.kills > 0, "none of the kills came in time")
                try bed.run("dumps", guest).succeeded()
                #expect(try Files.list(share(guest)).count == 3)
                let whole = Set(try [large, elf].map { try SHA256Digest(of: $0) })
                for name in try Files.list(share(guest)) {
                    #expect(whole.contains(try SHA256Digest(of: share(guest).appending(name).appending("vmcore"))))
                }
                // Killed while the guest's disk is changed: the transaction is undone, or done.
                moments = KillMoments(within: .milliseconds(900))
                var (gone, kept) = (0, 0)
                for _ in 0..<8 {
                    try put([("1/vmcore", large), ("2/vmcore", elf), ("3/vmcore", large)], in: guest)
                    try bed.run("dumps", guest).succeeded()
                    try moments.kill(bed.command(["dumps", guest, "--remove-from-guest"]))
                    let left = try bed.run("exec", guest, "--", "ls", "/var/crash").succeeded().out
                    #expect(left == "1\n2\n3\n" || left == "")
                    if left == "" { gone += 1 } else { kept += 1 }
                }
                #expect(gone > 0 && kept > 0, "\(gone) gone, \(kept) kept")
                try bed.checkDisk(guest)
            }
        }

        /// What is listed must be whole, whatever else lies there.
        private func wholeOnly(_ guest: String, sizes: Set<Int64>, _ round: Int) throws {
            let work = try WorkDirectory(given: bed.work.string, environment: Command.inheritedEnvironment)
            for dump in try DumpStore(work).list(guest) {
                #expect(sizes.contains(dump.record.size), "round \(round)")
                #expect(try SHA256Digest(of: dump.vmcore) == dump.record.sha256, "round \(round)")
            }
        }

        @Test("out of a running container: over its files, and removed there")
        func container() throws {
            try withGuest("lxc-dumps") { guest in
                let scratch = try ScratchDirectory()
                let elf = try unpack("kdump.elf", in: scratch)
                let before = try HostState(of: bed)
                try put([("202611211805/dump.202611211805", elf)], in: guest)
                try bed.run("start", "--mode", "lxc", guest).succeeded()
                try bed.run(
                    "exec", guest, "--", "sh", "-c",
                    "cd /var/crash; mkdir x y; ln -s /etc/shadow x/vmcore; truncate -s 100T y/vmcore 2>/dev/null || truncate -s 15T y/vmcore"
                ).succeeded()
                let outcome = try bed.run("dumps", guest)
                #expect(outcome.status == 65)
                #expect(outcome.out.contains("complete  sysrq: Trigger a crash"))
                #expect(outcome.err.contains("nearly all of them holes"))
                #expect(outcome.err.contains("x/vmcore: it is a symbolic link"))
                let stored = try Files.list(share(guest))
                #expect(try Files.read(share(guest).appending(stored[0]).appending("vmcore")) == (try Files.read(elf)))
                try bed.run("exec", guest, "--", "sh", "-c", "rm -r /var/crash/x /var/crash/y").succeeded()
                try bed.run("dumps", guest, "--remove-from-guest").succeeded()
                #expect(try bed.run("exec", guest, "--", "ls", "/var/crash").succeeded().out == "")
                try bed.run("stop", guest).succeeded()
                try before.waitUntilBack()
            }
        }

        @Test("out of a running virtual machine, over ssh")
        func machine() throws {
            try withGuest("kvm-dumps") { guest in
                let scratch = try ScratchDirectory()
                let zlib = try unpack("kdump.zlib", in: scratch)
                try put([("202611211805/dump.202611211805", try flat(zlib, in: scratch))], in: guest)
                try bed.run("start", guest).succeeded()
                defer { _ = try? bed.run("stop", "--force", guest) }
                try counted("1 in the guest, 1 not brought out: `devbox dumps \(guest)`", guest)
                #expect(try bed.run("dumps", guest).succeeded().out.contains("complete  sysrq: Trigger a crash"))
                try counted("1 in the guest, brought out", guest)
                let stored = try Files.list(share(guest))
                #expect(try Files.read(share(guest).appending(stored[0]).appending("vmcore")) == (try Files.read(zlib)))
                // The same file on the disk afterwards is known.
                try bed.run("stop", guest).succeeded()
                #expect(try bed.run("dumps", guest).succeeded().err == "")
            }
        }

        /// What `kdump-status` says of the dumps.
        private func counted(_ words: String, _ guest: String) throws {
            let status = try bed.run("kdump-status", guest).out
            let line = status.split(separator: "\n").first { $0.hasPrefix("Dumps:") }
            #expect(line?.drop { $0 != " " }.drop { $0 == " " } == words[...], "\(status)")
        }

        /// A guest whose dumps go with it.
        private func withGuest(_ purpose: String, _ body: (String) throws -> Void) throws {
            try bed.withGuest(purpose) { guest in
                defer {
                    try? Files.removeTree(share(guest))
                    try? Files.removeTree(bed.work.pushing(FilePath("records/dumps/\(guest)")))
                }
                try body(guest)
            }
        }

        private func share(_ guest: String) -> FilePath { bed.work.pushing(FilePath("share/dumps/\(guest)")) }

        /// Everything in the work directory's share and above it but this guest's, by name, size and time.
        private func listing(besides guest: String) throws -> String {
            try tool(
                "find", bed.work.string, "(", "-path", "*/\(guest)", "-o", "-path", "*/locks", "-o", "-path", "*/cache",
                ")",
                "-prune", "-o", "-type", "f", "-printf", "%p %s %T@\\n", "-o", "-type", "l", "-print")
        }

        /// A dump of Tests/CrashTests/Fixtures.
        private func unpack(_ name: String, in scratch: ScratchDirectory) throws -> FilePath {
            let fixtures = FilePath(#filePath).removingLastComponent().removingLastComponent().pushing(
                "CrashTests/Fixtures")
            let path = scratch(name)
            if Files.exists(path) { return path }
            try tool("cp", fixtures.appending("\(name).xz").string, scratch("\(name).xz").string)
            try tool("xz", "-d", scratch("\(name).xz").string)
            return path
        }

        /// The same dump as `makedumpfile -F` would have written it to a pipe.
        private func flat(_ dump: FilePath, in scratch: ScratchDirectory) throws -> FilePath {
            func number(_ value: Int64) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
            let bytes = try Files.read(dump)
            var flat = Array("makedumpfile\0\0\0\0".utf8) + number(1) + number(1)
            flat += [UInt8](repeating: 0, count: 4096 - flat.count)
            for start in stride(from: 0, to: bytes.count, by: 10_000).reversed() {
                let part = bytes[start..<min(bytes.count, start + 10_000)]
                flat += number(Int64(start)) + number(Int64(part.count)) + part
            }
            let path = scratch("flat")
            try Files.writeAtomically(flat + number(-1) + number(-1), to: path)
            return path
        }

        /// Puts files below a stopped guest's /var/crash.
        private func put(_ files: [(name: String, file: FilePath)], in guest: String) throws {
            let folder = try ScratchDirectory()
            try Files.makeDirectory(folder("crash"))
            for (name, file) in files {
                let path = folder("crash/\(name)")
                try Files.makeDirectory(path.removingLastComponent())
                try tool("cp", "--sparse=always", file.string, path.string)
            }
            try bed.run("exec", guest, "--", "rm", "-rf", "/var/crash").succeeded()
            try bed.run("cp", folder("crash").string, "\(guest):/var/").succeeded()
        }
    }
}
