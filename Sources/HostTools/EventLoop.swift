import DevboxCore
import Glibc
import SystemPackage

/// One thread that waits for many descriptors with poll(2), for a process that owns others and must never block on one of them.
public final class EventLoop {
    private var sources: [Int32: () throws -> Void] = [:]
    private var sinks: [Int32: () throws -> Void] = [:]
    private var timers: [(at: ContinuousClock.Instant, body: () throws -> Void)] = []
    private var stopped = false

    /// A loop that watches nothing yet.
    public init() {}

    /// Calls `body` whenever a descriptor is readable or at its end.
    public func watch(_ descriptor: FileDescriptor, _ body: @escaping () throws -> Void) {
        sources[descriptor.rawValue] = body
    }

    /// Calls `body` once, as soon as a descriptor takes more bytes.
    public func whenWritable(_ descriptor: FileDescriptor, _ body: @escaping () throws -> Void) {
        sinks[descriptor.rawValue] = body
    }

    /// Watches a descriptor no longer.
    public func ignore(_ descriptor: FileDescriptor) {
        sources[descriptor.rawValue] = nil
        sinks[descriptor.rawValue] = nil
    }

    /// Calls `body` once, after a time.
    public func after(_ delay: Duration, _ body: @escaping () throws -> Void) {
        timers.append((.now + delay, body))
    }

    /// Makes `run` return.
    public func stop() { stopped = true }

    /// Runs until `stop`. What a source throws ends it too.
    public func run() throws {
        stopped = false
        while !stopped {
            let watched = Array(Set(sources.keys).union(sinks.keys))
            let ready = Poll.wait(
                watched.map { .of($0, read: sources[$0] != nil, write: sinks[$0] != nil) },
                until: timers.map(\.at).min())
            let now = ContinuousClock.now
            let due = timers.filter { $0.at <= now }.sorted { $0.at < $1.at }
            timers.removeAll { $0.at <= now }
            for timer in due where !stopped { try timer.body() }
            for (place, number) in watched.enumerated() where ready[place] && !stopped {
                // At an error or a hang-up both learn of it by what they do next.
                if ready.isWritable(place), let sink = sinks.removeValue(forKey: number) { try sink() }
                if ready.isReadable(place) { try sources[number]?() }
            }
        }
    }
}
