import Crash
import DevboxCore
import TestSupport
import Testing

@Suite("Messages of kernels that no dump is at hand of")
struct MessagesTests {
    let scratch: ScratchDirectory

    init() throws { scratch = try ScratchDirectory() }

    /// A kernel with the records of 3.5 to 5.9: time, length, length of the text, of its dictionary, facility and flags.
    private func old(_ texts: [String], from first: Int = 0) -> SyntheticKernel {
        var kernel = SyntheticKernel()
        kernel.information += [
            SyntheticKernel.symbol("log_buf", 0x10000), SyntheticKernel.symbol("log_buf_len", 0x10008),
            SyntheticKernel.symbol("log_first_idx", 0x1000C), SyntheticKernel.symbol("log_next_idx", 0x10010),
            "SIZE(printk_log)=16", "OFFSET(printk_log.ts_nsec)=0", "OFFSET(printk_log.len)=8",
            "OFFSET(printk_log.text_len)=10", "OFFSET(printk_log.dict_len)=12",
        ]
        kernel.put(SyntheticKernel.base + 0x20000, at: 0x10000)
        kernel.put(UInt32(256), at: 0x10008)
        kernel.put(UInt32(first), at: 0x1000C)
        var at = first
        for (number, text) in texts.enumerated() {
            let size = (16 + text.utf8.count + 7) / 8 * 8
            // A record does not go over the end, and a length of 0 says so.
            if at + size + 16 > 256 { at = 0 }
            kernel.put(UInt64(number + 1) * 1_500_000_000, at: 0x20000 + at)
            kernel.put(UInt16(size), at: 0x20000 + at + 8)
            kernel.put(UInt16(text.utf8.count), at: 0x20000 + at + 10)
            kernel.memory.put(Array(text.utf8), at: 0x20000 + at + 16)
            at += size
        }
        kernel.put(UInt32(at), at: 0x10010)
        return kernel
    }

    private func report(_ kernel: SyntheticKernel) throws -> VmcoreReport {
        try FixtureDump.report(of: kernel.core, in: scratch)
    }

