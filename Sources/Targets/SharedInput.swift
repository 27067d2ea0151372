import CLinux
import DevboxCore
import Glibc
import HostTools
import SystemPackage

/// devbox's standard input for a command that reads it from afar.
///
/// In `while read name; do devbox exec …; done` the input is the loop's as well, and a command is to take from it what it reads and no
/// more. ssh takes all that there is. So it gets a copy, by which nothing is taken from the input; that is done when the command has
/// ended, and the guest has told how much of it was left over. Of what a pipe holds at once, 64 KiB mostly, nothing is lost that way; who
/// writes more than that has to be let go on, for the command may want all of it.
final class SharedInput {
    /// For the program that reaches the guest.
    var stream: ChildProcess.Stream { .descriptor(feeder.pipe.readEnd) }

    private let feeder: Feeder
    private var thread: WorkThread<Void>?

    /// - Parameter source: the input; it stays the caller's.
    /// - Returns: nil for what nothing can be copied of without taking it: terminals, sockets, devices.
    init?(_ source: FileDescriptor) throws {
        var status = stat()
        guard fstat(source.rawValue, &status) == 0 else { return nil }
        switch status.st_mode & S_IFMT {
        case S_IFREG: feeder = try Feeder(file: source)
        case S_IFIFO: feeder = try Feeder(pipe: source)
        default: return nil
        }
    }

    /// Begins; to be called when the program has its end.
    func start() throws {
        feeder.pipe.closeReadEnd()
        thread = try WorkThread { [feeder] in try feeder.run() }
    }

    /// Ends the program's input.
    func stop() {
        feeder.stopping.closeWriteEnd()
        _ = thread?.wait()
        feeder.pipe.closeWriteEnd()
    }

    /// How many bytes the program was given; to be asked when it is stopped.
    var sentBytes: Int64 {
        stop()
        return feeder.sentBytes
    }

    /// Takes from the input what the command has read.
    ///
    /// - Parameter left: how much of what was sent it has not read; nil where that is not known, and as much as can be is kept then.
    /// - Returns: how many bytes are gone from the input that the command, as far as is known, has not read.
    @discardableResult
    func finish(left: Int64?) -> Int64 {
        stop()
        return feeder.settle(left: left)
    }
}

