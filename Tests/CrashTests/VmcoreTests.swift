import Crash
import DevboxCore
import FoundationEssentials
import KernelLog
import TestSupport
import Testing

@Suite("Reading vmcores")
struct VmcoreTests {
    @Test(
        "kdump's ELF core and kdump-compressed file say what kernel crashed, when and why", arguments: ["elf", "zlib"])
    func kdump(kind: String) throws {
        let report = try FixtureDump("kdump.\(kind)").report()
        #expect(report.format == (kind == "elf" ? .elf : .kdumpCompressed))
        #expect(report.architecture == .amd64)
        #expect(report.kernel == "6.1.0-56-amd64")
        #expect(report.buildID?.description == "eb4fbcd037e7253717950bf2b93bd5566f47c56f")
        #expect(report.defect == nil)
        // CRASHTIME, and not when the dump was written.
        #expect(report.time == Date(timeIntervalSince1970: 1_795_284_304))
        let messages = try #require(report.messages)
        #expect(CrashTitle.find(in: messages) == "sysrq: Trigger a crash")
    }

    @Test("the messages are those that makedumpfile --dump-dmesg prints, to the byte", arguments: ["elf", "zlib"])
    func messages(kind: String) throws {
        let report = try FixtureDump("kdump.\(kind)").report()
        #expect(report.messages == (try FixtureDump.bytes("kdump.dmesg")))
        #expect(report.messagesDefect == nil)
    }

