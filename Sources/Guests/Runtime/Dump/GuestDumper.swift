import CLinux
import DevboxCore
import Glibc
import HostTools
import QMP
import SystemPackage

/// Takes the memory of running guests from outside, as QEMU writes it into a pipe.
///
/// The processors stand still meanwhile. When this process ends in the middle, however it ends, QEMU finds the pipe closed, gives
/// up, and the guest goes on.
public struct GuestDumper {
    private let guest: RunningGuest
    /// More than this cannot come of a guest's memory: twice as much, for what devices have and headers.
    private var limit: Int64 { guest.record.memory * 2 + (1 << 30) }
    private static let bufferSize = 1 << 20

    /// - Parameter guest: the guest, which runs.
    /// - Throws: `usage` for one that runs as a container.
    public init(_ guest: RunningGuest) throws {
        guard guest.state.mode == .kvm else {
            throw Failure(
                .usage, "the guest \(guest.record.name) runs as a container: its kernel is the host's",
                hint: "`devbox flip \(guest.record.name) kvm` runs it on its own kernel")
        }
        self.guest = guest
    }

    /// Has the memory written, and passes it on as it comes.
    ///
    /// - Parameters:
    ///   - format: what QEMU is to write. The kdump formats come flattened, see makedumpfile(8).
    ///   - progress: is called some times a second.
    ///   - take: is called with the bytes, in their order.
    /// - Throws: `missing`, where QEMU does not write the format; `busy`, where another dump is being taken.
    public func dump(
        _ format: QMPDumpFormat, progress: (DumpProgress) -> Void = { _ in },
        take: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let pipe = try Pipe()
        // A larger pipe is fewer switches between QEMU and devbox; an ordinary user may have used up what they may have.
        _ = devbox_set_pipe_size(pipe.readEnd.rawValue, Int32(Self.bufferSize))
        var connection = try guest.connect()
        try connection.send(.dump(format), descriptor: pipe.writeEnd)
        pipe.closeWriteEnd()
        let isDone = try passOn(from: pipe.readEnd, &connection, progress, take)
        let deadline = ContinuousClock.now + .seconds(30)
        var isComplete = isDone
        while !isComplete {
            guard let answer = try connection.next(until: deadline) else {
                let reason = connection.hasEnded ? "the guest has ended" : "QEMU does not tell its end"
                throw Failure(.failure, "the dump of \(guest.record.name) broke off: \(reason)")
            }
            isComplete = note(answer, progress)
        }
    }

    /// Reads the pipe to its end.
    ///
    /// - Returns: whether the supervisor has said meanwhile that the dump is complete.
    private func passOn(
        from pipe: FileDescriptor, _ connection: inout GuestConnection, _ progress: (DumpProgress) -> Void,
        _ take: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Bool {
        var (isDone, total, filled) = (false, Int64(0), 0)
        // Whole buffers are passed on, so that what is zero is seen in large chunks.
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.bufferSize, alignment: 4096)
        defer { buffer.deallocate() }
        while true {
            // A refusal is thrown here, and says more than the pipe's end.
            if let answer = try connection.next(others: [pipe.rawValue]) {
                isDone = note(answer, progress) || isDone
                continue
            }
            let count = try posix("read the dump") {
                read(pipe.rawValue, buffer.baseAddress?.advanced(by: filled), buffer.count - filled)
            }
            filled += count
            if filled < buffer.count, count > 0 { continue }
            total += Int64(filled)
            guard total <= limit else {
                throw Failure(.badInput, "QEMU writes more than the guest \(guest.record.name) has memory")
            }
            try take(UnsafeRawBufferPointer(rebasing: buffer[..<filled]))
            filled = 0
            if count == 0 { return isDone }
        }
    }

    private func note(_ answer: ControlAnswer, _ progress: (DumpProgress) -> Void) -> Bool {
        switch answer {
        case .done: return true
        case .progress(let value): progress(value)
        default: break
        }
        return false
    }

    /// Tells the supervisor, and through it those who wait for a dump, where one was stored.
    public func announce(_ folder: FilePath) {
        // The dump is there, whether somebody hears of it or not.
        guard var connection = try? guest.connect(), (try? connection.send(.dumpStored(folder.string))) != nil else {
            return
        }
        _ = try? connection.next(until: .now + .seconds(5))
    }
}
