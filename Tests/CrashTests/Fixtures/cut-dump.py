#!/usr/bin/env python3
"""Cuts a real dump down to what its kernel's messages need: headers, VMCOREINFO, page tables, the printk ring buffer.

    cut-dump.py elf DUMP OUT      DUMP: an ELF core; OUT: an ELF core
    cut-dump.py kdump DUMP OUT    DUMP: kdump-compressed, not flattened; OUT: the same, the pages as they were compressed
    cut-dump.py first DUMP OUT    the same with one page only, however it is compressed

It has readers of its own, so that the fixtures do not depend on what they test. See README.md for where the dumps come from.
"""
import mmap
import struct
import sys
import zlib

PAGE = 4096


def u(data, offset, size):
    return int.from_bytes(data[offset : offset + size], "little")


class Elf:
    def __init__(self, data):
        self.data = data
        self.segments, self.note = [], None
        for n in range(u(data, 56, 2)):
            at = u(data, 32, 8) + n * u(data, 54, 2)
            kind, offset, paddr, size = u(data, at, 4), u(data, at + 8, 8), u(data, at + 24, 8), u(data, at + 32, 8)
            if kind == 1:
                self.segments.append((paddr, offset, size))
            elif kind == 4:
                self.note = self.find_note(data[offset : offset + size])
        self.machine = u(data, 18, 2)
        if not self.note:
            # As the guest's qemu_fw_cfg would have pointed it out: a page of its own.
            for paddr, offset, size in self.segments:
                for at in range(offset, offset + size, PAGE):
                    if data[at : at + 10] == b"OSRELEASE=":
                        self.note = bytes(data[at : at + PAGE]).rstrip(b"\0")
        assert self.note, "no VMCOREINFO"

    @staticmethod
    def find_note(notes):
        at = 0
        while at + 12 <= len(notes):
            name, size = u(notes, at, 4), u(notes, at + 4, 4)
            start = at + 12 + (name + 3) // 4 * 4
            if notes[at + 12 : at + 12 + name].rstrip(b"\0") == b"VMCOREINFO":
                return bytes(notes[start : start + size]).rstrip(b"\0")
            at = start + (size + 3) // 4 * 4
        return None

    def page(self, paddr):
        for start, offset, size in self.segments:
            if start <= paddr < start + size:
                return bytes(
                    self.data[offset + paddr - start : offset + paddr - start + PAGE])
        raise KeyError(hex(paddr))


