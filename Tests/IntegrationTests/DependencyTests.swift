import DevboxCore
import HostTools
import Sandbox
import SystemPackage
import TestSupport
import Testing

extension IntegrationTests {
    @Suite("What packages need comes from the guest's own apt sources", .serialized)
    struct DependencyTests {
        let bed: TestBed
        let scratch: ScratchDirectory
        let repository: TestRepository

        init() throws {
            bed = try TestBed.shared.get()
            scratch = try ScratchDirectory()
            repository = try TestRepository(in: scratch)
        }

        /// Gives a guest other apt sources than it has, and the key that the repository is signed with.
        private func setSources(_ guest: String, _ sources: String) throws {
            try bed.run("exec", guest, "--", "mkdir", "-p", "/etc/apt/keyrings").succeeded()
            try bed.run("cp", repository.keyring.string, "\(guest):/etc/apt/keyrings/test.gpg").succeeded()
            try bed.run(
                "exec", guest, "--", "sh", "-c", "rm -f /etc/apt/sources.list.d/*; cat > /etc/apt/sources.list",
                input: sources + "\n"
            ).succeeded()
        }

        private static let needed = TestPackage("needed", version: "2.0", fields: "Depends: deeper")
        private static let deeper = TestPackage("deeper")
        private static let signed = "[signed-by=/etc/apt/keyrings/test.gpg]"

        /// The host's own apt, to see that nothing touched it.
        private func hostState() throws -> String {
            try tool(
                "find", "/var/lib/apt/lists", "/var/cache/apt/archives", "/var/lib/dpkg/status", "-printf",
                "%p %T@ %s\n")
        }

        @Test("what is missing, and what that needs, is fetched and installed in a stopped and in a running guest")
        func downloads() throws {
            let good = try repository.archive("good", [Self.needed, Self.deeper, TestPackage("later")])
            let needing = try TestPackage("needing", fields: "Depends: needed (>= 2), libc6").pack(in: scratch)
            try bed.withGuest("deps") { guest in
                let host = try hostState()
                try setSources(guest, "deb \(Self.signed) \(good)")
                // What a guest's apt would run is not run on the host.
                let hook = scratch("hook")
                try bed.run(
                    "exec", guest, "--", "sh", "-c", "cat > /etc/apt/apt.conf.d/99hook",
                    input: "APT::Update::Pre-Invoke { \"touch \(hook)\"; };\nDPkg::Pre-Invoke { \"touch \(hook)\"; };\n"
                ).succeeded()
                try bed.expectUnchanged(guest) {
                    let result = try bed.run("install", guest, needing.string)
                    #expect(result.status == 1 && result.err.contains("--download-dependencies"))
                }
                let result = try bed.run("install", "--download-dependencies", "--json", guest, needing.string)
                    .succeeded()
                #expect(result.out.contains("\"needed 2.0\"") && result.out.contains("\"deeper 1.0\""), "\(result.out)")
                let query = ["exec", guest, "--", "dpkg-query", "-W", "deeper", "needed", "needing"]
                #expect(try bed.run(query).out == "deeper\t1.0\nneeded\t2.0\nneeding\t1.0\n")
                let record = try Files.text(bed.files(guest).record)
                #expect(record.contains("\"deeper\"") && record.contains("\"needed\""))

                // A second guest's lists are those that are there already.
                let asked = try repository.requests
                #expect(asked.contains("InRelease"))
                try bed.withGuest("deps") { other in
                    try setSources(other, "deb \(Self.signed) \(good)")
                    try bed.run("install", "--download-dependencies", other, needing.string).succeeded()
                }
                #expect(try !repository.requests.dropFirst(asked.count).contains("InRelease"))

                try bed.run("start", "--mode", "lxc", guest).succeeded()
                let last = try TestPackage("last", fields: "Depends: later").pack(in: scratch)
                try bed.run("install", "--download-dependencies", guest, last.string).succeeded()
                #expect(try bed.run("exec", guest, "--", "dpkg-query", "-W", "later").out == "later\t1.0\n")
                try bed.run("stop", guest).succeeded()
                #expect(!Files.exists(hook))
                #expect(try hostState() == host)
                try bed.checkDisk(guest)
            }
        }

