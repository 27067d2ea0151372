import Synchronization

/// Memory for a chunk of a file, which belongs to one at a time.
///
/// It is used again when nobody has it any more: of two hundred small files, memory that is new to the process for each would take
/// longer than to fill it.
final class ChunkBuffer: @unchecked Sendable {
    /// In bytes.
    static let size = 512 << 10
    private static let idle = Mutex<[Memory]>([])

    private struct Memory: @unchecked Sendable {
        let bytes: UnsafeMutableRawBufferPointer
    }

    private let memory: Memory

    init() {
        memory =
            Self.idle.withLock { $0.popLast() }
            ?? Memory(bytes: .allocate(byteCount: Self.size, alignment: 4096))
    }

    deinit { Self.idle.withLock { [memory] in $0.append(memory) } }

    var bytes: UnsafeMutableRawBufferPointer { memory.bytes }
}