class Kdump:
    def __init__(self, data):
        self.data = data
        self.machine = 62 if data[12 + 4 * 65 :].startswith(b"x86_64") else 183
        self.block, self.sub, self.bitmap = u(data, 428, 4), u(data, 432, 4), u(data, 436, 4)
        assert self.block == PAGE
        self.frames = u(data, PAGE + 96, 8) or u(data, 440, 4)
        offset, size = u(data, PAGE + 32, 8), u(data, PAGE + 40, 8)
        self.note = bytes(data[offset : offset + size]).rstrip(b"\0")
        self.second = (1 + self.sub) * PAGE + self.bitmap * PAGE // 2
        self.descriptors = (1 + self.sub + self.bitmap) * PAGE
        self.index, rank = {}, 0
        bits = data[self.second : self.second + (self.frames + 7) // 8]
        for n, byte in enumerate(bits):
            for bit in range(8):
                if byte >> bit & 1:
                    self.index[n * 8 + bit] = rank
                    rank += 1

    def descriptor(self, frame):
        at = self.descriptors + self.index[frame] * 24
        return struct.unpack("<QIIQ", self.data[at : at + 24])

    def page(self, paddr):
        offset, size, flags, _ = self.descriptor(paddr // PAGE)
        raw = bytes(self.data[offset : offset + size])
        if flags & 1:
            return zlib.decompress(raw)
        assert flags == 0, "neither zlib nor plain"
        return raw



class Memory:
    def __init__(self, dump):
        self.dump, self.touched = dump, {}
        self.info = {}
        for line in dump.note.decode().split("\n"):
            key, _, value = line.partition("=")
            self.info[key] = value
        if dump.machine == 62:
            self.root = self.symbol("swapper_pg_dir", "init_top_pgt") - 0xFFFFFFFF80000000 + self.number("phys_base")
            self.levels, self.mask = (5 if self.number("pgtable_l5_enabled") else 4), 0x000FFFFFFFFFF000
        else:
            self.root = (self.symbol("swapper_pg_dir") - self.number("kimage_voffset")) & (1 << 64) - 1
            bits = 64 - self.number("TCR_EL1_T1SZ") if "NUMBER(TCR_EL1_T1SZ)" in self.info else self.number("VA_BITS")
            self.levels, self.mask = -(-(bits - 12) // 9), 0x0000FFFFFFFFF000

    def symbol(self, *names):
        for name in names:
            if "SYMBOL(%s)" % name in self.info:
                return int(self.info["SYMBOL(%s)" % name], 16)
        raise KeyError(names)

    def number(self, name):
        return int(self.info["NUMBER(%s)" % name], 0)

    def offset(self, name):
        return int(self.info["OFFSET(%s)" % name])

    def size(self, name):
        return int(self.info["SIZE(%s)" % name])

    def phys(self, paddr, size):
        base = paddr // PAGE * PAGE
        if base not in self.touched:
            self.touched[base] = self.dump.page(base)
        return self.touched[base][paddr - base : paddr - base + size]

    def translate(self, address):
        table = self.root
        for level in range(self.levels - 1, -1, -1):
            shift = 12 + 9 * level
            entry = u(self.phys(table + (address >> shift & 511) * 8, 8), 0, 8)
            assert entry & 1, "not mapped: %x" % address
            is_block = entry & 0x80 if self.dump.machine == 62 else not entry & 2
            if level == 0 or (level < 3 and is_block):
                inside = (1 << shift) - 1
                return (entry & self.mask & ~inside) | (address & inside)
            table = entry & self.mask

    def read(self, address, size):
        result = b""
        while len(result) < size:
            at = address + len(result)
            part = min(size - len(result), PAGE - at % PAGE)
            result += self.phys(self.translate(at), part)
        return result

    def word(self, address, size=8):
        return u(self.read(address, size), 0, size)

    def messages(self):
        ring = self.word(self.symbol("prb"))
        desc = ring + self.offset("printk_ringbuffer.desc_ring")
        text = ring + self.offset("printk_ringbuffer.text_data_ring")
        count = 1 << self.word(desc + self.offset("prb_desc_ring.count_bits"), 4)
        descs, infos = (self.word(desc + self.offset("prb_desc_ring." + n)) for n in ("descs", "infos"))
        head, tail = (self.word(desc + self.offset("prb_desc_ring." + n)) for n in ("head_id", "tail_id"))
        size = 1 << self.word(text + self.offset("prb_data_ring.size_bits"), 4)
        data = self.word(text + self.offset("prb_data_ring.data"))
        id = tail
        while True:
            at = descs + id % count * self.size("prb_desc")
            self.read(at, self.size("prb_desc"))
            self.read(infos + id % count * self.size("printk_info"), self.size("printk_info"))
            lpos = at + self.offset("prb_desc.text_blk_lpos")
            begin, end = self.word(lpos), self.word(lpos + 8)
            if not begin & 1:
                start = 0 if begin // size != end // size else begin % size
                self.read(data + start, (end - begin) if start else end % size)
            if id == head:
                return
            id = (id + 1) & ((1 << 62) - 1)


def write_elf(memory, path):
    runs = []
    for base in sorted(memory.touched):
        if runs and runs[-1][0] + len(runs[-1][1]) == base:
            runs[-1][1].extend(memory.touched[base])
        else:
            runs.append((base, bytearray(memory.touched[base])))
    note = memory.dump.note
    notes = struct.pack("<III", 11, len(note), 0) + b"VMCOREINFO\0\0" + note + b"\0" * (-len(note) % 4)
    count = 1 + len(runs)
    offset = 64 + 56 * count
    head = b"\x7fELF\2\1\1" + b"\0" * 9 + struct.pack(
        "<HHIQQQIHHHHHH", 4, memory.dump.machine, 1, 0, 64, 0, 0, 64, 56, count, 0, 0, 0)
    table = struct.pack("<IIQQQQQQ", 4, 0, offset, 0, 0, len(notes), len(notes), 0)
    body = notes
    for base, data in runs:
        table += struct.pack("<IIQQQQQQ", 1, 7, offset + len(body), 0, base, len(data), len(data), 0)
        body += data
    open(path, "wb").write(head + table + body)


def write_kdump(dump, frames, path):
    data = dump.data
    frames = sorted(frames)
    bitmap = bytearray((dump.frames + 7) // 8)
    for frame in frames:
        bitmap[frame // 8] |= 1 << frame % 8
    out = bytearray(data[: dump.descriptors])
    out[dump.second : dump.second + len(bitmap)] = bitmap
    start = dump.descriptors + 24 * len(frames)
    descriptors, pages = b"", b""
    for frame in frames:
        offset, size, flags, page_flags = dump.descriptor(frame)
        descriptors += struct.pack("<QIIQ", start + len(pages), size, flags, page_flags)
        pages += data[offset : offset + size]
    open(path, "wb").write(bytes(out) + descriptors + pages)


def main():
    kind, source, target = sys.argv[1:4]
    with open(source, "rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    if kind == "elf":
        memory = Memory(Elf(data))
        memory.messages()
        write_elf(memory, target)
    elif kind == "first":
        # Pages that cannot be decompressed here: the first that is needed, as it is.
        memory = Memory(Kdump(data))
        write_kdump(memory.dump, [memory.root // PAGE], target)
    else:
        memory = Memory(Kdump(data))
        memory.messages()
        write_kdump(memory.dump, [base // PAGE for base in memory.touched], target)


main()
