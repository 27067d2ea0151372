import Crash
import DevboxCore
import Glibc
import SystemPackage
import Testing

@Test(.enabled(if: getenv("DUMP") != nil)) func byHand() throws {
    for path in String(cString: getenv("DUMP")).split(separator: ",") {
        let file = try Files.open(FilePath(String(path)), .readOnly)
        let clock = ContinuousClock.now
        let report = try VmcoreReport(file, name: String(path))
        print(path, ContinuousClock.now - clock)
        print(
            report.format, report.architecture as Any, report.kernel as Any, report.buildID as Any, report.time as Any,
            report.defect as Any, report.messagesDefect as Any)
        if let messages = report.messages {
            try Files.writeAtomically(messages, to: FilePath("\(path).dmesg"))
            print(DumpTitle.find(in: messages) as Any)
        }
    }
}
