import DevboxCore
import Glibc
@testable import Guests
import HostTools
@testable import QMP
import SystemPackage
import TestSupport
import Testing

@Suite("The control socket", .timeLimit(.minutes(10)))
struct ControlTests {
    private let scratch: ScratchDirectory
    private let path: FilePath
    private let loop = EventLoop()
    init() throws {
        signal(SIGPIPE, SIG_IGN)
        scratch = try ScratchDirectory()
        path = scratch("control")
    }

    private func run(until limit: Duration = .milliseconds(200)) throws {
        loop.after(limit) { [loop] in loop.stop() }
        try loop.run()
    }

    private func line(_ request: ControlRequest) throws -> [UInt8] { try RecordFile.json(request, pretty: false) }

    private func text(_ socket: FileDescriptor) throws -> String {
        String(decoding: try UnixSocket.receive(socket, atMost: 1 << 16)?.bytes ?? [], as: UTF8.self)
    }

    @Test("each is answered for itself; one that is gone or sends rubbish harms nobody")
    func several() throws {
        var late: ControlClient?
        let server = try ControlServer(path, loop: loop) { request, client in
            // The first one's answer comes after it has hung up.
            if case .dumpStored(let path) = request { client.say(ControlAnswer.event(.dumpFailed(reason: path))) }
            if case .condition = request { late = client }
        }
        let (first, second, third, vanished) = try (
            UnixSocket.connect(path), UnixSocket.connect(path), UnixSocket.connect(path), UnixSocket.connect(path)
        )
        try Files.writeAll(vanished, line(.condition), name: "")
        try Files.writeAll(first, line(.dumpStored("one")).dropLast(5).map { $0 }, name: "")
        try Files.writeAll(second, line(.dumpStored("two")), name: "")
        try Files.writeAll(third, Array("{}\n".utf8), name: "")
        try run()
        try vanished.close()
        try run()
        late?.say(ControlAnswer.done)
        try Files.writeAll(first, Array(line(.dumpStored("one")).suffix(5)), name: "")
        try run()
        #expect(late?.isGone == true)
        #expect(try text(first).contains("one"))
        #expect(try text(second).contains("two"))
        // Hung up on.
        #expect(try UnixSocket.receive(third)?.bytes == [])
        for socket in [first, second, third] { try socket.close() }
        withExtendedLifetime(server) {}
    }

    @Test("one that does not read is dropped when too much waits for it, while others hear everything")
    func stalled() throws {
        let server = try ControlServer(path, loop: loop) { _, client in client.isFollowing = true }
        let (stalled, reader) = try (UnixSocket.connect(path), UnixSocket.connect(path))
        for socket in [stalled, reader] { try Files.writeAll(socket, line(.follow), name: "") }
        try run(until: .milliseconds(50))
        let long = String(repeating: "x", count: 20_000)
        var heard = 0
        for _ in 1...60 {
            server.tellFollowers(.event(.panicked(line: long)))
            while let bytes = try UnixSocket.receive(reader, atMost: 1 << 16)?.bytes {
                heard += bytes.count { $0 == 10 }
            }
        }
        #expect(heard == 60)
        // What it was told before can still be read; then the connection is at its end, well before all was told.
        var told = 0
        while let bytes = try UnixSocket.receive(stalled, atMost: 1 << 16)?.bytes, !bytes.isEmpty {
            told += bytes.count
        }
        #expect(told < 60 * 20_000)
        #expect(try UnixSocket.receive(stalled)?.bytes == [])
        for socket in [stalled, reader] { try socket.close() }
    }

