import DevboxCore

/// The kernel's lockless ring of messages, from 5.10 on. Source: kernel/printk/printk_ringbuffer.c and .h.
struct PrintkRing {
    private let memory: KernelMemory
    private let layout: Layout
    /// Of the kernels that are read, in bytes.
    private static let word = 8
    private let descriptors: UInt64
    private let infos: UInt64
    /// How many descriptors there are, in bits.
    private let countBits: UInt64
    private let (head, tail): (UInt64, UInt64)
    private let data: UInt64
    /// Of the ring of texts, in bytes.
    private let dataSize: UInt64

    /// The sizes and places of the kernel's structures.
    private struct Layout {
        let descriptorSize, state, position, begin, next: Int
        let infoSize, timestamp, length: Int

        init(_ info: Vmcoreinfo) throws {
            let counter = try info.place("atomic_long_t.counter")
            descriptorSize = try info.extent("prb_desc")
            state = try info.place("prb_desc.state_var") + counter
            position = try info.place("prb_desc.text_blk_lpos")
            begin = try info.place("prb_data_blk_lpos.begin")
            next = try info.place("prb_data_blk_lpos.next")
            infoSize = try info.extent("printk_info")
            timestamp = try info.place("printk_info.ts_nsec")
            length = try info.place("printk_info.text_len")
        }
    }

    init(_ memory: KernelMemory, _ info: Vmcoreinfo) throws {
        self.memory = memory
        layout = try Layout(info)
        guard let symbol = info.symbol("prb") else { throw VmcoreError.unsupported("its VMCOREINFO has no prb") }
        let ring = try memory.number(symbol)
        let counter = UInt64(try info.place("atomic_long_t.counter"))
        func field(_ base: UInt64, _ name: String, _ width: Int = 8) throws -> UInt64 {
            try memory.number(base &+ UInt64(try info.place(name)), width)
        }
        let descriptorRing = ring &+ UInt64(try info.place("printk_ringbuffer.desc_ring"))
        countBits = try field(descriptorRing, "prb_desc_ring.count_bits", 4)
        descriptors = try field(descriptorRing, "prb_desc_ring.descs")
        infos = try field(descriptorRing, "prb_desc_ring.infos")
        head = try memory.number(descriptorRing &+ UInt64(try info.place("prb_desc_ring.head_id")) &+ counter)
        tail = try memory.number(descriptorRing &+ UInt64(try info.place("prb_desc_ring.tail_id")) &+ counter)
        let dataRing = ring &+ UInt64(try info.place("printk_ringbuffer.text_data_ring"))
        let sizeBits = try field(dataRing, "prb_data_ring.size_bits", 4)
        data = try field(dataRing, "prb_data_ring.data")
        guard (1...28).contains(countBits), (1...31).contains(sizeBits) else {
            throw VmcoreError.damaged("its ring of messages has \(countBits) and \(sizeBits) bits")
        }
        dataSize = 1 << sizeBits
    }

    /// The id of a descriptor is a number that the two bits of its state stand above.
    private static let idMask: UInt64 = ~(3 << 62)

    /// So many are in a buffer of 128 MiB; of more than that, the newest.
    private static let mostMessages: UInt64 = 4 << 20

    /// The messages that were finished, oldest first; what cannot be read is left out.
    func text() throws -> [UInt8] {
        var text = MessageText()
        let count = (head &- tail) & Self.idMask
        guard count < 1 << countBits else { throw VmcoreError.damaged("its ring of messages is inconsistent") }
        for number in (count > Self.mostMessages ? count - Self.mostMessages : 0)...count where !text.isFull {
            if number % 65_536 == 0 { try Interrupts.check() }
            let id = (tail &+ number) & Self.idMask
            let index = id & (1 << countBits - 1)
            let descriptor = try memory.read(
                descriptors &+ index &* UInt64(layout.descriptorSize), layout.descriptorSize)
            let state = ByteOrder.little.number(descriptor, layout.state, 8)
            // 1 is committed, 2 finalized; any other is being written, or free.
            guard state & Self.idMask == id, [1, 2].contains(state >> 62) else { continue }
            let info = try memory.read(infos &+ index &* UInt64(layout.infoSize), layout.infoSize)
            let length = ByteOrder.little.uint16(info, layout.length)
            text.add(
                try content(descriptor, length: Int(length)),
                nanoseconds: ByteOrder.little.number(info, layout.timestamp, 8))
        }
        return text.bytes
    }

