import DevboxCore
import Glibc
import HostTools
import SystemPackage
import TestSupport
import Testing

extension IntegrationTests {
    /// Test packages from a web server into guests.
    @Suite("fetch --install")
    struct FetchInstallTests {
        let bed: TestBed
        let scratch: ScratchDirectory

        init() throws {
            bed = try TestBed.shared.get()
            scratch = try ScratchDirectory()
        }

        /// A package as LTP's builds are: a program below /opt/ltp, as .deb and as tar.xz.
        private func publish(_ day: String, says text: String, architecture: String) throws {
            let version = "\(day.filter { $0 != "-" })-12-g0abc123"
            let folder = "root/\(day)/\(architecture)/ltp"
            let program = try scratch.write(
                "#!/bin/sh\necho '\(text)' on $(uname -r)\n", to: "\(day)/tree/opt/ltp/runltp")
            try Files.setMode(program, 0o755)
            try scratch.write(
                "Package: ltp\nVersion: \(version)\nArchitecture: \(architecture)\nMaintainer: t <t@example.org>\nDescription: tests\n",
                to: "\(day)/tree/DEBIAN/control")
            try Files.makeDirectory(scratch(folder))
            let stem = scratch("\(folder)/ltp-\(version)-\(architecture)").string
            try tool("dpkg-deb", "--root-owner-group", "--build", scratch("\(day)/tree").string, "\(stem).deb")
            try tool("tar", "-cJf", "\(stem).tar.xz", "-C", scratch("\(day)/tree").string, "opt")
            let sums = try Files.list(scratch(folder)).map {
                "\(try SHA256Digest(of: scratch("\(folder)/\($0)")))  \($0)\n"
            }
            try scratch.write(sums.joined(), to: "\(folder)/SHA256SUMS")
        }

        @Test(
            "a package of two dates, fetched by date, installed in a guest, run there as container and as virtual machine"
        )
        func endToEnd() throws {
            let architecture = try tool("dpkg", "--print-architecture").filter { !$0.isNewline }
            try publish("2026-11-18", says: "the older", architecture: architecture)
            try publish("2026-11-20", says: "the newer", architecture: architecture)
            let port = try tool(
                "/usr/bin/python3", "-c",
                "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])"
            ).filter(\.isNumber)
            let server = try ChildProcess(
                Command(
                    Program("/usr/bin/python3", package: "python3", for: "tests"),
                    ["-m", "http.server", "--bind", "127.0.0.1", "--directory", scratch("root").string, port]),
                output: .null, error: .null)
            defer { server.signal(SIGTERM) }
            let deadline = ContinuousClock.now + .seconds(10)
            while (try? LoopbackSocket.connect(port: Int(port) ?? 0).close()) == nil, .now < deadline {
                Interrupts.sleep(.milliseconds(20))
            }
            // The work directory is shared by all integration tests.
            let settings = bed.work.appending("devbox.yaml")
            try Files.writeAtomically(
                Array(
                    "sources:\n  nightly: {kind: tree, root: \"http://127.0.0.1:\(port)\", pattern: \"{root}/{date}/{arch}/{package}/\"}\n"
                        .utf8), to: settings)
            defer {
                // In the next run these very builds have other digests.
                for path in ["devbox.yaml", "records/packages.jsonl", "share/packages/\(architecture)"] {
                    try? Files.removeTree(bed.work.pushing(FilePath(path)))
                }
            }

            try bed.withGuest("fetch") { guest in
                try bed.run("fetch", "ltp", "--date", "2026-11-19", "--install", guest).succeeded()
                #expect(try bed.run("exec", guest, "--", "/opt/ltp/runltp").out.hasPrefix("the older on "))
                try bed.run("fetch", "ltp", "--format", "tar.xz", "--install", guest).succeeded()
                #expect(try bed.run("exec", guest, "--", "/opt/ltp/runltp").out.hasPrefix("the newer on "))
                #expect(try bed.run("exec", guest, "--", "stat", "-c", "%u:%g", "/opt").out == "0:0\n")
                let machine = try bed.run("exec", "--mode", "kvm", guest, "--", "/opt/ltp/runltp", limit: .seconds(600))
                #expect(machine.out.hasPrefix("the newer on "))
                #expect(try bed.run("fetch", "ltp", "--format", "rpm", "--install", guest).status == 65)
                #expect(try bed.run("fetch", "ltp", "--arch", "riscv", "--install", guest).status == 64)
                #expect(try Files.text(bed.files(guest).record).contains("tar.xz\""))

                // Cut short: of the one xz unpacks all but its own end, and tar takes that; of the other neither has enough.
                let folder = scratch("root/2026-11-20/\(architecture)/ltp")
                let name = try #require(try Files.list(folder).first { $0.hasSuffix(".tar.xz") })
                let whole = try Files.read(folder.appending(name))
                for (day, kept) in [("16", whole.count - 40), ("15", whole.count / 2)] {
                    let other = scratch("root/2026-11-\(day)/\(architecture)/ltp")
                    try Files.makeDirectory(other)
                    let cut = other.appending(name.replacing("20261120", with: "202611\(day)"))
                    try Files.writeAtomically(whole.prefix(kept), to: cut, mode: 0o644)
                    try bed.expectUnchanged(guest) {
                        let result = try bed.run(
                            "fetch", "ltp", "--date", "2026-11-\(day)", "--format", "tar.xz", "--install", guest)
                        #expect(result.status == 65 && result.err.contains("is damaged: xz cannot"), "\(result.err)")
                    }
                }
                try bed.checkDisk(guest)
            }
        }
    }
}
