import DevboxCore
import FoundationEssentials
import Glibc
import Stores
import SystemPackage

/// What is known of a dump besides what its vmcore says.
public struct DumpDetails: Sendable {
    /// When the kernel crashed or was dumped, where the vmcore does not say it; now without it.
    public var time: Date?
    /// As in `uname -r`, where the vmcore does not say it.
    public var kernel: String?
    /// The kernel's, where its messages do not have it any more.
    public var commandLine: String?
    /// Of the vmcore, where it was computed as it was written.
    public var sha256: SHA256Digest?
    /// The guest's file that it is a copy of.
    public var origin: DumpRecord.Origin?
    /// The messages that the guest's crash kernel saved beside the dump: taken where ours cannot be read.
    public var guestMessages: [UInt8]?
    /// A defect that was seen as it was copied.
    public var defect: String?

    /// Nothing is known.
    public init() {}
}

/// A dump that is being written: put it at `vmcore`, then `finish`. Where the value goes away before, all of it is removed.
public struct UnfinishedDump: ~Copyable {
    let store: DumpStore
    let folder: UnfinishedFolder
    let guest: String
    let guestID: String
    let source: DumpRecord.Source
    let command: String

    /// The folder, which belongs to the one who runs devbox and is closed to others.
    public var path: FilePath { folder.path }
    /// Where the vmcore belongs. It is not there yet: make it, or use `makeVmcore`.
    public var vmcore: FilePath { folder.path.appending(DumpStore.vmcoreName) }

    /// Makes the vmcore's file, open for reading and writing: to be written by devbox, or handed to QEMU as a descriptor.
    public func makeVmcore() throws -> FileDescriptor {
        try Files.open(vmcore, .readWrite, [.create, .exclusiveCreate])
    }

    /// QEMU 7.2 writes its kdump formats as a stream of records; nothing but makedumpfile reads that.
    private borrowing func unflatten() throws -> String? {
        let flat = try Files.open(vmcore, .readOnly, .noFollow)
        defer { try? flat.close() }
        guard DumpKind.of(try DumpKind.magic(of: flat, name: vmcore.string)) == .flattened else { return nil }
        let size = Int64(try posix("look at \(vmcore)") { lseek(flat.rawValue, 0, SEEK_END) })
        let path = folder.path.appending("\(DumpStore.vmcoreName).whole")
        let file = try Files.open(path, .readWrite, [.create, .exclusiveCreate])
        defer { try? file.close() }
        var receiver = DumpReceiver(file, name: "the dump of \(guest)", size: size)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        while true {
            try Interrupts.check()
            let count = try posix("read \(vmcore)") {
                pread(flat.rawValue, buffer.baseAddress, buffer.count, off_t(receiver.received))
            }
            if count == 0 { break }
            try receiver.take(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
        let defect = try receiver.finish()
        try Files.rename(path, to: vmcore)
        return defect
    }

    /// Reads the vmcore through, writes dmesg.txt and dump.json beside it, and puts the folder into place.
    ///
    /// A flattened one is unflattened. One that is cut off is kept and said to be incomplete; what is no dump is not kept.
    ///
    /// - Parameters:
    ///   - details: what is known besides what the vmcore says.
    ///   - digest: whether the SHA-256 digest is computed where `details` has none: all of the vmcore is read for it.
    /// - Throws: `badInput` where the file is no dump: it is empty, or of an unknown kind.
    public consuming func finish(_ details: DumpDetails = DumpDetails(), digest: Bool = false) throws -> StoredDump {
        var details = details
        if let defect = try unflatten() { details.defect = details.defect ?? defect }
        let (record, messages) = try inspect(details, digest: digest)
        if let messages {
            try Files.writeAtomically(messages, to: folder.path.appending(DumpStore.messagesName), mode: 0o644)
        }
        try Files.setMode(vmcore, 0o644)
        return try store.keep(folder, record)
    }

    private borrowing func inspect(_ details: DumpDetails, digest: Bool) throws -> (DumpRecord, [UInt8]?) {
        let file = try Files.open(vmcore, .readOnly, .noFollow)
        defer { try? file.close() }
        let report = try VmcoreReport(file, name: "the dump of \(guest)")
        try posix("sync \(vmcore)") { fsync(file.rawValue) }
        // Before that, a file system may not know what it will take.
        var status = stat()
        try posix("look at \(vmcore)") { fstat(file.rawValue, &status) }
        let messages = report.messages ?? details.guestMessages.map(MessageText.printable)
        let facts = messages.map(MessageFacts.init)
        var sha256 = details.sha256
        if digest, sha256 == nil { sha256 = try SHA256Digest(of: file, name: vmcore.string) }
        let defect = details.defect ?? report.defect
        let record = DumpRecord(
            guest: guest, guestID: guestID, name: "", time: report.time ?? details.time ?? Date(), source: source,
            format: report.format, architecture: report.architecture,
            kernel: report.kernel ?? facts?.kernel ?? details.kernel,
            buildID: report.buildID, commandLine: facts?.commandLine ?? details.commandLine,
            title: messages.flatMap { DumpTitle.find(in: $0) },
            messages: report.messages != nil ? .vmcore : messages != nil ? .guest : nil,
            messagesDefect: report.messagesDefect, size: Int64(status.st_size),
            sizeOnDisk: Int64(status.st_blocks) * 512, sha256: sha256, isComplete: defect == nil,
            defect: defect, origin: details.origin, addedAt: Date(), command: command)
        return (record, messages)
    }
}