    /// A text lies behind the id of its descriptor; one that would not fit before the ring's end lies at its start.
    private func content(_ descriptor: [UInt8], length: Int) throws -> [UInt8] {
        let begin = ByteOrder.little.number(descriptor, layout.position + layout.begin, 8)
        let next = ByteOrder.little.number(descriptor, layout.position + layout.next, 8)
        // Odd places stand for a message without a text.
        if begin & 1 == 1 || next & 1 == 1 { return [] }
        let (start, end) = (begin & (dataSize - 1), next & (dataSize - 1))
        let wraps = begin / dataSize != next / dataSize && end != 0
        let place = wraps ? 0 : start
        let room = wraps ? end : (next &- begin)
        guard room >= 8, room <= dataSize, place + room <= dataSize else { return [] }
        return try memory.read(data &+ place &+ UInt64(Self.word), min(length, Int(room) - Self.word))
    }
}

/// The kernel's buffer of messages from 3.5 to 5.9: records of a header and a text each. Source: kernel/printk/printk.c of those.
struct LogBuffer {
    private let memory: KernelMemory
    private let info: Vmcoreinfo

    init(_ memory: KernelMemory, _ info: Vmcoreinfo) {
        (self.memory, self.info) = (memory, info)
    }

    func text() throws -> [UInt8] {
        func variable(_ name: String, _ width: Int) throws -> UInt64 {
            guard let symbol = info.symbol(name) else {
                throw VmcoreError.unsupported("its VMCOREINFO has no \(name)")
            }
            return try memory.number(symbol, width)
        }
        let type = info.size("printk_log") == nil ? "log" : "printk_log"
        let (buffer, size) = (try variable("log_buf", 8), try variable("log_buf_len", 4))
        var at = try variable("log_first_idx", 4)
        let end = try variable("log_next_idx", 4)
        let (header, time) = (try info.extent(type), try info.place("\(type).ts_nsec"))
        let (length, textLength) = (try info.place("\(type).len"), try info.place("\(type).text_len"))
        var text = MessageText()
        var isAround = false
        while at != end, !text.isFull {
            guard at + UInt64(header) <= size else {
                throw VmcoreError.damaged("its buffer of messages is inconsistent")
            }
            let record = try memory.read(buffer &+ at, header)
            let whole = UInt64(ByteOrder.little.uint16(record, length))
            // What would not fit before the buffer's end is at its start.
            if whole == 0 {
                if isAround { break }
                (at, isAround) = (0, true)
                continue
            }
            let count = Int(ByteOrder.little.uint16(record, textLength))
            guard at + whole <= size, whole >= UInt64(header + count), header > 0 else {
                throw VmcoreError.damaged("its buffer of messages is inconsistent")
            }
            text.add(
                try memory.read(buffer &+ at &+ UInt64(header), count),
                nanoseconds: ByteOrder.little.number(record, time, 8))
            at += whole
        }
        return text.bytes
    }
}

extension Vmcoreinfo {
    /// The place of a member, which must be there.
    func place(_ member: String) throws -> Int {
        guard let found = offset(member) else { throw VmcoreError.unsupported("its VMCOREINFO has no \(member)") }
        return found
    }

    /// The size of a structure, which must be there.
    func extent(_ type: String) throws -> Int {
        guard let found = size(type) else { throw VmcoreError.unsupported("its VMCOREINFO has no \(type)") }
        return found
    }
}
