import DevboxCore
import Glibc
import SystemPackage

/// What a file that holds a disk is, by what it begins or ends with. What is none of these is taken for the bytes of a disk themselves.
public enum DiskFormat: Sendable, Equatable {
    case raw, qcow2
    /// What qemu-img makes a disk of.
    case foreign(ForeignFormat)
    /// A VMDK that is a text alone: the disk is in other files.
    case descriptor
    /// What devbox can do nothing with; what it is called, and what to do.
    case strange(String, hint: String)

    /// Looks at an open file.
    ///
    /// - Parameter size: the file's size in bytes.
    public init(of file: FileDescriptor, size: Int64, name: String) throws {
        func bytes(at offset: Int64, _ count: Int) throws -> [UInt8] {
            guard offset >= 0, size > offset else { return [] }
            var bytes = [UInt8](repeating: 0, count: Int(min(Int64(count), size - offset)))
            let done = try bytes.withUnsafeMutableBytes { buffer in
                try posix("read \(name)") { pread(file.rawValue, buffer.baseAddress, buffer.count, off_t(offset)) }
            }
            return Array(bytes[..<done])
        }
        let begin = try bytes(at: 0, 512)
        let end = try bytes(at: size - 512, 512)
        func begins(_ text: String) -> Bool { begin.starts(with: text.utf8) }
        if begin.starts(with: [0x51, 0x46, 0x49, 0xFB]) {
            self = begin.count > 7 && begin.bigEndian(UInt32.self, at: 4) == 1 ? .foreign(.qcow) : .qcow2
        } else if begins("KDMV") || begins("COWD") {
            self = .foreign(.vmdk)
        } else if begins("# Disk DescriptorFile") {
            self = .descriptor
        } else if begin.count > 68, begin[64..<68].elementsEqual([0x7F, 0x10, 0xDA, 0xBE]) {
            self = .foreign(.vdi)
        } else if begins("vhdxfile") {
            self = .foreign(.vhdx)
        } else if begins("conectix") || end.starts(with: "conectix".utf8) {
            self = .foreign(.vpc)
        } else if begins("QED\0") {
            self = .foreign(.qed)
        } else if begins("WithoutFreeSpace") || begins("WithouFreSpacExt") {
            self = .foreign(.parallels)
        } else if end.starts(with: "koly".utf8) {
            self = .strange(
                "an Apple disk image", hint: "`qemu-img convert -f dmg -O qcow2` reads it, where it is to be trusted")
        } else if let strange = StrangeFormat(begin) {
            self = .strange(strange.words, hint: strange.hint)
        } else {
            self = .raw
        }
    }
}

/// Formats of disks of other programs, which qemu-img reads.
public enum ForeignFormat: String, Sendable, Equatable, CaseIterable {
    case vmdk, vdi, vhdx, vpc, qed, qcow, parallels

    /// As messages call it.
    public var words: String {
        switch self {
        case .vmdk: "a VMDK disk (VMware)"
        case .vdi: "a VDI disk (VirtualBox)"
        case .vhdx: "a VHDX disk (Hyper-V)"
        case .vpc: "a VHD disk (Virtual PC, Azure)"
        case .qed: "a QED disk (old QEMU)"
        case .qcow: "a qcow disk (version 1, old QEMU)"
        case .parallels: "a Parallels disk"
        }
    }

