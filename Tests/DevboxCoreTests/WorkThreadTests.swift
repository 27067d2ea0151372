import DevboxCore
import Synchronization
import TestSupport
import Testing

@Suite("Work in threads of its own")
struct WorkThreadTests {
    @Test("what comes of it is the same whenever it is asked for, and what it throws is thrown by who waits")
    func result() throws {
        let count = Atomic(0)
        let thread = try WorkThread { count.add(1, ordering: .relaxed).newValue }
        #expect(try thread.wait().get() == 1 && thread.wait().get() == 1)
        let failing = try WorkThread { throw Failure(.badInput, "no") }
        #expect(reported { try failing.wait().get() }?.exitCode == .badInput)
    }

    @Test(
        "many values come in their order, from one element to more than there are threads",
        arguments: [0, 1, 32, 33, 1000])
    func map(count: Int) throws {
        #expect(try Array(0..<count).mapInThreads { "\($0)" } == (0..<count).map { "\($0)" })
    }
}
