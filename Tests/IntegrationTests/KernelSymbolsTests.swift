import DevboxCore
import Glibc
import HostTools
import SystemPackage
import TestSupport
import Testing

extension IntegrationTests {
    @Suite("Symbols of kernels", .serialized)
    struct KernelSymbolsTests {
        let bed: TestBed

        init() throws { bed = try TestBed.shared.get() }

        @Test("SIGKILL while symbols are taken out of a package leaves what doctor sees and cleans away")
        func killedSymbols() throws {
            let scratch = try ScratchDirectory()
            try bed.withGuest("symbols-kill") { guest in
                let version = "6.99.9-amd64"
                let image = try TestPackage.kernel(version).pack(in: scratch)
                let debug = TestPackage("linux-image-\(version)-dbg", architecture: "amd64")
                let boot = scratch("tree-\(debug.name)-1.0/usr/lib/debug/boot")
                try Files.makeDirectory(boot)
                try tool("truncate", "-s", "400M", boot.appending("vmlinux-\(version)").string)
                let symbols = try debug.pack(in: scratch, compression: "none")
                let store = bed.work.appending("share/debug")
                func left() throws -> [FilePath] {
                    try Files.list(store).filter { $0.hasPrefix(".new-debug-") }.map { store.appending($0) }
                }
                var child = try ChildProcess(
                    bed.command(["install-kernel", guest, image.string, "--debug", symbols.string]), output: .null,
                    error: .null)
                while try left().isEmpty || !left().allSatisfy({ Files.exists($0.appending("vmlinux")) }) {
                    let ended = try child.wait(until: .now + .milliseconds(2))
                    try #require(ended == nil, "it ended before it could be killed")
                }
                child.signal(SIGKILL)
                _ = try child.wait()
                let folder = try #require(try left().first)
                #expect(try bed.run("doctor", "--json").out.contains(folder.string))
                _ = try bed.run("doctor", "--fix")
                #expect(try left().isEmpty)
                #expect(try bed.run("kernels", guest).out.contains(version) == false)
            }
        }

        @Test("a kernel's symbols go to the debug store once, and every guest finds them by build-id")
        func symbols() throws {
            let scratch = try ScratchDirectory()
            try bed.withGuest("symbols") { guest in
                let version = "6.99.7-amd64"
                let source = try scratch.write("int main(void) { return 0; }", to: "vmlinux.c")
                let vmlinux = scratch("vmlinux")
                let seed = String(UInt64.random(in: .min ... .max), radix: 16)
                let id = String((String(repeating: "0", count: 16) + seed).suffix(16)) + "0123456789abcdef01234567"
                try tool("gcc", "-g", "-o", vmlinux.string, "-Wl,--build-id=0x\(id)", source.string)

                var kernel = TestPackage.kernel(version)
                // A plain ELF file, of which the build-id can be read here.
                kernel.files["boot/vmlinuz-\(version)"] = nil
                let tree = "tree-\(kernel.name)-1.0"
                try Files.makeDirectory(scratch("\(tree)/boot"))
                try tool("cp", vmlinux.string, scratch("\(tree)/boot/vmlinuz-\(version)").string)
                let image = try kernel.pack(in: scratch)
                let debug = TestPackage("linux-image-\(version)-dbg", architecture: "amd64")
                let debugTree = "tree-\(debug.name)-1.0/usr/lib/debug"
                try Files.makeDirectory(scratch("\(debugTree)/boot"))
                try Files.makeDirectory(scratch("\(debugTree)/lib/modules/\(version)/kernel/fs"))
                try tool("cp", vmlinux.string, scratch("\(debugTree)/boot/vmlinux-\(version)").string)
                try tool("gcc", "-g", "-c", "-o", scratch("module.o").string, source.string)
                try tool(
                    "ld", "-r", "--build-id=0x00\(id)", "-o",
                    scratch("\(debugTree)/lib/modules/\(version)/kernel/fs/sample.ko").string,
                    scratch("module.o").string)
                let symbols = try debug.pack(in: scratch, compression: "xz")

                let result = try bed.run("install-kernel", guest, image.string, "--debug", symbols.string).succeeded()
                #expect(
                    result.err.contains("/work/debug/\(id)") && !result.err.contains("another build"), "\(result.err)")
                let store = bed.work.appending("share/debug/\(id)")
                #expect(try Files.list(store) == ["vmlinux"], "only what is asked for is unpacked")
                #expect(try bed.run("kernels", guest).out.contains("/work/debug/\(id)"))
                let link = "/work/debug/.build-id/\(id.prefix(2))/\(id.dropFirst(2)).debug"
                let digest = try tool("sha256sum", vmlinux.string).prefix(64)
                #expect(try bed.run("exec", guest, "--", "sha256sum", link).out.hasPrefix(digest))
                let written = try bed.run("exec", guest, "--", "sh", "-c", "echo > \(link)")
                #expect(written.status == 2 && written.err.contains("Read-only file system"), "\(written.err)")

                let inode = try Files.status(store.appending("vmlinux")).st_ino
                try bed.run("install-kernel", guest, image.string, "--debug", symbols.string).succeeded()
                #expect(try Files.status(store.appending("vmlinux")).st_ino == inode, "once per build-id")
                try bed.run("install-kernel", guest, image.string, "--debug", symbols.string, "--debug-modules")
                    .succeeded()
                #expect(Files.exists(store.appending("modules/kernel/fs/sample.ko")))
                let module = "/work/debug/.build-id/00/\(id).debug"
                #expect(try bed.run("exec", guest, "--", "test", "-s", module).status == 0)

                let other = try TestPackage.kernel("6.99.8-amd64").pack(in: scratch)
                let mismatch = try bed.run("install-kernel", guest, other.string, "--debug", symbols.string).succeeded()
                #expect(mismatch.err.contains("another build"))
                #expect(try bed.run("install-kernel", guest, other.string, "--debug", other.string).status == 65)
                for path in [store, bed.work.appending("share/debug/.build-id")] { try Files.removeTree(path) }
                try Files.removeTree(bed.work.appending("records/debug"))
            }
        }
    }
}
