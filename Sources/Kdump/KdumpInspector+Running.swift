import DevboxCore
import Dumps
import FoundationEssentials
import Guests
import Targets

extension KdumpInspector {
    /// The status of a guest that runs.
    func status(of target: RunningTarget) throws -> KdumpStatus {
        let guest = target.guest
        let record = guest.record
        let armed = try record.kdump
        var status = KdumpStatus(guest: record.name, running: true, armed: armed != nil)
        if guest.state.mode == .lxc {
            status.crashKernel = armed?.crashKernel
            status.settings = (armed?.settings ?? []).map { .init(name: $0.name, wanted: $0.value, actual: nil) }
            status.obstacles.append(
                "it runs as a container, whose kernel is the host's: `devbox flip \(record.name) kvm`")
            return status
        }
        if let silence = guest.silence {
            status.obstacles.append("it \(silence.words)")
            return status
        }
        let wanted = armed?.settings ?? PanicCause.usual.flatMap(\.sysctls).map(\.setting)
        let files = RunningFiles(target, work: store.work, runner: runner)
        let list = try store.templates.script(GuestDumps.lister)
        func ask(_ folder: String) throws -> (output: [UInt8], dumps: GuestDumps) {
            let output = try files.run(
                "kdump/status.sh", [list, folder] + wanted.map(\.name), purpose: "tell its state"
            ).output
            return (
                output,
                try GuestDumps(
                    listing: output.drop { $0 != 0 }.dropFirst(), of: folder, in: record, work: store.work)
            )
        }
        var (output, dumps) = try ask(CrashTarget.usualFolder)
        // Its settings are known only now.
        if let folder = dumps.target.folder, folder != CrashTarget.usualFolder { (output, dumps) = try ask(folder) }
        let text = String(decoding: output.prefix { $0 != 0 }, as: UTF8.self)
        let answer = Answer(text)
        status.reservedBytes = answer["size"].flatMap { Int64($0) }
        status.loaded = answer["loaded"].map { $0 == "1" }
        status.crashKernel = answer["cmdline"]?.split(separator: " ").last { $0.hasPrefix("crashkernel=") }
            .map { String($0.dropFirst(12)) }
        status.settings = wanted.map { setting in
            .init(
                name: setting.name, wanted: armed == nil ? "-" : setting.value,
                actual: answer.sysctls[setting.name])
        }
        let space = (answer["space"] ?? "").split(separator: " ").compactMap { Int64($0) }
        if space.count == 2, case let (bytes, false) = space[0].multipliedReportingOverflow(by: space[1]) {
            status.availableBytes = bytes
        }
        note(dumps, &status)
        let defaults = Data(base64Encoded: answer["settings"] ?? "") ?? Data()
        let defined = ShellSettings(String(decoding: defaults, as: UTF8.self))
        status.expectedBytes = DumpSize.bound(level: Makedumpfile.level(defined), meminfo: DumpSize.meminfo(text))
        judge(
            &status, record, use: defined.text(of: "USE_KDUMP"),
            unreserved: Self.unreserved(
                answer["cmdline"] ?? "",
                .init(architecture: record.architecture, memory: record.memory, version: answer["kernel"])))
        note(
            Makedumpfile(words: answer["makedumpfile"] ?? ""), kernel: answer["kernel"] ?? "", settings: defined,
            &status)
        for setting in status.settings where status.armed {
            guard let actual = setting.actual, actual != setting.wanted else { continue }
            status.remarks.append("\(setting.name) is \(actual), and not \(setting.wanted) as it was armed with")
        }
        if guest.state.accelerator == "tcg", answer.sysctls[PanicCause.hardlockupPanic] == "1" {
            status.remarks.append("\(PanicCause.hardlockupPanic) catches nothing here: \(PanicCause.hardlockupNeed)")
        }
        return status
    }

    /// - Parameters:
    ///   - use: USE_KDUMP in /etc/default/kdump-tools: the crash kernel looks there whether it is to save anything.
    ///   - reason: why its kernel has nothing reserved, where that is so.
    private func judge(_ status: inout KdumpStatus, _ record: GuestRecord, use: String?, unreserved reason: String) {
        if status.reservedBytes ?? 0 == 0 {
            status.obstacles.append(
                !status.armed
                    ? "it is not armed: `devbox kdump-arm \(record.name)`"
                    : status.crashKernel == nil
                        ? "its kernel was started before it was armed: restart it"
                        : reason)
        } else if status.loaded != true {
            status.obstacles.append(
                !status.armed
                    ? "it is not armed: `devbox kdump-arm \(record.name)`"
                    : "the crash kernel is not loaded: `devbox exec \(record.name) -- systemctl status kdump-tools` says why"
            )
        } else if use != "1" {
            status.obstacles.append("\(KdumpPaths.settings) has no USE_KDUMP=1: its crash kernel would save nothing")
        }
    }

    /// Why a kernel that runs has nothing reserved, as far as that can be told.
    ///
    /// - Parameters:
    ///   - commandLine: what it was started with, as /proc/cmdline has it: another kernel, with other arguments, may start next.
    ///   - kernel: itself.
    static func unreserved(_ commandLine: String, _ kernel: CrashReservation.Kernel) -> String {
        let arguments = commandLine.split(separator: " ").map(String.init)
        if case .nothing(let reason) = CrashReservation(arguments, kernel) { return reason }
        let wanted = arguments.last { $0.hasPrefix("crashkernel=") }?.dropFirst("crashkernel=".count) ?? ""
        return "its kernel could not reserve \(Names.printable(wanted))"
    }

    /// What the script printed: lines of a word and a text.
    private struct Answer {
        private var lines: [Substring: String] = [:]
        private(set) var sysctls: [String: String] = [:]

        init(_ text: String) {
            for line in text.split(separator: "\n") {
                let words = line.split(separator: " ", maxSplits: 1)
                guard words.count == 2 else { continue }
                if words[0] == "sysctl" {
                    let pair = words[1].split(separator: " ", maxSplits: 1)
                    if pair.count == 2 { sysctls[String(pair[0])] = String(pair[1]) }
                } else {
                    lines[words[0]] = String(words[1])
                }
            }
        }

        subscript(name: Substring) -> String? { lines[name] }
    }
}
