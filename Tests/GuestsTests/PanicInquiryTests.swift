import TestSupport
import Testing

@testable import Guests

/// Timers whose time a test makes pass.
final class TestTimers {
    private var now = ContinuousClock.now
    private var waiting: [(at: ContinuousClock.Instant, body: () throws -> Void)] = []
    /// How many wait, and how many did at the same time.
    var count: Int { waiting.count }
    private(set) var most = 0

    var timers: Timers {
        Timers(
            now: { [self] in now },
            after: { [self] delay, body in
                waiting.append((now + delay, body))
                most = max(most, waiting.count)
            })
    }

    /// Lets time pass, and what is due be done.
    func pass(_ time: Duration) throws {
        let end = now + time
        while let next = waiting.indices.min(by: { waiting[$0].at < waiting[$1].at }), waiting[next].at <= end {
            let timer = waiting.remove(at: next)
            now = max(now, timer.at)
            try timer.body()
        }
        now = end
    }
}

@Suite("Whether a guest whose console tells of a panic still answers")
struct PanicInquiryTests {
    private let time = TestTimers()
    private final class Log {
        var (asked, silent) = (0, 0)
        var standsStill = false
    }
    private let log = Log()
    private let inquiry: PanicInquiry

    init() {
        inquiry = PanicInquiry(
            time.timers, PanicInquiry.Patience(accelerator: "kvm"), ask: { [log] in log.asked += 1 },
            silent: { [log] in log.silent += 1 }, standsStill: { [log] in log.standsStill })
    }

    @Test("it is asked after some moments, and taken for a panicked one six seconds after its last line")
    func silence() throws {
        inquiry.heard()
        try time.pass(.seconds(1.9))
        #expect(log.asked == 0)
        try time.pass(.seconds(0.2))
        #expect(log.asked == 1)
        try time.pass(.seconds(2.9))
        inquiry.heard()
        try time.pass(.seconds(5.9))
        #expect(log.silent == 0)
        try time.pass(.seconds(0.2))
        #expect(log.silent == 1 && log.asked == 1)
        try time.pass(.seconds(600))
        #expect(log.silent == 1 && time.count == 0)
    }

    @Test(
        "where a kernel seems to boot it is asked at once, and the answer is not waited for long, whatever the console says"
    )
    func boot() throws {
        inquiry.heard()
        try time.pass(.seconds(0.5))
        inquiry.heard(isUrgent: true)
        #expect(log.asked == 1)
        for _ in 1...19 {
            try time.pass(.seconds(0.1))
            inquiry.heard(isUrgent: true)
        }
        #expect(log.silent == 0)
        try time.pass(.seconds(0.2))
        #expect(log.silent == 1 && log.asked == 1)
        try time.pass(.seconds(600))
        #expect(log.silent == 1 && time.count == 0)
    }

    @Test("a console that is never silent makes no heap of timers, and does not keep the verdict off for ever")
    func flood() throws {
        for _ in 1...590 {
            for _ in 1...100 { inquiry.heard() }
            try time.pass(.milliseconds(100))
        }
        #expect(time.most == 1 && log.silent == 0 && log.asked == 1)
        for _ in 1...20 {
            if log.silent == 0 { inquiry.heard() }
            try time.pass(.milliseconds(100))
        }
        #expect(log.silent == 1 && log.asked == 1)
    }

    @Test("what answers is let alone, and a later suspicion is another one, with all of its time")
    func answered() throws {
        inquiry.heard()
        try time.pass(.seconds(5))
        inquiry.end()
        inquiry.heard()
        try time.pass(.seconds(1.5))
        #expect(log.silent == 0 && log.asked == 1)
        try time.pass(.seconds(4))
        #expect(log.silent == 0 && log.asked == 2)
        try time.pass(.seconds(1))
        #expect(log.silent == 1)
    }

    @Test("a machine that stands still cannot answer: its time begins when it goes on")
    func paused() throws {
        inquiry.heard()
        try time.pass(.seconds(3))
        log.standsStill = true
        try time.pass(.seconds(200))
        #expect(log.silent == 0)
        log.standsStill = false
        inquiry.restart()
        try time.pass(.seconds(5.9))
        #expect(log.silent == 0)
        try time.pass(.seconds(6.2))
        #expect(log.silent == 1 && log.asked == 1)
    }

    @Test("what is emulated gets more time")
    func emulated() {
        let patience = PanicInquiry.Patience(accelerator: "tcg")
        #expect(patience.silence == .seconds(15) && patience.total == .seconds(150))
    }
}

@Suite("A machine that waits for space on the host")
struct SpaceWatchTests {
    private let time = TestTimers()
    private final class Host {
        var space: Int64? = 0
        var requests = 0
        var condition = GuestCondition()
    }
    private let host = Host()
    private let watch: SpaceWatch

    init() {
        watch = SpaceWatch(time.timers, freeSpace: { [host] in host.space }, resume: { [host] in host.requests += 1 })
    }

    private func begin(_ action: PanicAction = .kdump, _ signals: [GuestCondition.Signal] = []) {
        for signal in [.outOfSpace, .paused] + signals { _ = host.condition.note(signal) }
        watch.begin { [host] in host.condition.needOfSpace(action) }
    }

    @Test("it is asked to go on when there is space, and again until it says that it does: QEMU may refuse")
    func refused() throws {
        begin()
        try time.pass(.seconds(60))
        #expect(host.requests == 0)
        host.space = SpaceWatch.enough
        try time.pass(.seconds(10))
        #expect(host.requests == 5)
        _ = host.condition.note(.resumed)
        try time.pass(.seconds(60))
        #expect(host.requests == 5 && time.count == 0)
        // The space did not last.
        begin()
        begin()
        try time.pass(.seconds(2))
        #expect(host.requests == 6 && time.most == 1)
    }

    @Test("it does not go on while it is being dumped, but afterwards")
    func dumped() throws {
        host.space = 1 << 40
        begin()
        host.condition.isDumping = true
        try time.pass(.seconds(60))
        #expect(host.requests == 0)
        host.condition.isDumping = false
        try time.pass(.seconds(2))
        #expect(host.requests == 1)
    }

    @Test(
        "one that stands still for its panic, to be looked into, is left so; a crash kernel that saves a dump goes on")
    func panicked() throws {
        host.space = 1 << 40
        begin(.pause, [.panicked])
        try time.pass(.seconds(60))
        #expect(host.requests == 0)
        _ = host.condition.note(.reset)
        try time.pass(.seconds(2))
        #expect(host.requests == 1)
        _ = host.condition.note(.resumed)
        try time.pass(.seconds(2))
        begin(.kdump, [.crashLoaded, .console("[    0.000000] Linux version 6.1.0-56-amd64")])
        try time.pass(.seconds(2))
        #expect(host.condition.isCrashKernel && host.requests == 2)
    }
}
