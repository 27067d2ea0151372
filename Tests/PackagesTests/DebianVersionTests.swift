import DevboxCore
import Packages
import TestSupport
import Testing

@Suite("Versions of packages", .timeLimit(.minutes(10)))
struct DebianVersionTests {
    /// Versions made of what matters to the order.
    private static func generated(_ random: inout TestRandom) -> String {
        let parts = [
            "0", "00", "1", "10", "9", "2147483648", "99999999999999999999", "a", "b", "Z", "~", "~~", "+", ".", "~rc1",
            "bpo", "deb12u1",
        ]
        func part(_ most: Int) -> String {
            (0..<Int.random(in: 0...most, using: &random)).map { _ in parts.randomElement(using: &random) ?? "" }
                .joined()
        }
        var text = "\(Int.random(in: 0...2, using: &random))" + part(4)
        if Bool.random(using: &random) { text += "-" + (part(3).isEmpty ? "1" : part(3) + "1") }
        if Int.random(in: 0..<4, using: &random) == 0 { text = "\(Int.random(in: 0...1, using: &random)):" + text }
        return text
    }

    @Test("are ordered as dpkg orders them")
    func likeDpkg() throws {
        var random = TestRandom(seed: 7)
        var pairs = [
            ("1.0", "1.00"), ("1", "1-0"), ("1~", "1"), ("1~rc1-1", "1-1"), ("0:1", "1"), ("1:1", "2"), ("1.a", "1.+"),
            ("1a", "1+"), ("6.1.0-9", "6.1.0-10"), ("2.0-1", "2.0-1+b1"), ("1-1-1", "1-1"), ("1:2:3", "1:2.3"),
        ]
        for _ in 0..<400 { pairs.append((Self.generated(&random), Self.generated(&random))) }
        let words = [("lt", { $0 < 0 }), ("eq", { $0 == 0 }), ("gt", { $0 > 0 })] as [(String, (Int) -> Bool)]
        // One shell for all of them.
        let script = pairs.map { one, other in
            "for o in lt eq gt; do dpkg --compare-versions '\(one)' $o '\(other)' && echo $o; done"
        }.joined(separator: "\n")
        let answers = try tool("sh", "-c", "cat > /dev/null; exec 2>/dev/null; \(script)\ntrue")
            .split(separator: "\n").map(String.init)
        #expect(answers.count == pairs.count)
        for ((one, other), answer) in zip(pairs, answers) {
            let (first, second) = try (
                #require(DebianVersion(one), "\(one)"), #require(DebianVersion(other), "\(other)")
            )
            let order = first < second ? -1 : first == second ? 0 : 1
            #expect(words.first { $0.1(order) }?.0 == answer, "\(one) and \(other)")
            #expect((second < first) == (order > 0))
        }
        #expect(Set(answers).count == 3)
    }

    @Test(
        "that are none are refused",
        arguments: ["", "-1", "1-", ":1", "a:1", "+1:1", "2147483648:1", "1 2", "1_2", "1-1_2", "1-ä", "1:", "٣"])
    func invalid(text: String) {
        #expect(DebianVersion(text) == nil)
    }

    @Test("have an epoch, an upstream version and a revision")
    func parts() throws {
        let version = try #require(DebianVersion("2:1.0-rc1-3~bpo12+1"))
        #expect((version.epoch, version.upstream, version.revision) == (2, "1.0-rc1", "3~bpo12+1"))
        #expect(DebianVersion("1")?.revision == "")
    }
}
