import DevboxCore
import Glibc
import HostTools
import TestSupport
import Testing

@testable import Targets

@Suite("The marks around a command's output")
struct CommandMarksTests {
    private let mark = "0123456789abcdef"

    private func read(_ parts: [[UInt8]]) -> (marks: [CommandMarks.Mark], text: [UInt8]) {
        var (marks, text) = ([CommandMarks.Mark](), [UInt8]())
        func take(_ piece: CommandMarks.Piece) {
            switch piece {
            case .mark(let mark): marks.append(mark)
            case .text(let bytes): text += bytes
            }
        }
        var reader = CommandMarks(mark)
        for part in parts { part.withUnsafeBytes { reader.take($0, take) } }
        reader.finish(take)
        return (marks, text)
    }

    @Test("they are found wherever what comes is cut, and taken out of it")
    func cuts() {
        let all = Array(
            "rc\u{1E}\(mark) begins\u{1E}out\u{1E}put\u{1E}\(mark) ends 3\u{1E}\u{1E}\(mark) left 12\u{1E}".utf8)
        for first in 0...all.count {
            for second in stride(from: first, through: all.count, by: 3) {
                let got = read([Array(all[..<first]), Array(all[first..<second]), Array(all[second...])])
                #expect(got.marks == [.begins, .ends(3), .left(12)])
                #expect(got.text == Array("rcout\u{1E}put".utf8))
            }
        }
    }

    @Test("what only resembles one is the command's, and comes as it is")
    func others() {
        let texts = [
            "\u{1E}", "\u{1E}\u{1E}", "\u{1E}0123", "\u{1E}\(mark) ends\u{1E}", "\u{1E}\(mark) ends x\u{1E}",
            "\u{1E}\(mark) " + String(repeating: "9", count: 100), "\u{1E}fedcba9876543210 ends 3\u{1E}",
        ]
        for text in texts {
            let got = read([Array(text.utf8)])
            #expect(got.marks.isEmpty && got.text == Array(text.utf8))
            // One byte at a time.
            #expect(read(text.utf8.map { [$0] }).text == Array(text.utf8))
        }
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        #expect(read([bytes]).text == bytes)
    }
}

@Suite("Passing on a command's output", .timeLimit(.minutes(10)))
struct OutputRelayTests {
    private func relay(_ script: String, shown: Bool = false, isOver: Bool = false) throws -> (
        OutputRelay.Report, text: String
    ) {
        let target = try Pipe()
        let relay = try OutputRelay(to: .descriptor(target.writeEnd), standard: 1, mark: "ab12", isShown: shown)
        var child = try ChildProcess(
            Command(Program("sh", package: "dash", for: "tests"), ["-c", script]), output: relay.stream)
        relay.hasStarted()
        _ = try child.wait(interruptible: false)
        if isOver { relay.readNoFurther() }
        let report = try relay.finish()
        target.closeWriteEnd()
        return (report, String(decoding: try Files.readAll(target.readEnd, name: "it", limit: 1 << 20), as: UTF8.self))
    }

    @Test("what a login shell says before the command is left out; the command's own status is in its last mark")
    func noise() throws {
        let script = #"echo from .bashrc; printf '\036ab12 begins\036out\n\036ab12 ends 7\036'; exit 1"#
        let (report, text) = try relay(script)
        #expect(report.hasBegun && report.status == 7 && text == "out\n")
        #expect(String(decoding: report.before, as: UTF8.self) == "from .bashrc\n")
        #expect(try relay(script, shown: true).text == "from .bashrc\nout\n")
    }

    @Test("without a mark nothing was begun, and nothing is passed on")
    func notBegun() throws {
        let (report, text) = try relay("echo Password change required; exit 1")
        #expect(!report.hasBegun && report.status == nil && text.isEmpty)
    }

    @Test("what holds the output for longer than the command runs is not waited for")
    func held() throws {
        let (report, text) = try relay(
            #"printf '\036ab12 begins\036out\036ab12 ends 0\036'; sleep 30 & exit 0"#, isOver: true)
        #expect(report.status == 0 && text == "out")
    }

    @Test("who reads no further is no error, and the program learns of it")
    func closed() throws {
        let target = try Pipe()
        target.closeReadEnd()
        let relay = try OutputRelay(to: .descriptor(target.writeEnd), standard: 1, mark: nil)
        var child = try ChildProcess(
            Command(Program("sh", package: "dash", for: "tests"), ["-c", "while echo more; do :; done"]),
            output: relay.stream)
        relay.hasStarted()
        #expect(try child.wait(interruptible: false)?.isSuccess == false)
        let isSeen = try wait(for: relay) { $0.isUnwanted && $0.isFinished && !$0.hasEnded }
        #expect(isSeen)
        _ = try relay.finish()
    }

    /// - Returns: whether it got as far in time.
    private func wait(for relay: OutputRelay, _ isThere: (OutputRelay.Progress) -> Bool) throws -> Bool {
        let deadline = ContinuousClock.now + .seconds(60)
        while !isThere(relay.look()) {
            guard ContinuousClock.now < deadline, !relay.look().isFinished else { return isThere(relay.look()) }
            _ = Poll.wait([.read(relay.news)], until: deadline)
        }
        return true
    }

    /// A relay that has got more than its target takes while nobody reads that, and then the command's end.
    private func stuck() throws -> (OutputRelay, target: Pipe) {
        let target = try Pipe()
        let relay = try OutputRelay(to: .descriptor(target.writeEnd), standard: 1, mark: "ab12")
        let script = #"printf '\036ab12 begins\036'; head -c 110000 /dev/zero; printf '\036ab12 ends 0\036'"#
        var child = try ChildProcess(
            Command(Program("sh", package: "dash", for: "tests"), ["-c", script]), output: relay.stream)
        relay.hasStarted()
        // The relay and the pipes hold all of it.
        _ = try child.wait(until: .now + .seconds(60), interruptible: false)
        return (relay, target)
    }

    @Test("the command has not ended before all of it is passed on, however slowly that is read")
    func slow() throws {
        let (relay, target) = try stuck()
        #expect(!relay.look().isOver)
        let reader = PipeCounter(pipe: target)
        let thread = try WorkThread { try reader.run(110_000) }
        let hasEnded = try wait(for: relay, \.hasEnded)
        #expect(hasEnded)
        #expect(try relay.finish().status == 0)
        try thread.wait().get()
    }

    @Test("who gives up waits for no reader")
    func abandoned() throws {
        let (relay, target) = try stuck()
        let begin = ContinuousClock.now
        #expect(relay.abandon()?.status == nil)
        #expect(ContinuousClock.now - begin < .seconds(20))
        target.closeReadEnd()
    }
}

private struct PipeCounter: @unchecked Sendable {
    let pipe: Pipe

    func run(_ count: Int) throws {
        var buffer = [UInt8](repeating: 0, count: 4096)
        var left = count
        while left > 0 {
            left -= try posix("read") { Glibc.read(pipe.readEnd.rawValue, &buffer, min(buffer.count, left)) }
        }
    }
}
