import DevboxCore
import Testing

@Suite("Exit codes")
struct ExitCodeTests {
    private static let promised: [(ExitCode, Int32)] = [
        (.failure, 1), (.usage, 64), (.badInput, 65), (.notFound, 66), (.missing, 69), (.exists, 73), (.busy, 75),
        (.needsRoot, 77), (.panicked, 121), (.timedOut, 122), (.environment, 125), (.interrupted, 130),
    ]

    @Test("exit codes are those that scripts rely on", arguments: promised)
    func numbers(code: ExitCode, number: Int32) {
        #expect(code.rawValue == number)
    }

    @Test("an error's description has the hint behind the message")
    func description() {
        #expect(Failure(.busy, "a is in use", hint: "wait").description == "a is in use (wait)")
        #expect(Failure(.busy, "a is in use").description == "a is in use")
    }

    @Test("durations are rounded up to milliseconds, and never negative")
    func milliseconds() {
        #expect(Duration.milliseconds(1500).milliseconds == 1500)
        #expect(Duration.nanoseconds(1).milliseconds == 1)
        #expect(Duration.seconds(-5).milliseconds == 0)
        #expect(Duration.seconds(1 << 40).milliseconds == .max)
    }
}
