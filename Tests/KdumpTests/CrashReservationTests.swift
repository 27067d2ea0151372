import DevboxCore
import Testing

@testable import Kdump

@Suite("What crashkernel= reserves")
struct CrashReservationTests {
    private func reserved(
        _ arguments: String..., memory: Int64 = 1 << 30, on architecture: Architecture = .amd64,
        version: String? = "6.1.0-56-amd64"
    ) -> CrashReservation {
        CrashReservation(arguments, .init(architecture: architecture, memory: memory, version: version))
    }

    /// In MiB.
    private func size(_ value: String, memory: Int64, version: String? = "6.1.0-56-amd64") -> Int64 {
        reserved("crashkernel=\(value)", memory: memory << 20, version: version).size >> 20
    }

    @Test("a list reserves what its range for the machine's memory has, and nothing where there is no such range")
    func ranges() {
        let list = "1G-4G:192M,4G-64G:256M,64G-:512M"
        #expect([512, 1024, 3072, 4096, 65_536].map { size(list, memory: $0) } == [0, 192, 192, 256, 512])
        #expect(size("4G-:256M", memory: 1024) == 0 && size("4G-:256M", memory: 4096) == 256)
        #expect(size("512M-1G:64M,1G-:128M", memory: 1024) == 128)
        // The first one counts.
        #expect(size("0-:128M,1G-:256M", memory: 2048) == 128)
        #expect(
            reserved("crashkernel=4G-:256M").obstacle
                == "crashkernel=4G-:256M has nothing for a machine of 1G")
    }

    @Test("kernels before 6.1 count a little less than the machine has: a range that begins there is not theirs")
    func firmware() {
        #expect(size("1G-:192M", memory: 1024, version: "6.1.0-56-amd64") == 192)
        for version in ["5.10.0-30-amd64", "6.0.12", nil] {
            #expect(size("1G-:192M", memory: 1024, version: version) == 0, "\(version ?? "unknown")")
            #expect(size("512M-:192M", memory: 1024, version: version) == 192, "\(version ?? "unknown")")
        }
        #expect(
            reserved("crashkernel=1G-:192M", version: "5.10.0-30-amd64").obstacle?.contains("a little less than 1G")
                == true)
    }

    @Test("what the kernel refuses reserves nothing, also where a range that is passed over is too large")
    func refused() {
        #expect(size("4G-:2G,1G-:192M", memory: 1024) == 0)
        #expect(size("4G-:512M,1G-:192M", memory: 1024) == 192)
        // An offset in the middle ends the list.
        #expect(size("4G-:256M@16M,1G-:192M", memory: 1024) == 0)
        for bad in [
            "4G-1G:192M", "192M,middle", "0192M", "auto", "192MB", "1G-:", "0M", "0-:0M", "1G", "1024M@1M", "192M,cma",
        ] {
            #expect(size(bad, memory: 1024) == 0, "\(bad)")
            #expect(reserved("crashkernel=\(bad)").obstacle != nil, "\(bad)")
        }
        #expect(size("0xC000000", memory: 1024) == 192 && size("0300000000000", memory: 65_536) == 24_576)
    }

    @Test(",low alone reserves nothing; ,high does where the kernel knows it, and never beside a plain one")
    func suffixes() {
        #expect(reserved("crashkernel=72M,low").obstacle?.contains("alone reserves nothing") == true)
        #expect(reserved("crashkernel=72M,low").size == 0)
        #expect(reserved("crashkernel=256M,high", "crashkernel=72M,low") == .bytes(256 << 20))
        #expect(reserved("crashkernel=256M,high", "crashkernel=192M") == .bytes(192 << 20))
        #expect(reserved("crashkernel=192M", "crashkernel=72M,low") == .bytes(192 << 20))
        #expect(reserved("crashkernel=256M,high", on: .arm64, version: "6.1.0").size == 256 << 20)
        #expect(reserved("crashkernel=256M,high", on: .arm64, version: "5.10.0").size == 0)
        #expect(
            reserved("crashkernel=256M,high", on: .ppc64el).size == 0
                && reserved("crashkernel=256M,high", on: .armhf).size == 0
        )
    }

    @Test("the last of several counts, and mem= makes the machine smaller")
    func several() {
        #expect(reserved("crashkernel=128M", "quiet", "crashkernel=192M").size == 192 << 20)
        #expect(reserved("mem=512M", "crashkernel=1G-:192M").size == 0)
        #expect(reserved("quiet").obstacle == "its kernel gets no crashkernel=")
    }

    @Test("a record that claims any amount of memory is evaluated all the same")
    func anyMemory() {
        for memory in [Int64.max, .max - 1, .max - (128 << 20) + 1, 0, -1, .min] {
            for version in ["6.1.0-56-amd64", "5.10.0-30-amd64", nil] {
                let size = reserved("crashkernel=1G-:192M", memory: memory, version: version).size
                #expect(size == (memory > 0 ? 192 << 20 : 0), "\(memory)")
            }
        }
    }

    @Test("why a kernel that runs has nothing reserved is told by what that kernel was started with, and by itself")
    func running() {
        func reason(_ line: String, _ version: String = "6.1.0-56-amd64", memory: Int64 = 1 << 30) -> String {
            KdumpInspector.unreserved(line, .init(architecture: .amd64, memory: memory, version: version))
        }
        #expect(
            reason("root=/dev/vda1 crashkernel=4G-:256M quiet")
                == "crashkernel=4G-:256M has nothing for a machine of 1G")
        #expect(reason("x crashkernel=1G-:192M", "5.10.0-30-amd64").contains("a little less than 1G"))
        #expect(reason("x crashkernel=1G-:192M") == "its kernel could not reserve 1G-:192M")
        #expect(!reason("crashkernel=4G-:256M\u{1B}[2J").contains("\u{1B}"))
    }

    @Test("one at an offset is in doubt, or cannot be; one too small for any kernel is an obstacle")
    func places() {
        let there = reserved("crashkernel=256M@64M")
        #expect(there == .perhaps(256 << 20, at: 64 << 20) && there.isDoubtful && there.obstacle != nil)
        #expect(reserved("crashkernel=256M@900M").size == 0)
        // Behind whichever range it stands.
        #expect(reserved("crashkernel=1G-2G:128M,2G-:256M@16M") == .perhaps(128 << 20, at: 16 << 20))
        #expect(reserved("crashkernel=0-:16M").obstacle?.contains("in less than 32M") == true)
        #expect(reserved("crashkernel=600M", memory: 4 << 30, on: .i386).size == 0)
        #expect(reserved("crashkernel=192M").obstacle == nil)
    }
}
