import Glibc
import SystemPackage

/// Waiting for descriptors with poll(2). A signal that arrives meanwhile neither ends the waiting nor makes it longer.
public enum Poll {
    /// What is waited for at one descriptor.
    public struct Interest: Sendable {
        fileprivate let descriptor: Int32
        fileprivate let events: Int32

        /// That it can be read without waiting, or is at its end. nil is never ready, and holds a place in the list.
        public static func read(_ descriptor: FileDescriptor?) -> Interest { read(descriptor?.rawValue ?? -1) }

        /// The same by its number; -1 for none.
        public static func read(_ number: Int32) -> Interest { Interest(descriptor: number, events: POLLIN) }

        /// That it takes bytes without waiting, or that nobody reads them any more. nil is never ready.
        public static func write(_ descriptor: FileDescriptor?) -> Interest {
            Interest(descriptor: descriptor?.rawValue ?? -1, events: POLLOUT)
        }

        /// Either, or both, of the descriptor of a number.
        public static func of(_ number: Int32, read: Bool, write: Bool) -> Interest {
            Interest(descriptor: number, events: (read ? POLLIN : 0) | (write ? POLLOUT : 0))
        }
    }

    /// Which descriptors became ready, by their places in the list; none where the time ran out.
    public struct Ready: Sendable {
        fileprivate let events: [Int32]

        /// Whether the time ran out.
        public var isEmpty: Bool { events.allSatisfy { $0 == 0 } }

        /// Whether what was waited for at one place came, or an error or a hang-up, which the next read or write tells of.
        public subscript(place: Int) -> Bool { events[place] != 0 }

        /// Whether one has something for who reads: bytes, the end, or an error.
        public func isReadable(_ place: Int) -> Bool { events[place] & ~POLLOUT != 0 }

        /// Whether one has something for who writes: room, or an error.
        public func isWritable(_ place: Int) -> Bool { events[place] & ~POLLIN != 0 }
    }

    /// Waits until at least one is ready. Ctrl-C does not end it.
    ///
    /// - Parameter deadline: when to give up; what is ready at that moment is told all the same, also where it has passed. nil
    ///   waits for ever.
    @discardableResult
    public static func wait(_ interests: [Interest], until deadline: ContinuousClock.Instant? = nil) -> Ready {
        var polled = interests.map { pollfd(fd: $0.descriptor, events: Int16($0.events), revents: 0) }
        while true {
            let count = poll(&polled, nfds_t(polled.count), deadline.map { ($0 - .now).milliseconds } ?? -1)
            // A time beyond what poll(2) can count ends before its deadline does.
            if count > 0 || count == 0 && deadline.map({ $0 <= .now }) ?? true {
                return Ready(events: polled.map { Int32($0.revents) })
            }
            // EINTR means a signal, ENOMEM a kernel short of memory at this moment; all else is a mistake of the caller's.
            precondition(count == 0 || errno == EINTR || errno == ENOMEM, "poll: \(Errno(rawValue: errno))")
        }
    }

    /// The same, which SIGINT, SIGTERM and SIGHUP may end; see `Interrupts`.
    ///
    /// - Parameters:
    ///   - deadline: when to give up; nil waits for ever.
    ///   - interruptible: whether they do.
    /// - Throws: `interrupted`, also where something is ready at the same time.
    public static func wait(
        _ interests: [Interest], until deadline: ContinuousClock.Instant? = nil, interruptible: Bool
    ) throws -> Ready {
        guard interruptible else { return wait(interests, until: deadline) }
        let ready = wait(interests + [.read(Interrupts.descriptor)], until: deadline)
        if ready[interests.count] { throw Failure.interrupted }
        return ready
    }
}