    @Test("the records of kernels before 5.10, in one stretch and around the buffer's end", arguments: [0, 160])
    func records(first: Int) throws {
        let found = try report(old(["first line", "two\nlines", "a \u{7} bell"], from: first))
        #expect(
            found.messages.map { String(decoding: $0, as: UTF8.self) }
                == "[    1.500000] first line\n[    3.000000] two\n               lines\n[    4.500000] a \\x07 bell\n")
        #expect(found.kernel == "4.19.0-synthetic")
    }

    @Test("records that lead nowhere end, and those that cannot be read are none")
    func endless() throws {
        var kernel = old(["one", "two"])
        // It never comes to the index that it should end at.
        kernel.put(UInt32(200), at: 0x10010)
        kernel.put(UInt32(0xFFFF_FFF0), at: 0x10008)
        let found = try report(kernel)
        #expect(try #require(found.messages).count < 10_000)
        kernel.put(UInt16(0xFFFF), at: 0x2000A)
        #expect(try report(kernel).messages == nil)
    }

    @Test("page tables that lead into themselves, or nowhere")
    func tables() throws {
        var kernel = old(["one"])
        kernel.put(UInt64(0x1000 | 3), at: 0x1000 + 511 * 8)
        #expect(try report(kernel).messages == nil)
        kernel.put(UInt64(0), at: 0x1000 + 511 * 8)
        #expect(try report(kernel).messagesDefect?.contains("page tables do not map") == true)
        kernel.put(UInt64(0x000F_FFFF_FFFF_F003), at: 0x1000 + 511 * 8)
        #expect(try report(kernel).messagesDefect?.contains("is not in the dump") == true)
    }

    @Test(
        "a ring of messages with any sizes ends, and is said to be damaged",
        arguments: [0, 1, 29, 63, 0xFFFF_FFFF] as [UInt32])
    func ring(bits: UInt32) throws {
        var kernel = SyntheticKernel()
        kernel.information += [
            SyntheticKernel.symbol("prb", 0x10000), "SIZE(printk_ringbuffer)=80",
            "OFFSET(printk_ringbuffer.desc_ring)=0",
            "OFFSET(printk_ringbuffer.text_data_ring)=40", "SIZE(prb_desc)=24", "OFFSET(prb_desc.state_var)=0",
            "OFFSET(prb_desc.text_blk_lpos)=8", "OFFSET(prb_data_blk_lpos.begin)=0", "OFFSET(prb_data_blk_lpos.next)=8",
            "SIZE(printk_info)=88", "OFFSET(printk_info.ts_nsec)=8", "OFFSET(printk_info.text_len)=16",
            "OFFSET(prb_desc_ring.count_bits)=0", "OFFSET(prb_desc_ring.descs)=8", "OFFSET(prb_desc_ring.infos)=16",
            "OFFSET(prb_desc_ring.head_id)=24", "OFFSET(prb_desc_ring.tail_id)=32", "OFFSET(prb_data_ring.size_bits)=0",
            "OFFSET(prb_data_ring.data)=8", "OFFSET(atomic_long_t.counter)=0",
        ]
        kernel.put(SyntheticKernel.base + 0x20000, at: 0x10000)
        kernel.put(bits, at: 0x20000)
        kernel.put(SyntheticKernel.base + 0x30000, at: 0x20008)
        kernel.put(SyntheticKernel.base + 0x40000, at: 0x20010)
        kernel.put(UInt64.max, at: 0x20018)
        kernel.put(bits, at: 0x20028)
        kernel.put(SyntheticKernel.base + 0x50000, at: 0x20030)
        #expect(try report(kernel).messagesDefect?.contains("damaged") == true)
        // Head and tail are one: one message, with a text that has no room.
        kernel.put(UInt64(0), at: 0x20018)
        kernel.put(UInt64(1) << 62, at: 0x30000)
        kernel.put(UInt64.max - 1, at: 0x30008)
        kernel.put(UInt64.max - 3, at: 0x30010)
        kernel.put(UInt16.max, at: 0x40010)
        let last = try report(kernel)
        #expect((last.messages == nil) == (last.messagesDefect != nil))
    }

    @Test("an architecture whose page tables devbox does not know is named")
    func architecture() throws {
        var core = old(["one"]).core
        core.put(littleEndian(UInt16(21)), at: 18)
        let found = try FixtureDump.report(of: core, in: scratch)
        #expect(found.architecture == .ppc64el)
        #expect(found.messagesDefect == "devbox does not read the messages of ppc64 kernels")
        #expect(found.kernel == "4.19.0-synthetic")
    }

    @Test("without VMCOREINFO there is no way to the messages, and it is said why")
    func noInformation() throws {
        var core = old(["one"]).core
        core.put(Array("X".utf8), at: 64 + 2 * 56 + 12)
        #expect(try FixtureDump.report(of: core, in: scratch).messagesDefect?.contains("qemu_fw_cfg") == true)
    }

    @Test(
        "without the note, the kernel's own page of it is found in its memory, and not a page that only looks like it")
    func page() throws {
        var kernel = old(["one"])
        kernel.memory.put(Array("OSRELEASE=1.0-mimic\nPAGESIZE=4096\n".utf8), at: 0x30000)
        kernel.memory.put(Array((kernel.information.joined(separator: "\n") + "\n").utf8), at: 0x40000)
        var core = kernel.core
        core.put(Array("X".utf8), at: 64 + 2 * 56 + 12)
        let found = try FixtureDump.report(of: core, in: scratch)
        #expect(found.messages.map { String(decoding: $0, as: UTF8.self) } == "[    1.500000] one\n")
        #expect(found.kernel == "4.19.0-synthetic")
    }
}
