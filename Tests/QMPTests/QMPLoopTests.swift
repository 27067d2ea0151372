import CLinux
import DevboxCore
import Glibc
import HostTools
@testable import QMP
import SystemPackage
import TestSupport
import Testing

/// A monitor that says what the test has it say.
private final class ScriptedMonitor {
    let sockets: SocketPair
    let loop = EventLoop()
    let client: QMPClient
    private(set) var events: [String] = []
    private(set) var asked: [(name: String, id: Int64)] = []
    private(set) var descriptors: [FileDescriptor] = []
    private var lines = LineBuffer()
    /// Is called with each command.
    var onCommand: (String, Int64) throws -> Void = { _, _ in }

    init() throws {
        sockets = try SocketPair()
        client = QMPClient(negotiated: sockets.subject)
        try sockets.say(#"{"event": "EARLY"}"#)
        _ = try? client.execute(.status, limit: .milliseconds(20))
        client.attach(to: loop) { [unowned self] in events.append($0.name) }
        loop.watch(sockets.player) { [unowned self] in try hear() }
    }

    deinit { try? sockets.player.close() }

    private func hear() throws {
        guard let received = try UnixSocket.receive(sockets.player) else { return }
        if let descriptor = received.descriptor { descriptors.append(descriptor) }
        for line in try lines.add(received.bytes) {
            let command = try RecordFile.decode(JSONValue.self, from: line)
            let (name, id) = (command["execute"]?.string ?? "", command["id"]?.integer ?? 0)
            if name == QMPCommand.status.name { continue }
            asked.append((name, id))
            try onCommand(name, id)
        }
    }

    func hangUp() {
        loop.ignore(sockets.player)
        shutdown(sockets.player.rawValue, Int32(SHUT_RDWR))
    }

    /// Runs the loop until `stop`, or fails.
    func run() throws {
        loop.after(.seconds(20)) { throw Failure(.timedOut, "the loop was not stopped") }
        try loop.run()
    }
}

@Suite("A monitor on an event loop", .timeLimit(.minutes(10)))
struct QMPLoopTests {
    @Test("answers find their questions in any order, with events between them, which keep their order")
    func outOfOrder() throws {
        let monitor = try ScriptedMonitor()
        var answers: [String] = []
        monitor.onCommand = { _, _ in
            guard monitor.asked.count == 3 else { return }
            let ids = monitor.asked.map(\.id)
            try monitor.sockets.say(
                #"{"event": "STOP"}"#, #"{"return": "third", "id": \#(ids[2])}"#, #"{"event": "RESUME"}"#,
                #"{"error": {"class": "GenericError", "desc": "no"}, "id": \#(ids[0])}"#,
                #"{"return": "nobody's", "id": 999}"#, "no JSON", #"{"return": "second", "id": \#(ids[1])}"#)
        }
        for name in ["first", "second", "third"] {
            monitor.client.send(QMPCommand(name)) { answer in
                switch answer {
                case .success(let value): answers.append("\(name): \(value.string ?? "")")
                case .failure(let error): answers.append("\(name): \(error.message)")
                }
                if answers.count == 3 { monitor.loop.stop() }
            }
        }
        try monitor.run()
        #expect(answers == ["third: third", "first: QEMU refused first: no", "second: second"])
        // The first came while the client still waited by itself.
        #expect(monitor.events == ["EARLY", "STOP", "RESUME"])
    }

    @Test("a question without an answer ends by its limit, and an answer that comes too late is nobody's")
    func silent() throws {
        let monitor = try ScriptedMonitor()
        var answers: [String] = []
        monitor.onCommand = { name, id in
            if name == "quick" {
                try monitor.sockets.say(#"{"return": "late", "id": \#(id - 1)}"#, #"{"return": "quick", "id": \#(id)}"#)
            }
        }
        monitor.client.send(QMPCommand("slow"), limit: .milliseconds(30)) { answer in
            if case .failure(let error) = answer { answers.append(error.message) }
            monitor.client.send(QMPCommand("quick")) { answer in
                answers.append((try? answer.get())?.string ?? "")
                monitor.loop.stop()
            }
        }
        try monitor.run()
        #expect(answers == ["QEMU did not answer slow", "quick"])
    }

    @Test("a monitor that goes away ends every question, and the loop goes on")
    func gone() throws {
        let monitor = try ScriptedMonitor()
        var answers: [String] = []
        monitor.onCommand = { _, _ in if monitor.asked.count == 2 { monitor.hangUp() } }
        for name in ["first", "second"] {
            monitor.client.send(QMPCommand(name)) { answer in
                if case .failure(let error) = answer { answers.append(error.message) }
                guard answers.count == 2 else { return }
                monitor.loop.after(.zero) {
                    monitor.client.send(QMPCommand("third")) { answer in
                        if case .failure(.ended) = answer { answers.append("third") }
                    }
                    monitor.loop.stop()
                }
            }
        }
        try monitor.run()
        #expect(answers == ["the virtual machine has ended", "the virtual machine has ended", "third"])
    }

    @Test("a line without an end ends the connection, not the loop")
    func endless() throws {
        let monitor = try ScriptedMonitor()
        let chunk = [UInt8](repeating: 120, count: 64 << 10)
        var sent = 0
        var answer: QMPClient.Answer?
        monitor.client.send(QMPCommand("x"), limit: .seconds(15)) {
            answer = $0
            monitor.loop.stop()
        }
        func more() throws {
            guard answer == nil, sent <= 17 << 20 else { return }
            sent += try UnixSocket.send(chunk, to: monitor.sockets.player) ?? 0
            monitor.loop.whenWritable(monitor.sockets.player, more)
        }
        monitor.loop.after(.zero, more)
        try monitor.run()
        guard case .failure(.ended)? = answer else {
            Issue.record("the answer is \(String(describing: answer))")
            return
        }
    }

    @Test("a descriptor goes along with its command")
    func descriptor() throws {
        let monitor = try ScriptedMonitor()
        let pipe = try Pipe()
        monitor.onCommand = { _, id in try monitor.sockets.say(#"{"return": {}, "id": \#(id)}"#) }
        monitor.client.send(.keep(descriptor: "dump"), descriptor: pipe.writeEnd) { _ in monitor.loop.stop() }
        try monitor.run()
        pipe.closeWriteEnd()
        let received = try #require(monitor.descriptors.first)
        try Files.writeAll(received, Array("through it".utf8), name: "the pipe")
        try received.close()
        #expect(try Files.readAll(pipe.readEnd, name: "the pipe") == Array("through it".utf8))
    }
}
