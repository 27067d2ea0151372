import DevboxCore
import FoundationEssentials
import Glibc
import HostTools
import SystemPackage
import TestSupport
import Testing

@testable import Guests

@Suite("Several guests at once", .timeLimit(.minutes(10)))
struct SeveralGuestsTests {
    private let here: TestWork
    init() throws {
        here = try TestWork()
        try TestImage.make(in: here.work)
        for name in ["a", "b"] { try here.clone("base", name) }
    }

    @Test("of guests that are listed one with a damaged record is told, and the others are there")
    func summaries() throws {
        try Files.writeAtomically([], to: here.store.files("a").record)
        var unreadable: [String] = []
        let guests = try here.store.summaries { unreadable.append($0) }
        #expect(unreadable == ["a"])
        #expect(guests.map(\.name) == ["b"])
        #expect(guests.first?.state == "stopped" && guests.first?.kernel == "6.1.0-47-amd64")
    }

    @Test("of guests that are to stop one that does not exist does not keep the others from being looked at")
    func stop() throws {
        var ends: [String] = []
        var failures: [ExitCode] = []
        try GuestStopper(here.store, console: runner.console).stop(["a", "none", "b"], within: .zero) { name, end in
            ends.append("\(name) \(end.rawValue)")
        } failed: {
            failures.append($0.exitCode)
        }
        #expect(ends == ["a not running", "b not running"])
        #expect(failures == [.notFound])
    }

    /// Plays a supervisor that answers a stop with a text, and stops a guest.
    private func stop(_ name: String, answer: String) throws -> (ended: GuestEnd?, failure: (any ReportableError)?) {
        let files = here.store.files(name)
        try Files.makeDirectory(files.run)
        let state = RunState(mode: .kvm, startedAt: Date(timeIntervalSince1970: 0))
        try Files.writeAtomically(RecordFile.json(state), to: files.runState)
        let listener = try UnixSocket.listen(files.control)
        defer { try? listener.close() }
        let player = try WorkThread {
            // The first one only looks whether somebody listens.
            for isAsking in [false, true] {
                let client = FileDescriptor(rawValue: accept(listener.rawValue, nil, nil))
                if isAsking {
                    _ = Poll.wait([.read(client)], until: nil)
                    _ = try UnixSocket.receive(client)
                    try Files.writeAll(client, Array(answer.utf8), name: "")
                }
                try client.close()
            }
        }
        var (ended, failure): (GuestEnd?, (any ReportableError)?) = (nil, nil)
        try GuestStopper(here.store, console: runner.console).stop([name], within: .seconds(1)) {
            ended = $1
        } failed: {
            failure = $0
        }
        _ = try player.wait().get()
        return (ended, failure)
    }

    @Test("one that waits for space on the host is not switched off unasked: that it still runs, and why, is said")
    func outOfSpace() throws {
        let (ended, failure) = try stop("a", answer: "{\"forced\":false,\"isOutOfSpace\":true}\n")
        #expect(ended == nil && failure?.exitCode == .busy)
        #expect(failure?.message.contains("stands still: the host has no space left") == true)
        #expect(failure?.hint?.contains("`devbox stop --force a` switches it off") == true)
        #expect(try stop("b", answer: "{\"forced\":true}\n").ended == .forcedOff)
        // As it reads once it was switched off.
        let off = (failure as? GuestError)?.ofSwitchedOff
        #expect(off?.message.contains("was switched off: the host had no space left") == true)
        #expect(off?.hint?.contains("goes on") == false && off?.exitCode == .busy)
    }
}