    @Test("a line without an end is hung up on")
    func endless() throws {
        let server = try ControlServer(path, loop: loop) { _, _ in }
        let client = try UnixSocket.connect(path)
        try Files.writeAll(client, [UInt8](repeating: 32, count: (64 << 10) + 1), name: "")
        try run()
        #expect(throws: Failure.self) {
            // Hung up with something unread: the end, or a reset.
            if let bytes = try UnixSocket.receive(client)?.bytes, bytes.isEmpty { throw Failure(.failure, "end") }
        }
        try client.close()
        withExtendedLifetime(server) {}
    }

    @Test("a descriptor comes with its request, and is closed where nobody takes it")
    func descriptors() throws {
        var taken: FileDescriptor?
        let server = try ControlServer(path, loop: loop) { request, client in
            if case .dump(.kdumpZlib) = request { taken = client.takeDescriptor() }
        }
        let client = try UnixSocket.connect(path)
        let (wanted, unwanted) = try (Pipe(), Pipe())
        _ = try UnixSocket.send(line(.dump(.kdumpZlib)), descriptor: wanted.writeEnd, to: client)
        try run(until: .milliseconds(50))
        _ = try UnixSocket.send(line(.follow), descriptor: unwanted.writeEnd, to: client)
        try run(until: .milliseconds(50))
        wanted.closeWriteEnd()
        unwanted.closeWriteEnd()
        try Files.writeAll(try #require(taken), [7], name: "")
        try taken?.close()
        #expect(try Files.readAll(wanted.readEnd, name: "") == [7])
        try client.close()
        try run(until: .milliseconds(50))
        // It would wait for ever, were the other end still open somewhere.
        #expect(Poll.wait([.read(unwanted.readEnd)], until: .now)[0])
        withExtendedLifetime(server) {}
    }

    @Test("stop is written as devboxes before knew it, and every request survives its way")
    func requests() throws {
        #expect(try line(.stop(withinMilliseconds: 60_000)) == Array("{\"stopWithinMilliseconds\":60000}\n".utf8))
        let all: [ControlRequest] = [
            .stop(withinMilliseconds: 0), .condition, .follow, .dump(.elf), .dumpStored("/a b"), .injectNMI,
        ]
        for request in all { #expect(try RecordFile.decode(ControlRequest.self, from: line(request)) == request) }
    }
}

@Suite("Dumps by QEMU", .timeLimit(.minutes(10)))
struct MachineDumpsTests {
    /// Plays a QEMU that answers each command by `answers`, and runs `body` with the dumps until all jobs are done.
    private func play(
        _ answer: @escaping (String, Int) -> String, jobs: Int,
        _ body: (MachineDumps, @escaping (Int, Result<Void, Failure>) -> Void) throws -> Void
    ) throws -> [Int: Result<Void, Failure>] {
        let sockets = try SocketPair()
        let (loop, client) = (EventLoop(), QMPClient(negotiated: sockets.subject))
        let dumps = MachineDumps(client, loop: loop)
        client.attach(to: loop) { if $0.name == "DUMP_COMPLETED" { dumps.completed($0.data) } }
        var (lines, counts, results) = (LineBuffer(), [String: Int](), [Int: Result<Void, Failure>]())
        loop.watch(sockets.player) {
            guard let received = try UnixSocket.receive(sockets.player) else { return }
            try received.descriptor?.close()
            for line in try lines.add(received.bytes) {
                let command = try RecordFile.decode(JSONValue.self, from: line)
                guard let name = command["execute"]?.string else { continue }
                counts[name, default: 0] += 1
                let text = answer(name, counts[name] ?? 0)
                try sockets.say(text.replacing("ID", with: "\(command["id"]?.integer ?? 0)"))
            }
        }
        loop.after(.seconds(20)) { loop.stop() }
        try body(dumps) { number, result in
            results[number] = result
            if results.count == jobs { loop.stop() }
        }
        try loop.run()
        try sockets.player.close()
        return results
    }

    private static let formats = #"{"return": {"formats": ["elf", "win-dmp"]}, "id": ID}"#
    private static let completed =
        #"{"event": "DUMP_COMPLETED", "data": {"result": {"status": "completed", "completed": 9, "total": 9}}}"#

    /// A QEMU that does as it is told.
    private static func obedient(_ name: String, _ count: Int) -> String {
        switch name {
        case "query-dump-guest-memory-capability": formats
        case "dump-guest-memory": #"{"return": {}, "id": ID}"# + "\n" + completed
        default: #"{"return": {}, "id": ID}"#
        }
    }

    /// Whether the other end of a pipe is closed everywhere.
    private func isAtEnd(_ pipe: Pipe) -> Bool {
        pipe.closeWriteEnd()
        return Poll.wait([.read(pipe.readEnd)], until: .now)[0]
    }

    private func copy(_ descriptor: FileDescriptor) throws -> FileDescriptor { try descriptor.duplicate() }

    @Test("one at a time: a second is told to come back, and its descriptor is closed")
    func busy() throws {
        let (first, second) = try (Pipe(), Pipe())
        var progress: [DumpProgress] = []
        let results = try play(Self.obedient, jobs: 2) { dumps, done in
            for (number, pipe) in [first, second].enumerated() {
                dumps.begin(
                    .elf, into: try copy(pipe.writeEnd), of: "a",
                    MachineDumps.Job(progress: { progress.append($0) }, done: { done(number, $0) }))
            }
        }
        #expect(results[0]?.succeeded == true)
        #expect(results[1]?.refusal?.exitCode == .busy)
        #expect(progress == [DumpProgress(completed: 9, total: 9)])
        #expect(isAtEnd(first) && isAtEnd(second))
    }

    @Test("a format that QEMU does not have is refused with those that it has")
    func format() throws {
        let pipe = try Pipe()
        let results = try play(Self.obedient, jobs: 1) { dumps, done in
            dumps.begin(
                .kdumpLzo, into: try copy(pipe.writeEnd), of: "a",
                MachineDumps.Job(progress: { _ in }, done: { done(0, $0) }))
        }
        #expect(results[0]?.refusal?.exitCode == .missing)
        #expect(results[0]?.refusal?.hint == "it has: elf")
        #expect(isAtEnd(pipe))
    }

    @Test("a QEMU that has not yet finished with the last dump is asked again; what it refuses for good is told")
    func retried() throws {
        let pipe = try Pipe()
        func attempt(_ refusals: Int, _ reason: String) throws -> Result<Void, Failure>? {
            try play(
                { name, count in
                    name == "dump-guest-memory" && count <= refusals
                        ? #"{"error": {"class": "GenericError", "desc": "\#(reason)"}, "id": ID}"#
                        : Self.obedient(name, count)
                }, jobs: 1
            ) { dumps, done in
                dumps.begin(
                    .elf, into: try copy(pipe.writeEnd), of: "a",
                    MachineDumps.Job(progress: { _ in }, done: { done(0, $0) }))
            }[0]
        }
        #expect(try attempt(3, "dump-guest-memory in progress")?.succeeded == true)
        #expect(try attempt(1, "no memory")?.refusal?.message == "QEMU refused dump-guest-memory: no memory")
    }

    @Test("a dump that breaks off is told with QEMU's reason")
    func failed() throws {
        let pipe = try Pipe()
        let failed =
            #"{"event": "DUMP_COMPLETED", "data": {"result": {"status": "failed", "completed": 1, "total": 9}, "error": "Broken pipe"}}"#
        let results = try play(
            { name, count in
                name == "dump-guest-memory" ? #"{"return": {}, "id": ID}"# + "\n" + failed : Self.obedient(name, count)
            }, jobs: 1
        ) { dumps, done in
            dumps.begin(
                .elf, into: try copy(pipe.writeEnd), of: "a",
                MachineDumps.Job(progress: { _ in }, done: { done(0, $0) }))
        }
        #expect(results[0]?.refusal?.message == "QEMU could not dump the guest: Broken pipe")
    }
}

extension Result where Success == Void, Failure == DevboxCore.Failure {
    fileprivate var succeeded: Bool { refusal == nil }
    fileprivate var refusal: DevboxCore.Failure? {
        if case .failure(let error) = self { return error }
        return nil
    }
}
