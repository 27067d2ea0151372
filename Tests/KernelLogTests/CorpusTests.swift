import DevboxCore
import Foundation
import KernelLog
import SystemPackage
import TestSupport
import Testing

/// Logs of real kernels, with what is known of each in its head. They lie beside the project, not in it; on a machine of continuous
/// integration they must be there.
private let corpus: FilePath? = {
    let root = FilePath(#filePath).removingLastComponent().appending("../..").lexicallyNormalized()
    let cases = root.removingLastComponent().appending("shared/data/triage/cases")
    return Files.exists(cases) || ProcessInfo.processInfo.environment["CI"] != nil ? cases : nil
}()

@Suite("Logs of real kernels", .enabled(if: corpus != nil), .timeLimit(.minutes(10)))
struct CorpusTests {
    private struct Case {
        let name: String
        let head: String
        let log: [UInt8]
    }

    private func cases() throws -> [Case] {
        let folder = try #require(corpus)
        let cases = try FileManager.default.contentsOfDirectory(atPath: folder.string).sorted().map { name in
            let bytes = try Files.read(folder.appending(name))
            // The head ends with an empty line; it may be empty itself.
            let text = [10] + bytes
            let end = try #require(Data(text).firstRange(of: Data([10, 10])))
            return Case(
                name: name, head: String(decoding: text[..<end.lowerBound], as: UTF8.self),
                log: Array(text[end.upperBound...]))
        }
        try #require(cases.count > 200)
        return cases
    }

    /// How many lines of all the logs match, as grep(1) counts them.
    private func count(_ pattern: String) throws -> Int {
        let folder = try #require(corpus)
        let command = "cd \(folder) && for i in *; do sed '0,/^$/d' \"$i\"; echo; done | grep -acE '\(pattern)'"
        return Int(try tool("sh", "-c", command).filter(\.isNumber)) ?? 0
    }

    @Test("every time and every caller of theirs is read, and nothing of them is left in a message")
    func prefixes() throws {
        let stamp = #"\[ *[0-9]+\.[0-9]{6}\]"#
        var (times, callers, levels) = (0, 0, 0)
        for one in try cases() {
            for line in LogReader(one.log) {
                if line.prefix.sinceBoot != nil { times += 1 }
                if line.prefix.task != nil || line.prefix.cpu != nil { callers += 1 }
                if line.prefix.level != nil { levels += 1 }
                #expect(LogLine(line.text).prefix.style == .none || line.second != nil, "\(one.name): \(line.whole)")
            }
        }
        let expected = try (
            count(stamp), count(stamp + #" ?\[ *[TC][0-9]+\]"#), count(#"^<[0-9]+>|[Kk][Ee][Rr][Nn]\.[A-Za-z]+ [Kk]"#)
        )
        #expect((times, callers, levels) == expected)
        #expect(times > 20_000 && callers > 5000 && levels > 5)
    }

    @Test("a kernel that panicked is told from one that did not")
    func panics() throws {
        for one in try cases() {
            let hasPanicked = LogReader(one.log).contains { KernelMark($0)?.isPanic == true }
            #expect(hasPanicked == one.head.contains("PANICKED: Y"), "\(one.name)")
        }
    }
}
