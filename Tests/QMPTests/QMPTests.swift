import DevboxCore
import Glibc
import HostTools
@testable import QMP
import SystemPackage
import TestSupport
import Testing

@Suite("QMP messages")
struct QMPMessageTests {
    @Test("QEMU's own lines are told apart")
    func lines() {
        let greeting =
            #"{"QMP": {"version": {"qemu": {"micro": 19, "minor": 2, "major": 7}, "package": "Debian"}, "capabilities": ["oob"]}}"#
        guard case .greeting(let value)? = QMPMessage(line: greeting.utf8) else {
            Issue.record("no greeting")
            return
        }
        #expect(value["version"]?["qemu"]?["major"]?.integer == 7)
        #expect(QMPMessage(line: #"{"return": {}, "id": 1}"#.utf8) == .success(id: .integer(1), .object([:])))
        #expect(
            QMPMessage(line: #"{"id": 2, "error": {"class": "CommandNotFound", "desc": "no such"}}"#.utf8)
                == .failure(id: .integer(2), errorClass: "CommandNotFound", description: "no such"))
        #expect(
            QMPMessage(line: #"{"timestamp": {"seconds": 1}, "event": "SHUTDOWN", "data": {"guest": true}}"#.utf8)
                == .event(name: "SHUTDOWN", data: .object(["guest": .bool(true)])))
        #expect(QMPMessage(line: #"{"event": "STOP"}"#.utf8) == .event(name: "STOP", data: .object([:])))
    }

    @Test("a line that is no message is none", arguments: ["", "{", "[]", "{}", "null", #"{"event": 5}"#])
    func none(line: String) {
        #expect(QMPMessage(line: line.utf8) == nil)
    }

    @Test("a command is one line of JSON with its id")
    func command() {
        let command = QMPCommand("dump-guest-memory", ["paging": .bool(false), "protocol": .string("file:/a/b")])
        #expect(
            String(decoding: command.line(id: .integer(3)), as: UTF8.self)
                == #"{"arguments":{"paging":false,"protocol":"file:/a/b"},"execute":"dump-guest-memory","id":3}"# + "\n"
        )
        #expect(
            String(decoding: QMPCommand.quit.line(id: .integer(1)), as: UTF8.self) == #"{"execute":"quit","id":1}"#
                + "\n")
    }

    @Test("bytes become lines wherever they are cut")
    func buffer() throws {
        for cut in 0...8 {
            var buffer = LineBuffer()
            let bytes = Array("ab\n\ncd\ne".utf8)
            let lines = try buffer.add(bytes[..<cut]) + buffer.add(bytes[cut...])
            let last = try buffer.add([10])
            #expect(lines == [Array("ab".utf8), [], Array("cd".utf8)])
            #expect(last == [Array("e".utf8)])
        }
    }

    @Test("a line without an end is an error")
    func endless() {
        var buffer = LineBuffer()
        #expect(throws: Failure.self) { _ = try buffer.add([UInt8](repeating: 120, count: (16 << 20) + 1)) }
    }
}

@Suite("A real QEMU's monitor", .timeLimit(.minutes(10)))
struct QMPClientTests {
    private let scratch: ScratchDirectory
    init() throws {
        scratch = try ScratchDirectory()
        // As devbox itself does.
        signal(SIGPIPE, SIG_IGN)
    }

    /// Talks to a QEMU without a guest, and ends it.
    private func withMonitor(_ body: (QMPClient, inout ChildProcess) throws -> Void) throws {
        let server = try UnixSocket.listen(scratch("qmp"))
        defer { try? server.close() }
        var qemu = try ChildProcess(
            Command(
                Program("qemu-system-x86_64", package: "qemu-system-x86", for: "tests"),
                [
                    "-machine", "none", "-display", "none", "-nodefaults", "-qmp", "unix:\(scratch("qmp")),server=off",
                    "-S",
                ]))
        try #require(Poll.wait([.read(server)], until: .now + .seconds(20))[0])
        let connection = FileDescriptor(rawValue: accept(server.rawValue, nil, nil))
        try body(QMPClient(connection), &qemu)
    }

    @Test("a command is answered, an unknown one refused with QEMU's words, and the monitor goes on")
    func commands() throws {
        try withMonitor { monitor, _ in
            let status = try monitor.execute(.status)
            #expect(status["status"]?.string == "prelaunch")
            let error = reported { try monitor.execute(QMPCommand("no-such-command")) }
            #expect(error?.exitCode == .failure)
            #expect(error?.message == "QEMU refused no-such-command: The command no-such-command has not been found")
            let version = try monitor.execute(QMPCommand("query-version"))
            #expect(version["qemu"]?["major"]?.integer != nil)
        }
    }

    @Test("events that come before an answer are kept, in their order")
    func events() throws {
        try withMonitor { monitor, _ in
            try monitor.execute(QMPCommand("cont"))
            try monitor.execute(QMPCommand("stop"))
            let status = try monitor.execute(.status)
            #expect(status["status"]?.string == "paused")
            #expect(try monitor.event(until: .now + .seconds(10))?.name == "RESUME")
            #expect(try monitor.event(until: .now + .seconds(10))?.name == "STOP")
            #expect(try monitor.event(until: .now + .milliseconds(20)) == nil)
        }
    }

    @Test("quit ends QEMU, after which every command is an error")
    func quit() throws {
        try withMonitor { monitor, qemu in
            try monitor.execute(.quit)
            #expect(try qemu.wait(until: .now + .seconds(20)) == .exited(0))
            let error = reported { for _ in 1...2 { while try monitor.event(until: .now + .seconds(5)) != nil {} } }
            #expect(error?.message == "the virtual machine has ended")
            let again = reported { try monitor.execute(.status) }
            #expect(again?.message == "the virtual machine has ended")
        }
    }

    @Test("a monitor that says nothing is not waited for without end")
    func silent() throws {
        let server = try UnixSocket.listen(scratch("qmp"))
        defer { try? server.close() }
        let client = try UnixSocket.connect(scratch("qmp"))
        let error = reported { _ = try QMPClient(client, limit: .milliseconds(50)) }
        #expect(error?.message == "QEMU did not answer the greeting")
    }
}