    @Test("the time is that of the crash where the kernel says it, else the header's, else none")
    func times() throws {
        let scratch = try ScratchDirectory()
        var bytes = try FixtureDump.bytes("kdump.zlib")
        bytes.put(littleEndian(UInt64(1_700_000_000)), at: 408)
        #expect(
            try FixtureDump.report(of: bytes, in: scratch).time == Date(timeIntervalSince1970: 1_795_284_304))
        let word = Array("CRASHTIME=".utf8)
        let place = try #require(bytes.indices.first { bytes[$0...].starts(with: word) })
        bytes[place] = UInt8(ascii: "X")
        #expect(
            try FixtureDump.report(of: bytes, in: scratch).time == Date(timeIntervalSince1970: 1_700_000_000))
        bytes.put(littleEndian(UInt64.max), at: 408)
        #expect(try FixtureDump.report(of: bytes, in: scratch).time == nil)
    }

    @Test("five levels of page tables, and a buffer that was made as the kernel booted")
    func fiveLevels() throws {
        let report = try FixtureDump("qemu-5-levels.elf").report()
        let text = String(decoding: try #require(report.messages), as: UTF8.self)
        #expect(text.hasPrefix("[    0.000000] Linux version 6.1.0-56-amd64 "))
        #expect(text.hasSuffix("---[ end Kernel panic - not syncing: sysrq triggered crash ]---\n"))
        #expect(text.contains("] devbox-test: before the crash\n"))
        #expect(text.split(separator: "\n").count == 393)
        // Nobody else's clock is believed.
        #expect(report.time == nil)
    }

    @Test("an arm64 kernel's messages")
    func arm64() throws {
        let report = try FixtureDump("arm64.elf").report()
        #expect(report.architecture == .arm64)
        #expect(report.kernel == "6.1.0-56-arm64")
        let messages = try #require(report.messages)
        let text = String(decoding: messages, as: UTF8.self)
        #expect(text.hasPrefix("[    0.000000] Booting Linux on physical CPU 0x0000000000 "))
        #expect(text.split(separator: "\n").count == 240)
        #expect(
            CrashTitle.find(in: messages)
                == "Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)")
    }

    @Test("pages compressed with lzo are said to be, and the rest is told all the same")
    func lzo() throws {
        let report = try FixtureDump("kdump.lzo").report()
        #expect(report.messages == nil)
        #expect(report.messagesDefect == "its pages are compressed with lzo, which devbox does not read")
        #expect(report.kernel == "6.1.0-56-amd64")
        #expect(report.defect == nil)
    }

    @Test("a dump that is cut off anywhere is told from a whole one", arguments: ["kdump.elf", "kdump.zlib"])
    func cutOff(name: String) throws {
        let whole = try FixtureDump.bytes(name)
        let scratch = try ScratchDirectory()
        for size in [whole.count - 1, whole.count / 2, 9000, 5000, 4096, 463, 63, 20].filter({ $0 < whole.count }) {
            let report = Result { try FixtureDump.report(of: Array(whole.prefix(size)), in: scratch) }
            switch report {
            case .success(let report): #expect(report.defect?.contains("cut off") == true, "\(size) bytes")
            case .failure(let error): #expect("\(error)".contains("cut off"), "\(size) bytes: \(error)")
            }
        }
    }

    @Test("a dump that its writer marked as incomplete is, and one with pages that were never written")
    func incomplete() throws {
        let scratch = try ScratchDirectory()
        var marked = try FixtureDump.bytes("kdump.zlib")
        marked[424] |= 8
        #expect(
            try FixtureDump.report(of: marked, in: scratch).defect
                == "the one who wrote it ran out of space, and marked it incomplete")
        var holed = try FixtureDump.bytes("kdump.zlib")
        // The third descriptor; the descriptors follow 12 blocks of bitmaps and the headers.
        let blocks = 1 + Int(holed[432]) + Int(holed[436])
        holed.put([UInt8](repeating: 0, count: 24), at: blocks * 4096 + 48)
        let defect = try FixtureDump.report(of: holed, in: scratch).defect
        #expect(defect?.hasPrefix("1 of ") == true && defect?.hasSuffix(" pages were never written") == true)
        var split = try FixtureDump.bytes("kdump.zlib")
        split[4096 + 12] = 1
        #expect(try FixtureDump.report(of: split, in: scratch).defect == "it is one part of a split dump")
    }

    @Test(
        "what is no dump is refused with what it is",
        arguments: [
            ("", "it is empty"), ("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "it begins with zeroes"),
            ("#!/bin/sh\nexit\n", "neither an ELF core"), ("\u{1F}\u{8B}", "neither"),
        ])
    func noDump(text: String, reason: String) throws {
        let scratch = try ScratchDirectory()
        let error = reported { _ = try FixtureDump.report(of: Array(text.utf8), in: scratch) }
        #expect(error?.exitCode == .badInput)
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "none")")
    }

    @Test("a program is an ELF file, and no core")
    func program() throws {
        let error = reported { _ = try FixtureDump.report(of: "/proc/self/exe") }
        // procfs's own name is a link; opened, it is the test program.
        #expect(error?.message == "the dump is no dump: it is an ELF file, but not a core")
    }

    @Test("damaged dumps are read or refused, and none takes long or crashes devbox", arguments: [1, 2, 3])
    func damaged(seed: UInt64) throws {
        var random = TestRandom(seed: seed)
        let scratch = try ScratchDirectory()
        let whole = try ["kdump.elf", "kdump.zlib", "arm64.elf"].map(FixtureDump.bytes)
        let clock = ContinuousClock.now
        var told = 0
        for round in 0..<150 {
            var bytes = whole[round % 3]
            // Headers and tables are near the beginning, for the most part.
            let reach = round % 2 == 0 ? min(bytes.count, 8192) : bytes.count
            for _ in 0..<Int.random(in: 1...12, using: &random) {
                let value: UInt8 =
                    [0, 0xFF, 0x80, .random(in: 0...255, using: &random)].randomElement(using: &random) ?? 0
                bytes[Int.random(in: 0..<reach, using: &random)] = value
            }
            do {
                let report = try FixtureDump.report(of: bytes, in: scratch)
                if report.defect != nil || report.messagesDefect != nil { told += 1 }
            } catch {
                told += 1
                #expect(error is any ReportableError, "round \(round)")
            }
        }
        // Some are hit where it matters, some where it does not.
        #expect((1..<150).contains(told), "\(told) of 150 were told to be damaged")
        #expect(ContinuousClock.now - clock < .seconds(60))
    }
}
