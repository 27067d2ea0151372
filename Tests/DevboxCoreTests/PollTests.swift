import DevboxCore
import Glibc
import HostTools
import SystemPackage
import TestSupport
import Testing

@Suite("Waiting for descriptors", .timeLimit(.minutes(10)))
struct PollTests {
    @Test("signals neither end the waiting nor make it longer")
    func signals() throws {
        let pipe = try Pipe()
        let begin = ContinuousClock.now
        let ready = try underSignals { Poll.wait([.read(pipe.readEnd)], until: begin + .milliseconds(300)) }
        #expect(ready.isEmpty)
        #expect((.milliseconds(300) ..< .seconds(300)).contains(.now - begin))
    }

    @Test("what comes between signals is told")
    func readyUnderSignals() throws {
        let pipe = try Pipe()
        var child = try ChildProcess(
            Command(Program("sleep", package: "coreutils", for: "tests"), ["0.2"]), output: .descriptor(pipe.writeEnd))
        pipe.closeWriteEnd()
        // The end of the pipe, which has no other writer.
        #expect(try underSignals { Poll.wait([.read(pipe.readEnd)])[0] })
        #expect(try child.wait() == .exited(0))
    }

    @Test("a place without a descriptor is never ready, and the others keep theirs")
    func places() throws {
        let (full, empty) = try (Pipe(), Pipe())
        try Files.writeAll(full.writeEnd, [1], name: "a pipe")
        let ready = Poll.wait([.read(nil), .read(empty.readEnd), .read(full.readEnd), .write(empty.writeEnd)])
        #expect((0..<4).map { ready[$0] } == [false, false, true, true])
        #expect(ready.isReadable(2) && !ready.isWritable(2) && ready.isWritable(3) && !ready.isReadable(3))
    }

    @Test("a time that has passed already asks for what is ready at this moment")
    func pastDeadline() throws {
        let pipe = try Pipe()
        #expect(Poll.wait([.read(pipe.readEnd)], until: .now - .seconds(1)).isEmpty)
        try Files.writeAll(pipe.writeEnd, [1], name: "a pipe")
        #expect(Poll.wait([.read(pipe.readEnd)], until: .now - .seconds(1))[0])
    }

    @Test("who reads and who writes both learn of a hang-up")
    func hangUp() throws {
        let pair = try SocketPair()
        try pair.player.close()
        let ready = Poll.wait([.of(pair.subject.rawValue, read: true, write: true)])
        #expect(ready.isReadable(0) && ready.isWritable(0))
        try pair.subject.close()
    }
}
