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

    /// Writes the memory into an empty file, with holes for what is zero.
    ///
    /// - Parameters:
    ///   - format: ELF, or a kdump-compressed format, which is written as makedumpfile writes it, not flattened.
    ///   - file: open for writing.
    ///   - name: what it is called in messages.
    ///   - progress: is called some times a second.
    /// - Throws: `missing`, where QEMU does not write the format; `busy`, where another dump is being taken.
    public func dump(
        _ format: DumpFormat, into file: FileDescriptor, name: String, progress: (DumpProgress) -> Void = { _ in }
    ) throws {
        let pipe = try Pipe()
        // A larger pipe is fewer switches between QEMU and devbox; an ordinary user may have used up what they may have.
        _ = devbox_set_pipe_size(pipe.readEnd.rawValue, Int32(Self.bufferSize))
        var connection = try guest.connect()
        try connection.send(.dump(format), descriptor: pipe.writeEnd)
        pipe.closeWriteEnd()
        let sparse = SparseFile(file, name: name)
        var flattened = format == .elf ? nil : FlattenedStream(into: sparse, limit: limit)
        var isDone = false
        var offset: Int64 = 0
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.bufferSize, alignment: 4096)
        defer { buffer.deallocate() }
        var filled = 0
        while true {
            // A refusal is thrown here, and says more than the pipe's end.
            while let answer = try connection.next(until: .now) { isDone = note(answer, progress) || isDone }
            var polled = pollfd(fd: pipe.readEnd.rawValue, events: Int16(POLLIN), revents: 0)
            guard poll(&polled, 1, 0) > 0 else {
                if let answer = try connection.next(others: [pipe.readEnd.rawValue]) {
                    isDone = note(answer, progress) || isDone
                } else if connection.hasEnded {
                    throw Failure(.failure, "the guest \(guest.record.name) ended during the dump")
                }
                continue
            }
            let count = try posix("read the dump") {
                read(pipe.readEnd.rawValue, buffer.baseAddress?.advanced(by: filled), buffer.count - filled)
            }
            filled += count
            guard filled == buffer.count || count == 0 else { continue }
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<filled])
            if flattened != nil { try flattened?.take(bytes) } else { try sparse.write(bytes, at: offset) }
            offset += Int64(filled)
            filled = 0
            if count == 0 { break }
            guard offset <= limit else {
                throw Failure(.badInput, "QEMU writes more than the guest \(guest.record.name) has memory")
            }
        }
        let deadline = ContinuousClock.now + .seconds(30)
        while !isDone {
            guard let answer = try connection.next(until: deadline) else {
                throw Failure(
                    .failure, "the dump of \(guest.record.name) broke off: \(connection.hasEnded ? "the guest ended" : "QEMU does not tell its end")")
            }
            isDone = note(answer, progress)
        }
        guard flattened?.isComplete ?? true else { throw Failure(.failure, "QEMU wrote only a part of the dump") }
        try sparse.finish()
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
        guard var connection = try? guest.connect(), (try? connection.send(.dumpStored(folder.string))) != nil else { return }
        _ = try? connection.next(until: .now + .seconds(5))
    }
}