        @Test("what a package needs before it is unpacked is configured first, whatever the order, stopped and running")
        func preDepends() throws {
            var base = TestPackage("base", fields: "Depends: deep")
            base.scripts["postinst"] = "#!/bin/sh\ntouch /base-is-configured"
            var top = TestPackage("top", fields: "Pre-Depends: base (>= 1~)")
            top.scripts["preinst"] = "#!/bin/sh\ntest -e /base-is-configured"
            let last = TestPackage("last", fields: "Pre-Depends: top")
            let files = try [last, top, base, TestPackage("deep")].map { try $0.pack(in: scratch).string }
            try bed.withGuest("predeps") { guest in
                let query = ["exec", guest, "--", "dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n"]
                let names = ["base", "deep", "last", "top"]
                let all = names.map { "\($0) installed\n" }.joined()
                try bed.run(["install", guest] + files).succeeded()
                #expect(try bed.run(query + names).out == all)

                // The newer base does not go with the older top, which is there until the newer one comes.
                let newer = try [
                    TestPackage("top", version: "2.0", fields: "Pre-Depends: base (>= 2)"),
                    TestPackage("base", version: "2.0", fields: "Breaks: top (<< 2)"),
                ].map { try $0.pack(in: scratch).string }
                try bed.run(["install", guest] + newer).succeeded()
                #expect(try bed.run(query + names).out == all)

                // A package that fails in the last group leaves nothing of the first.
                var failing = TestPackage("failing", fields: "Pre-Depends: first")
                failing.scripts["postinst"] = "#!/bin/sh\nexit 1"
                let bad = try [failing, TestPackage("first")].map { try $0.pack(in: scratch).string }
                for kind in SandboxKind.allCases {
                    try bed.expectUnchanged(guest) {
                        let result = try bed.run(TestBed.words(["install", guest] + bad, in: kind))
                        #expect(result.status == 1)
                    }
                }

                try bed.run(["exec", guest, "--", "sh", "-c", "dpkg --purge last top base deep; rm -f /base-is*"])
                    .succeeded()
                try bed.run("start", "--mode", "lxc", guest).succeeded()
                try bed.run(["install", guest] + files).succeeded()
                #expect(try bed.run(query + names).out == all)
                try bed.run("stop", guest).succeeded()
            }
        }

        @Test("a kernel package gets what it needs; a newer one of its own name in the archive does not take its place")
        func kernel() throws {
            var newer = TestPackage.kernel("6.99.0-dep")
            newer.version = "9.0"
            let good = try repository.archive("kernel", [Self.needed, Self.deeper, newer])
            var kernel = TestPackage.kernel("6.99.0-dep")
            kernel.fields = "Depends: needed (>= 2)"
            let package = try kernel.pack(in: scratch)
            try bed.withGuest("depkernel") { guest in
                // An older one is there.
                try bed.run("install", guest, TestPackage("needed").pack(in: scratch).string).succeeded()
                try setSources(guest, "deb \(Self.signed) \(good)")
                try bed.run("install-kernel", "--download-dependencies", guest, package.string).succeeded()
                let query = ["exec", guest, "--", "dpkg-query", "-W", "needed", "linux-image-6.99.0-dep"]
                #expect(try bed.run(query).out == "linux-image-6.99.0-dep\t1.0\nneeded\t2.0\n")
                #expect(try bed.run("kernels", guest).out.contains("6.99.0-dep"))
            }
        }

