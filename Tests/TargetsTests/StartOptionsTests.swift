import DevboxCore
import FoundationEssentials
import Guests
import TestSupport
import Testing

@testable import Targets

@Suite("How a guest is started")
struct StartOptionsTests {
    @Test("as it runs: nothing of what was chosen for that is lost")
    func again() throws {
        let text = """
            {"accelerator":"tcg","kernel":"6.1.0-47-amd64","kernelArguments":["slub_debug=FZ"],"mode":"kvm","onPanic":"pause",
            "sshPort":40001,"startedAt":"2026-11-21T13:25:41Z"}
            """
        let options = StartOptions(as: try RecordFile.decode(RunState.self, from: text.utf8))
        #expect(options.mode == .kvm && options.accelerator == .tcg && options.onPanic == .pause)
        #expect(options.kernel == "6.1.0-47-amd64" && options.kernelArguments == ["slub_debug=FZ"])
        #expect(options.bridge == nil)
    }

    @Test("a container keeps its bridge, and has none of a virtual machine's choices")
    func container() throws {
        let text =
            #"{"bridge":"br0","container":"c","containerFolder":"/f","mode":"lxc","startedAt":"2026-11-21T13:25:41Z"}"#
        let options = StartOptions(as: try RecordFile.decode(RunState.self, from: text.utf8))
        #expect(options.mode == .lxc && options.bridge == "br0")
        #expect(
            options.kernel == nil && options.kernelArguments == [] && options.accelerator == nil
                && options.onPanic == nil)
    }
}
