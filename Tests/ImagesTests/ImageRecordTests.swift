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