/// The thread's own, until it has ended.
private final class Feeder: @unchecked Sendable {
    let pipe: Pipe
    let stopping: Pipe
    private let source: FileDescriptor
    /// Where a pipe's bytes are copied to; nil for a file.
    private let copy: Pipe?
    /// Where in a file the bytes begin.
    private let start: off_t
    /// Bytes that were sent, and those of them that were taken.
    private var (sent, taken) = (Int64(0), Int64(0))
    var sentBytes: Int64 { sent }
    private let capacity: Int
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)

    /// A pipe tells of no further byte while one waits in it.
    private static let pause = Duration.milliseconds(20)
    /// After so many pauses one that holds less than it can counts as full: small writes may each have a page of it.
    private static let mostPauses = 50

    init(file: FileDescriptor) throws {
        (pipe, stopping, copy, source) = (try Pipe(), try Pipe(), nil, file)
        start = try posix("read standard input") { lseek(file.rawValue, 0, SEEK_CUR) }
        capacity = buffer.count
        _ = devbox_set_nonblocking(pipe.writeEnd.rawValue, 1)
    }

    init(pipe source: FileDescriptor) throws {
        let copy = try Pipe()
        (pipe, stopping, self.copy, self.source, start) = (try Pipe(), try Pipe(), copy, source, 0)
        capacity = min(buffer.count, max(4096, Int(devbox_pipe_size(source.rawValue))))
        _ = devbox_set_pipe_size(copy.readEnd.rawValue, Int32(capacity))
        _ = devbox_set_nonblocking(pipe.writeEnd.rawValue, 1)
    }

    deinit { buffer.deallocate() }

    func run() throws {
        defer { pipe.closeWriteEnd() }
        if let copy { try feed(by: copy) } else { try feedFile() }
    }

    private func feedFile() throws {
        while true {
            let count = try posix("read standard input") {
                pread(source.rawValue, buffer.baseAddress, buffer.count, start + off_t(sent))
            }
            guard count > 0, try send(UnsafeRawBufferPointer(rebasing: buffer[..<count])) else { return }
        }
    }

    private func feed(by copy: Pipe) throws {
        var pauses = 0
        while true {
            let pending = Int(sent - taken)
            let waiting = try Pipe.readableBytes(source)
            if waiting > pending, pending < capacity {
                let count = try copied(waiting, by: copy)
                guard count > pending || pending > 0 else { return try feedTaking() }
                if count > pending {
                    guard try send(UnsafeRawBufferPointer(rebasing: buffer[pending..<count])) else { return }
                    pauses = 0
                    continue
                }
            }
            // All that it holds was sent; asked in this order, nothing comes between.
            if devbox_hung_up(source.rawValue) != 0, try Pipe.readableBytes(source) <= pending { return }
            // Who writes into a full pipe waits for room.
            let isFull = pending > capacity - 4096 || pending > capacity / 2 && pauses >= Self.mostPauses
            if isFull {
                try take(sent - taken)
                pauses = 0
                continue
            }
            let ready = Poll.wait(
                [.read(stopping.readEnd), .read(pending == 0 ? source : nil)],
                until: pending == 0 ? nil : .now + Self.pause)
            if ready[0] { return }
            pauses += 1
        }
    }

    /// What nothing can be copied of is sent as it is taken.
    private func feedTaking() throws {
        while !Poll.wait([.read(stopping.readEnd), .read(source)])[0] {
            let count = try posix("read standard input") { read(source.rawValue, buffer.baseAddress, capacity) }
            taken += Int64(count)
            guard count > 0, try send(UnsafeRawBufferPointer(rebasing: buffer[..<count])) else { return }
        }
    }

    private func copied(_ waiting: Int, by copy: Pipe) throws -> Int {
        let count = Int(devbox_tee(source.rawValue, copy.writeEnd.rawValue, min(waiting, capacity)))
        var done = 0
        while done < count {
            done += try posix("read standard input") {
                read(copy.readEnd.rawValue, buffer.baseAddress?.advanced(by: done), count - done)
            }
        }
        return max(0, count)
    }

    /// - Returns: false where nobody reads it any more, or it is not to be sent.
    private func send(_ bytes: UnsafeRawBufferPointer) throws -> Bool {
        var done = 0
        while done < bytes.count {
            let ready = Poll.wait([.write(pipe.writeEnd), .read(stopping.readEnd)])
            if ready[1] { return false }
            let count = write(pipe.writeEnd.rawValue, bytes.baseAddress?.advanced(by: done), bytes.count - done)
            if count < 0, errno == EAGAIN || errno == EINTR { continue }
            guard count > 0 else { return false }
            done += count
            sent += Int64(count)
        }
        return true
    }

    private func take(_ count: Int64) throws {
        var rest = count
        while rest > 0 {
            let got = try posix("read standard input") {
                read(source.rawValue, buffer.baseAddress, min(buffer.count, Int(rest)))
            }
            if got == 0 { return }
            rest -= Int64(got)
            taken += Int64(got)
        }
    }

    /// Takes what was read, when the thread has ended. An input that cannot be read any more has nothing that could be kept for others.
    func settle(left: Int64?) -> Int64 {
        let used = left.map { max(0, sent - max(0, $0)) } ?? taken
        if copy == nil { lseek(source.rawValue, start + off_t(used), SEEK_SET) } else { try? take(used - taken) }
        return left == nil ? 0 : max(0, taken - used)
    }
}

extension TargetCommand {
    /// Whether its input is devbox's own, which others may read too.
    var sharesInput: Bool {
        guard case .inherit = input else { return false }
        return !wantsTerminal
    }
}
