import DevboxCore
import Glibc
import HostTools
import SystemPackage
@testable import Targets
import TestSupport
import Testing

@Suite("What goes through an appliance's ports", .timeLimit(.minutes(10)))
struct PortTests {
    @Test("an output ends with what has come when its command has ended, and the next command's begins behind that")
    func outputs() throws {
        let port = try SocketPair()
        for text in ["first", "second"] {
            let target = try Pipe()
            let relay = try OutputRelay(
                from: port.subject, to: .descriptor(target.writeEnd), standard: 1, mark: "ab12")
            try Files.writeAll(
                port.player, Array("junk\u{1E}ab12 begins\u{1E}\(text)\u{1E}ab12 ends 7\u{1E}".utf8), name: "the port")
            relay.readNoFurther()
            let report = try relay.finish()
            target.closeWriteEnd()
            #expect(report.status == 7)
            #expect(try Files.readAll(target.readEnd, name: "the output", limit: 100) == Array(text.utf8))
        }
    }

    @Test("an input comes as it is and then its end, also where its source is closed meanwhile")
    func inputs() throws {
        let port = try SocketPair()
        let source = try Pipe()
        let bytes = (0..<500_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let writer = try WorkThread { [end = source.writeEnd] in try Files.writeAll(end, bytes, name: "the input") }
        let pump = try InputPump(
            from: source.readEnd, to: port.subject)
        source.closeReadEnd()
        let reader = try WorkThread { [end = port.player] in
            try Files.readAll(end, name: "the port", limit: 1 << 20)
        }
        try writer.wait().get()
        source.closeWriteEnd()
        #expect(try reader.wait().get() == bytes)
        pump.stop()
    }

    @Test("an input that nobody reads keeps nobody from ending it")
    func unread() throws {
        let port = try SocketPair()
        let source = try Pipe()
        let pump = try InputPump(
            from: source.readEnd, to: port.subject)
        let writer = try WorkThread { [end = source.writeEnd] in
            try? Files.writeAll(end, [UInt8](repeating: 1, count: 4 << 20), name: "the input")
        }
        pump.stop()
        source.closeReadEnd()
        _ = writer.wait()
    }
}
