import DevboxCore
@testable import Images
import SystemPackage
import TestSupport
import Testing

@Suite("What is known of images")
struct ImageRecordTests {
    @Test("a release is read out of os-release as Debian, Ubuntu and testing write it")
    func release() {
        let stable =
            "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\nID=debian\n"
        #expect(
            Release(osRelease: stable)
                == Release(
                    id: "debian", versionID: "12", codename: "bookworm", prettyName: "Debian GNU/Linux 12 (bookworm)"))
        let testing =
            "PRETTY_NAME=\"Debian GNU/Linux trixie/sid\"\nVERSION_CODENAME=trixie\nID=debian\n# comment\nBROKEN\n"
        #expect(Release(osRelease: testing).versionID == nil)
        #expect(Release(osRelease: "").prettyName == "linux")
    }

    @Test(
        "a newer kernel comes first, by numbers and not by letters",
        arguments: [
            ("6.1.0-47-amd64", "6.1.0-9-amd64"), ("6.12.1-amd64", "6.1.0-47-amd64"), ("6.10", "6.9"), ("6.1.1", "6.1"),
        ])
    func order(newer: String, older: String) {
        #expect(VersionOrder.isNewer(newer, than: older))
        #expect(!VersionOrder.isNewer(older, than: newer))
        #expect(!VersionOrder.isNewer(newer, than: newer))
    }

    @Test(
        "a kernel's version that could leave the folder, or is a spare copy, is none",
        arguments: [
            "../../etc/passwd", "6.1/x", "6.1.0 x", "6.1\n", "", "x6.1", "6.1.0-47-amd64.old", "6.1.dpkg-new", "6'1",
            "6\"",
        ])
    func hostileVersion(text: String) {
        #expect(!BootFiles.isVersion(text))
        #expect(BootFiles.isVersion("6.1.0-47-cloud-amd64"))
    }

    @Test("an image is found by its name; its kernels' files are copies of those on its disk")
    func store() throws {
        let scratch = try ScratchDirectory()
        let work = try WorkDirectory(given: scratch("work").string, environment: [:])
        let store = ImageStore(work)
        #expect(reported { _ = try store.load("base") }?.hint == "`devbox image build` makes one")
        let record = try TestImage.make(in: work)
        #expect(try store.names() == ["base"])
        try store.verify(store.load("base"))
        let kernel = try #require(record.kernels.first)
        #expect(kernel.version == "6.1.0-47-amd64")
        #expect(try Files.text(store.image("base").boot.appending(kernel.vmlinuz)) == "kernel")
        #expect(try Files.text(store.image("base").boot.appending(kernel.initrd ?? "")) == "initrd")
        #expect(reported { _ = try store.load("other") }?.exitCode == .notFound)
        #expect(reported { _ = try store.load("../base") }?.exitCode == .usage)
    }
}