        @Test("what is not signed, signed by a stranger or altered is refused, and nothing is changed")
        func signatures() throws {
            let needing = try TestPackage("needing", fields: "Depends: needed (>= 2)").pack(in: scratch)
            try bed.withGuest("unsigned") { guest in
                // What has another size than the list says may be a mirror that is being changed: trying again can help.
                for (signature, status, reason) in [
                    (TestRepository.Signature.stranger, 1, "NO_PUBKEY"), (.none, 1, "not signed"),
                    (.altered, 75, "unexpected size"),
                ] {
                    let archive = try repository.archive(signature.rawValue, [Self.needed, Self.deeper], signature)
                    // A guest may say that all is trusted; the host does not believe it.
                    try setSources(guest, "deb [trusted=yes signed-by=/etc/apt/keyrings/test.gpg] \(archive)")
                    try bed.expectUnchanged(guest) {
                        let result = try bed.run("install", "--download-dependencies", guest, needing.string)
                        #expect(result.status == status, "\(signature)")
                        #expect(result.err.contains(reason), "\(signature): \(result.err)")
                        #expect(result.err.contains("needing needs needed (>= 2)"))
                    }
                }
                // A package that is another than the signed list says.
                let archive = try repository.archive("swapped", [Self.needed, Self.deeper])
                var evil = Self.needed
                evil.files = ["opt/evil": "evil"]
                try Files.rename(evil.pack(in: scratch), to: repository.file("swapped", "needed_2.0_all.deb"))
                try setSources(guest, "deb \(Self.signed) \(archive)")
                try bed.expectUnchanged(guest) {
                    let result = try bed.run("install", "--download-dependencies", guest, needing.string)
                    #expect(result.status == 75 && result.err.contains("could not be fetched"), "\(result.err)")
                }
            }
        }

        @Test("what the sources do not have is named, also where a dependency of a dependency is missing")
        func missing() throws {
            let archive = try repository.archive("partial", [Self.needed])
            let needing = try TestPackage("needing", fields: "Depends: needed (>= 2)").pack(in: scratch)
            let other = try TestPackage("other", fields: "Depends: nowhere | nothing").pack(in: scratch)
            try bed.withGuest("partial") { guest in
                try setSources(guest, "deb \(Self.signed) \(archive)")
                try bed.expectUnchanged(guest) {
                    let deep = try bed.run("install", "--download-dependencies", guest, needing.string)
                    #expect(deep.status == 1 && deep.err.contains("deeper but it is not installable"), "\(deep.err)")
                    let none = try bed.run("install", "--download-dependencies", guest, other.string)
                    #expect(none.status == 1 && none.err.contains("other needs nowhere | nothing"), "\(none.err)")
                }
                // No network: nobody listens there.
                try setSources(
                    guest, "deb \(Self.signed) http://127.0.0.1:9/none ./\ndeb [signed-by=/root/k.gpg] \(archive)")
                try bed.expectUnchanged(guest) {
                    let result = try bed.run("install", "--download-dependencies", guest, needing.string)
                    #expect(result.status == 1 && result.err.contains("127.0.0.1:9"), "\(result.err)")
                    #expect(result.err.contains("the keyring of its signature is not there"))
                }
            }
        }

        @Test("files of the host are no source, whatever the guest says of them")
        func hostFiles() throws {
            _ = try repository.archive("local", [Self.needed, Self.deeper])
            let folder = repository.file("local", "Packages").removingLastComponent()
            let needing = try TestPackage("needing", fields: "Depends: needed (>= 2)").pack(in: scratch)
            try bed.withGuest("local") { guest in
                try setSources(
                    guest,
                    "deb [trusted=yes] file:\(folder) ./\ndeb [trusted=yes] copy:\(folder) ./\ndeb-src http://example.org x y"
                )
                try bed.expectUnchanged(guest) {
                    let result = try bed.run("install", "--download-dependencies", guest, needing.string)
                    #expect(result.status == 1 && result.err.contains("neither http nor https"), "\(result.err)")
                }
            }
        }
    }
}