    /// Throws where a disk of this format is not whole by itself: its header names another file, which can be any file of the host, or says
    /// that it holds differences alone. A program that opened it would follow that.
    ///
    /// Sources: block/vmdk.c, block/vdi.c, block/vpc.c and docs/specs/qed_spec.rst of QEMU.
    public func checkReferences(_ file: FileDescriptor, size: Int64, name: String) throws {
        func bytes(at offset: Int64, _ count: Int) throws -> [UInt8] {
            var bytes = [UInt8](repeating: 0, count: count)
            let done = try bytes.withUnsafeMutableBytes { buffer in
                try posix("read \(name)") { pread(file.rawValue, buffer.baseAddress, buffer.count, off_t(offset)) }
            }
            return Array(bytes[..<done])
        }
        func text(at offset: Int64, _ count: Int) throws -> String {
            String(decoding: try bytes(at: offset, min(count, 1024)), as: UTF8.self)
        }
        let header = try bytes(at: 0, 4096)
        guard header.count >= 512 else { throw DiskError.damaged(disk: name, defect: "its header is cut off") }
        let differences = DiskError.unsupported(
            disk: name, feature: "it holds the differences to another disk alone",
            hint: "merge the two where they were made")
        switch self {
        case .vmdk: try Self.checkVMDK(header, bytes, name: name)
        case .vdi:
            // 1 and 2: sparse, and allocated as a whole.
            guard [1, 2].contains(header.littleEndian(UInt32.self, at: 76)) else { throw differences }
        case .vpc:
            let footer = header.starts(with: "conectix".utf8) ? header : try bytes(at: size - 512, 512)
            guard footer.count >= 64, [2, 3].contains(footer.bigEndian(UInt32.self, at: 60)) else { throw differences }
        case .qed:
            guard header.littleEndian(UInt64.self, at: 16) & 1 == 0 else {
                throw DiskError.refersElsewhere(
                    disk: name,
                    file: try text(
                        at: Int64(header.littleEndian(UInt32.self, at: 56)),
                        Int(header.littleEndian(UInt32.self, at: 60))),
                    hint: DiskError.mergeHint(rawValue))
            }
        case .qcow:
            let offset = header.bigEndian(UInt64.self, at: 8)
            guard offset == 0 else {
                throw DiskError.refersElsewhere(
                    disk: name,
                    file: try text(at: Int64(clamping: offset), Int(header.bigEndian(UInt32.self, at: 16))),
                    hint: DiskError.mergeHint(rawValue))
            }
            guard header.bigEndian(UInt32.self, at: 36) == 0 else {
                throw DiskError.unsupported(
                    disk: name, feature: "it is encrypted", hint: "decrypt it with `qemu-img convert` first")
            }
        // QEMU opens none of these with a parent.
        case .vhdx, .parallels: break
        }
    }

    /// A sparse VMDK has its descriptor inside. Where its capacity is zero, QEMU takes the descriptor's list of files for the disk; and
    /// wherever the name of a parent stands in what it takes for the descriptor, it opens that.
    private static func checkVMDK(_ header: [UInt8], _ bytes: (Int64, Int) throws -> [UInt8], name: String) throws {
        let isOld = header.starts(with: "COWD".utf8)
        let capacity =
            isOld ? UInt64(header.littleEndian(UInt32.self, at: 12)) : header.littleEndian(UInt64.self, at: 12)
        guard capacity > 0 else {
            throw DiskError.refersElsewhere(
                disk: name, file: "the files that its descriptor lists", hint: DiskError.mergeHint("vmdk"))
        }
        let place = isOld ? 1 : header.littleEndian(UInt64.self, at: 28)
        let sectors: Set<Int64> = [1, Int64(clamping: min(place, 1 << 40))]
        for sector in sectors where sector > 0 {
            // QEMU reads as much.
            let descriptor = try bytes(sector * 512, 20 * 512)
            guard let hint = Self.find(Array("parentFileNameHint".utf8), in: descriptor) else { continue }
            let line = descriptor[hint...].prefix { $0 >= 0x20 }
            throw DiskError.refersElsewhere(
                disk: name, file: String(decoding: line.drop { $0 != UInt8(ascii: "=") }.dropFirst(), as: UTF8.self),
                hint: DiskError.mergeHint("vmdk"))
        }
        // A part of a disk has room for a descriptor, and none in it.
        let start = Array("# Disk Desc".utf8)
        guard try isOld || bytes(Int64(clamping: min(place, 1 << 40)) * 512, start.count) == start else {
            throw DiskError.unsupported(
                disk: name, feature: "it is one part of a VMDK that lies in several files",
                hint:
                    "its descriptor, a small .vmdk beside it, names them all: `qemu-img convert -O qcow2 DESCRIPTOR` makes one disk of them"
            )
        }
    }

    private static func find(_ text: [UInt8], in bytes: [UInt8]) -> Int? {
        guard bytes.count >= text.count else { return nil }
        return (0...(bytes.count - text.count)).first { bytes[$0] == text[0] && bytes[$0...].starts(with: text) }
    }
}
