@testable import KernelLog
import TestSupport
import Testing

@Suite("Lines out of a console and a log", .timeLimit(.minutes(10)))
struct LogReaderTests {
    private func lines(_ text: String) -> [String] { LogReader(Array(text.utf8)).map(\.whole) }

    @Test("LF and CR LF end a line, whatever CRs stand before it; a CR that more follows does, too")
    func ends() {
        #expect(lines("a\nb\r\nc\r\r\nd") == ["a", "b", "c", "d"])
        #expect(lines("a\n\nb\n") == ["a", "", "b"])
        #expect(
            lines("progress 1%\rprogress 2%\r[    1.000000] x\n") == ["progress 1%", "progress 2%", "[    1.000000] x"])
        #expect(lines("\rx\r\n\r\n") == ["x", ""])
        #expect(lines("").isEmpty)
    }

    @Test("escape sequences of terminals and control characters are gone, and no text beside them is lost")
    func escapes() {
        #expect(
            lines(
                "\u{1B}7\u{1B}[r\u{1B}[999;999H\u{1B}[6n\u{1B}8Welcome to \u{1B}]0;title\u{07}bug-1\u{1B}(B\u{1B}[m!\n")
                == ["Welcome to bug-1!"])
        #expect(lines("\0\0[    1.000000]\u{1} \tx\0y\u{8}é\n") == ["[    1.000000] \txyé"])
        #expect(lines("[\u{1B}[0;32m  OK  \u{1B}[0m] Started.\r\n") == ["[  OK  ] Started."])
        let mark = LogReader(Array("\u{1B}[1m[    1.000000] \u{1B}[31mBUG: x\u{1B}[0m".utf8)).first { _ in true }
        #expect(mark?.message == "BUG: x" && mark?.prefix.sinceBoot == 1_000_000)
    }

    @Test("portions of any size give the lines that the whole gives")
    func portions() {
        let text = "one\r\n\r\ntwo\rthree\r\r\n\u{1B}[0;1mfour\u{1B}[0m\n[    1.000000] five\n\nsix"
        let bytes = Array(text.utf8)
        for size in 1...bytes.count {
            var reader = LogReader()
            var found: [String] = []
            for start in stride(from: 0, to: bytes.count, by: size) {
                reader.feed(Array(bytes[start..<min(start + size, bytes.count)]))
                while let line = reader.next() { found.append(line.whole) }
            }
            #expect(found.count == 7, "the last line has not ended")
            reader.finish()
            while let line = reader.next() { found.append(line.whole) }
            #expect(found == lines(text), "\(size)")
        }
        #expect(lines(text) == ["one", "", "two", "three", "four", "[    1.000000] five", "", "six"])
    }

    @Test("lines that nobody asked for yet are not lost by the next portion")
    func backlog() {
        var reader = LogReader()
        reader.feed(Array("a\nb\nc".utf8))
        #expect(reader.next()?.whole == "a")
        reader.feed(Array("d\ne\n".utf8))
        #expect(
            [reader.next(), reader.next(), reader.next(), reader.next()].map { $0?.whole } == ["b", "cd", "e", nil])
    }

    @Test("an endless line costs no more than its front, and the next one is whole again")
    func endless() {
        var reader = LogReader(longest: 100)
        let chunk = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
        for _ in 0..<64 {
            reader.feed(chunk)
            #expect(reader.next() == nil)
        }
        reader.feed(Array("\n[    1.000000] y\n".utf8))
        let long = reader.next()
        #expect(long?.bytes.count == 100 && long?.isCut == true)
        let next = reader.next()
        #expect(next?.message == "y" && next?.isCut == false)
        #expect(LogReader(chunk + [10], longest: 100).map(\.bytes.count) == [100])
        #expect(
            LogReader(Array((String(repeating: "y", count: 100) + "\n").utf8), longest: 100).map(\.isCut) == [false])
    }

    @Test("rubbish is read to its end, and each line is no longer than it may be")
    func rubbish() {
        var random = TestRandom(seed: 7)
        let likely = Array("[<0123456789.>] \r\n\u{1B}:,;-TCkernel@".utf8)
        for round in 0..<200 {
            let bytes = (0..<2000).map { _ in
                round % 2 == 0 ? UInt8.random(in: 0...255, using: &random) : likely.randomElement(using: &random) ?? 0
            }
            for line in LogReader(bytes, longest: 64) {
                #expect(line.bytes.count <= 64)
                #expect(line.lead.count + line.text.count <= line.bytes.count)
                _ = (KernelMark(line), FaultMark(line), line.second?.message)
            }
            _ = (CrashTitle.find(in: bytes), BootFacts(bytes).kernel)
        }
    }
}
