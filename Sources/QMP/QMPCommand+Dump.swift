import DevboxCore

/// The formats of a guest's memory that QEMU may write. Source: DumpGuestMemoryFormat in QEMU's qapi/dump.json.
public enum QMPDumpFormat: String, Sendable, Codable, CaseIterable {
    /// An ELF core of all memory, as crash, drgn and gdb read it.
    case elf
    /// Compressed with zlib, as makedumpfile does it.
    case kdumpZlib = "kdump-zlib"
    /// Compressed with LZO.
    case kdumpLzo = "kdump-lzo"
    /// Compressed with snappy.
    case kdumpSnappy = "kdump-snappy"
}

extension QMPCommand {
    /// Which formats this QEMU was built with.
    public static let dumpFormats = QMPCommand("query-dump-guest-memory-capability")
    /// How far a detached dump is.
    public static let dumpProgress = QMPCommand("query-dump")

    /// Keeps the descriptor that comes with the command under a name.
    public static func keep(descriptor name: String) -> QMPCommand { QMPCommand("getfd", ["fdname": .string(name)]) }

    /// Closes a descriptor that was kept.
    public static func drop(descriptor name: String) -> QMPCommand { QMPCommand("closefd", ["fdname": .string(name)]) }

    /// Begins to write all memory to a descriptor that was kept, while the processors stand still; DUMP_COMPLETED tells its end.
    public static func dump(_ format: QMPDumpFormat, to descriptor: String) -> QMPCommand {
        QMPCommand(
            "dump-guest-memory",
            [
                "paging": .bool(false), "protocol": .string("fd:\(descriptor)"), "detach": .bool(true),
                "format": .string(format.rawValue),
            ])
    }
}

/// How far a dump is, out of `query-dump` and DUMP_COMPLETED. Source: DumpQueryResult in QEMU's qapi/dump.json.
public struct DumpProgress: Sendable, Codable, Equatable {
    /// Bytes of memory that were looked at.
    public var completed: Int64
    /// Bytes of memory in all.
    public var total: Int64

    /// - Parameters:
    ///   - completed: bytes of memory that were looked at.
    ///   - total: bytes of memory in all.
    public init(completed: Int64, total: Int64) { (self.completed, self.total) = (completed, total) }

    /// Out of what QEMU says; nil where that is something else.
    public init?(_ value: JSONValue) {
        guard let completed = value["completed"]?.integer, let total = value["total"]?.integer else { return nil }
        self.init(completed: completed, total: total)
    }
}
