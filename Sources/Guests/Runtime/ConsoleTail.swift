import DevboxCore
import Glibc
import KernelLog
import SystemPackage

/// What a guest's console says about its kernel.
public enum ConsoleTail {
    /// All that the console printed since the guest was last started.
    public static func log(_ files: GuestFiles) throws -> String {
        String(decoding: tail(files.consoleLog, size: .max), as: UTF8.self)
    }

    /// The last lines of the console.
    package static func lines(_ files: GuestFiles, count: Int = 12) -> [String] {
        lines(of: files.consoleLog, count: count)
    }

    /// The last lines of a console that a file keeps.
    package static func lines(of log: FilePath, count: Int = 12) -> [String] {
        Array(LogReader(tail(log)).map(\.shown).filter { !$0.isEmpty }.suffix(count))
    }

    /// The line that shows why a boot will not end well; nil as long as there is none.
    ///
    /// - Parameter ofPanic: whether the words of a panic count. They alone may be a program's: the supervisor tells of a real one.
    package static func bootFault(_ files: GuestFiles, ofPanic: Bool = true) -> String? {
        LogReader(tail(files.consoleLog)).first { line in
            KernelMark(line).map { $0.endsBoot && (ofPanic || !$0.isPanic) } == true
        }?.shown
    }

    /// The log's last bytes, 64 KiB where nothing is said. The log is written by the guest: a plain file, or nothing.
    private static func tail(_ log: FilePath, size: Int64 = 65_536) -> [UInt8] {
        guard let file = try? Files.open(log, .readOnly, .noFollow) else { return [] }
        defer { try? file.close() }
        let end = Int64(lseek(file.rawValue, 0, SEEK_END))
        lseek(file.rawValue, off_t(max(0, end - size)), SEEK_SET)
        return (try? Files.readAll(file, name: "the console", limit: 64 << 20)) ?? []
    }
}

extension LogLine {
    /// As an error's text has it.
    fileprivate var shown: String { whole.replacing("\t", with: " ") }
}
