import DevboxCore
import Testing

@testable import Kdump

@Suite("Memory for the crash kernel")
struct CrashKernelSizeTests {
    @Test(
        "what the kernel takes is taken",
        arguments: [
            "192M", "1G", "65536K", "256M@64M", "512M,high", "72M,low", "1G-4G:192M,4G-64G:256M,64G-:512M",
            "384M-:128M",
        ])
    func good(_ text: String) { #expect(CrashKernelSize(text)?.description == text) }

    @Test(
        "anything else is not, a second argument hidden in it least of all",
        arguments: [
            "", "M", "0", "auto", "192M init=/bin/sh", "192M,middle", "1G-4G", "1G-4G:", "-4G:1M", "192MB",
            "1G-4G:192M,",
            "192M@", "99999999999999999999M", "192M\n", "1G:2G",
        ])
    func bad(_ text: String) { #expect(CrashKernelSize(text) == nil) }

    @Test("the default goes by architecture and memory; memory that does not suffice is raised")
    func defaults() {
        func choose(_ architecture: Architecture, _ gigabytes: Int64, _ chosen: String? = nil) -> [String] {
            let (size, memory) = CrashKernelSize.choose(
                architecture, memory: gigabytes << 30, chosen: chosen.flatMap(CrashKernelSize.init))
            return [size.description, ByteSize.text(memory)]
        }
        #expect(choose(.amd64, 1) == ["192M", "1G"])
        #expect(choose(.amd64, 4) == ["256M", "4G"])
        #expect(choose(.amd64, 128) == ["512M", "128G"])
        #expect(choose(.arm64, 2) == ["256M", "2G"])
        #expect(choose(.ppc64el, 1) == ["384M", "2G"])
        #expect(choose(.armhf, 1) == ["192M", "1G"])
        #expect(choose(.amd64, 1, "512M") == ["512M", "1G"])
        #expect(choose(.amd64, 1, "600M") == ["600M", "1.3G"])
        #expect(choose(.amd64, 1, "1G-:900M") == ["1G-:900M", "1.5G"])
        // What reserves nothing needs no more.
        #expect(choose(.amd64, 1, "4G-:900M") == ["4G-:900M", "1G"])
        #expect(choose(.amd64, 1, "1G-2G:900M,2G-:1200M") == ["1G-2G:900M,2G-:1200M", "1.5G"])
        let small = CrashKernelSize.choose(.amd64, memory: 256 << 20, chosen: nil)
        #expect(small.0.description == "192M" && small.memory == 1 << 30)
    }
}
