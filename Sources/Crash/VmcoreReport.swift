import ELF
import DevboxCore
import FoundationEssentials
import Glibc
import SystemPackage

/// What a vmcore says of itself and of the kernel in it. Nothing in it is trusted, and little of it is read.
public struct VmcoreReport: Sendable {
    /// How it is written.
    public let format: DumpFormat
    /// By Debian's names; nil for one that devbox knows no guests of.
    public let architecture: Architecture?
    /// As in `uname -r`.
    public let kernel: String?
    /// Of the kernel's vmlinux.
    public let buildID: BuildID?
    /// When the kernel crashed, or else when its memory was written, where the file says one of them.
    public let time: Date?
    /// What is missing of it; nil where all that its headers speak of is there.
    public let defect: String?
    /// The kernel's messages as dmesg(1) prints them; nil where they could not be read.
    public let messages: [UInt8]?
    /// Why they could not be read.
    public let messagesDefect: String?

    /// Times before 2000 and behind 2200 were not read off a clock.
    private static let times: ClosedRange<UInt64> = 946_684_800...7_258_118_400

    /// Reads a vmcore.
    ///
    /// - Parameters:
    ///   - file: open for reading; its position does not matter.
    ///   - name: what messages call it.
    /// - Throws: `VmcoreError.notADump`; and where its headers are cut off or damaged, so that nothing at all can be known.
    public init(_ file: FileDescriptor, name: String) throws {
        let core = try DumpKind.open(DumpBytes(file, name: name))
        format = core.format
        architecture = core.machine.architecture(core.order)
        var found: ([UInt8]?, String?) = (nil, nil)
        var info: Vmcoreinfo?
        // Anybody in the guest can have a page that begins like the kernel's: the one that leads to messages is it.
        for candidate in try Self.information(core) {
            info = candidate
            found = try Self.messages(core, candidate)
            if found.0 != nil { break }
        }
        if info == nil {
            found.1 = "the dump holds no VMCOREINFO: for QEMU's, the guest's kernel must have loaded qemu_fw_cfg"
        }
        (messages, messagesDefect) = found
        defect = try core.defect() ?? info.flatMap { try Self.filterDefect(core, $0) }
        kernel = info?.release ?? core.release
        buildID = info?.buildID
        time = [info?.crashTime, core.timestamp].compactMap { $0 }.first(where: Self.times.contains).map {
            Date(timeIntervalSince1970: Double($0))
        }
    }

    /// What a filter that does not know the kernel has left out of the dump.
    private static func filterDefect(_ core: any Vmcore, _ info: Vmcoreinfo) throws -> String? {
        do {
            guard try SlabPages(core, info)?.areMissing(in: core) == true else { return nil }
        } catch is VmcoreError {
            return nil
        }
        return
            "the kernel's own data (slab pages) were left out: whatever filtered it, a makedumpfile that is too old for the kernel, say, took them for a process's; no tool reads the tasks"
    }

    /// What the kernel says of itself: the dump's note, else pages of its memory.
    private static func information(_ core: any Vmcore) throws -> [Vmcoreinfo] {
        do {
            if let note = try core.vmcoreinfoText() { return [Vmcoreinfo(note)] }
            return try core.vmcoreinfoPages().map(Vmcoreinfo.init)
        } catch is VmcoreError {
            return []
        }
    }

    /// - Throws: what is not the dump's fault.
    private static func messages(_ core: any Vmcore, _ info: Vmcoreinfo) throws -> ([UInt8]?, String?) {
        do {
            return (try KernelMessages.read(KernelMemory(core, info), info), nil)
        } catch let error as VmcoreError {
            return (nil, error.message)
        }
    }
}
