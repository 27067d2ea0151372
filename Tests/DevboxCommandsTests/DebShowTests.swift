import DevboxCore
import HostTools
import SystemPackage
import TestSupport
import Testing

@Suite("devbox deb show", .timeLimit(.minutes(10)))
struct DebShowTests {
    private let scratch: ScratchDirectory
    private let kernel: FilePath
    private static let id = "0123456789abcdef0123456789abcdef01234567"

    /// A kernel package of which the kernel is a program that the host's compiler made.
    init() throws {
        scratch = try ScratchDirectory()
        try scratch.write(
            """
            Package: linux-image-6.1.0-47-test
            Version: 6.1.170-3
            Architecture: amd64
            Maintainer: Nobody <nobody@example.org>
            Installed-Size: 12
            Pre-Depends: linux-base (>= 4.17)
            Depends: kmod, linux-base (>= 4.3~)
            Description: a kernel for tests
             It does nothing.

            """, to: "tree/DEBIAN/control")
        try scratch.write("int main(void) { return 0; }\n", to: "x.c")
        try Files.makeDirectory(scratch("tree/boot"))
        let image = scratch("tree/boot/vmlinuz-6.1.0-47-test")
        try tool("gcc", "-Wl,--build-id=0x\(Self.id)", "-o", image.string, scratch("x.c").string)
        kernel = scratch("kernel.deb")
        try tool("dpkg-deb", "--root-owner-group", "-b", scratch("tree").string, kernel.string)
    }

    private func show(_ arguments: String...) throws -> Runner.Output {
        try runner.attempt(
            Command(Devbox.program, ["deb", "show"] + arguments, environment: ["DEVBOX_WORK": scratch("work").string]))
    }

    @Test("says what a package is, and the version and the build-id of its kernel")
    func text() throws {
        let output = try show(kernel.string)
        #expect(output.status.isSuccess)
        let digest = try tool("sha256sum", kernel.string).prefix(64)
        let size = try ByteSize.text(Int64(Files.status(kernel).st_size))
        #expect(
            output.text == """
                Package:       linux-image-6.1.0-47-test
                Version:       6.1.170-3
                Architecture:  amd64
                Size:          \(size), xz
                Sha256:        \(digest)
                Installed:     12K
                Pre-Depends:   linux-base (>= 4.17)
                Depends:       kmod, linux-base (>= 4.3~)
                Description:   a kernel for tests
                Kernel:        6.1.0-47-test
                Build-id:      \(Self.id)

                """)
        #expect(!Files.exists(scratch("work")))
    }

    @Test("gives the same as JSON, a list of as many as there are files")
    func json() throws {
        let output = try show("--json", kernel.string, kernel.string)
        let list = try RecordFile.decode(JSONValue.self, from: output.bytes).array
        #expect(list?.count == 2)
        #expect(list?.first?["package"]?.string == "linux-image-6.1.0-47-test")
        #expect(list?.first?["installedSize"]?.integer == 12 << 10)
        #expect(list?.first?["preDepends"]?.array?.compactMap(\.string) == ["linux-base (>= 4.17)"])
        #expect(list?.first?["depends"]?.array?.compactMap(\.string) == ["kmod", "linux-base (>= 4.3~)"])
        #expect(list?.first?["kernel"]?["buildID"]?.string == Self.id)
    }

    @Test("a damaged file ends with 65, one that is not there with 66, with one line each and no output")
    func failures() throws {
        let bytes = try Files.read(kernel)
        try Files.writeAtomically(bytes.dropLast(100), to: scratch("cut.deb"))
        try Files.writeAtomically(Array("rubbish".utf8), to: scratch("rubbish.deb"))
        for (name, status) in [("cut.deb", Int32(65)), ("rubbish.deb", 65), ("missing.deb", 66)] {
            let output = try show(kernel.string, scratch(name).string)
            #expect(output.status == .exited(status), "\(name)")
            let error = String(decoding: output.errorBytes, as: UTF8.self)
            #expect(error.hasPrefix("devbox: error: ") && error.contains(name))
            #expect(error.split(separator: "\n").count == 1)
            #expect(output.bytes.isEmpty)
        }
    }
}
