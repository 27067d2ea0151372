import DevboxCore
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
}
