import DevboxCore
import Glibc
import HostTools
import SystemPackage
import TestSupport
import Testing

@Suite("The event loop", .timeLimit(.minutes(10)))
struct EventLoopTests {
    @Test("a descriptor is served when it can be read and when it is at its end, and no more when it is ignored")
    func descriptors() throws {
        let loop = EventLoop()
        let pipe = try Pipe()
        var seen: [Int] = []
        try Files.writeAll(pipe.writeEnd, [1, 2], name: "a pipe")
        loop.watch(pipe.readEnd) {
            var byte: UInt8 = 0
            let count = read(pipe.readEnd.rawValue, &byte, 1)
            seen.append(count == 0 ? -1 : Int(byte))
            if byte == 2 { pipe.closeWriteEnd() }
            if count == 0 {
                loop.ignore(pipe.readEnd)
                loop.after(.milliseconds(5)) { loop.stop() }
            }
        }
        try loop.run()
        #expect(seen == [1, 2, -1])
    }

    @Test(
        "what waits to be written goes out once, when there is room for it, and what is read meanwhile is not kept back"
    )
    func writing() throws {
        let loop = EventLoop()
        let pair = try SocketPair()
        let block = [UInt8](repeating: 1, count: 64 << 10)
        while try UnixSocket.send(block, to: pair.subject) != nil {}
        var (wrote, read) = (0, 0)
        loop.whenWritable(pair.subject) {
            wrote += 1
            loop.after(.milliseconds(20)) { loop.stop() }
        }
        loop.watch(pair.subject) { read += try UnixSocket.receive(pair.subject)?.bytes.count ?? 0 }
        try pair.say("abc")
        loop.after(.milliseconds(20)) {
            #expect(wrote == 0 && read == 4)
            while try UnixSocket.receive(pair.player, atMost: 1 << 20) != nil {}
        }
        try loop.run()
        #expect(wrote == 1)
        for end in [pair.subject, pair.player] { try end.close() }
    }

    @Test("timers come in the order of their times, and none after stop")
    func timers() throws {
        let loop = EventLoop()
        var order: [String] = []
        // On a busy host both of the next may be due at once.
        loop.after(.milliseconds(20)) { order.append("second, too") }
        loop.after(.seconds(60)) { order.append("late") }
        loop.after(.milliseconds(15)) {
            order.append("second")
            loop.after(.milliseconds(10)) {
                order.append("third")
                loop.stop()
            }
        }
        loop.after(.zero) { order.append("first") }
        try loop.run()
        #expect(order == ["first", "second", "second, too", "third"])
    }

    @Test("what a source throws ends the loop")
    func throwing() throws {
        let loop = EventLoop()
        loop.after(.zero) { throw Failure(.busy, "x") }
        #expect(reported { try loop.run() }?.exitCode == .busy)
    }
}

@Suite("Unix sockets", .timeLimit(.minutes(10)))
struct UnixSocketTests {
    private let scratch: ScratchDirectory
    init() throws { scratch = try ScratchDirectory() }

    @Test("a socket in a folder whose path is longer than 107 bytes is reached")
    func longPath() throws {
        let folder = scratch(String(repeating: "d", count: 60)).appending(String(repeating: "e", count: 60))
        try Files.makeDirectory(folder)
        let path = folder.appending("control")
        #expect(path.string.utf8.count > 107)
        let server = try UnixSocket.listen(path)
        let client = try UnixSocket.connect(path)
        let accepted = FileDescriptor(rawValue: accept(server.rawValue, nil, nil))
        try Files.writeAll(client, Array("hello".utf8), name: "a socket")
        try client.close()
        #expect(try Files.readAll(accepted, name: "a socket") == Array("hello".utf8))
        try accepted.close()
        try server.close()
    }

    @Test("listening again takes the place of a socket that a killed process left")
    func leftover() throws {
        try UnixSocket.listen(scratch("s")).close()
        let refused = reported { try UnixSocket.connect(scratch("s")).close() }
        #expect(refused?.message == "cannot connect to \(scratch("s")): connection refused")
        let server = try UnixSocket.listen(scratch("s"))
        try UnixSocket.connect(scratch("s")).close()
        try server.close()
    }

    @Test("a socket that is not there is not found")
    func absent() {
        #expect(reported { try UnixSocket.connect(scratch("s")).close() }?.exitCode == .notFound)
    }

    @Test("a name that fits into no address is an error, not a crash")
    func longName() {
        let error = reported { try UnixSocket.listen(scratch(String(repeating: "n", count: 120))).close() }
        #expect(error?.message.contains("too long") == true)
    }

    @Test("datagrams come as they were sent")
    func datagram() throws {
        let server = try UnixSocket.datagram(scratch("notify"))
        defer { try? server.close() }
        try tool(
            "python3", "-c",
            "import socket,sys; s=socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.sendto(b'READY=1', sys.argv[1])",
            scratch("notify").string)
        var buffer = [UInt8](repeating: 0, count: 64)
        #expect(read(server.rawValue, &buffer, 64) == 7)
        #expect(buffer.prefix(7) == Array("READY=1".utf8)[...])
    }

    @Test("no timer is lost, however close together they are")
    func timers() throws {
        let loop = EventLoop()
        var rung = 0
        for number in 0..<5000 {
            loop.after(.microseconds(number * 4)) {
                rung += 1
                if rung == 5000 { loop.stop() }
            }
        }
        loop.after(.seconds(20)) { loop.stop() }
        try loop.run()
        #expect(rung == 5000)
    }
}
