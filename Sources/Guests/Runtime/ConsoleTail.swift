import DevboxCore
import Glibc
import SystemPackage

/// What a guest's console says about its kernel.
public enum ConsoleTail {
    /// What a kernel prints when it gives up; see kernel/panic.c.
    static let panicMark = "Kernel panic - not syncing"
    /// What systemd and initramfs-tools print when a boot ends in a shell.
    private static let bootFaults = [
        panicMark, "You are in emergency mode", "You are in rescue mode", "Gave up waiting for root", "(initramfs)",
        "VFS: Unable to mount root fs",
    ]

    /// All that the console printed since the guest was last started.
    public static func log(_ files: GuestFiles) throws -> String { tail(files, from: 0) }

    /// The last lines of the console.
    package static func lines(_ files: GuestFiles, count: Int = 12) -> [String] {
        let lines = tail(files, from: nil).split(whereSeparator: \.isNewline).map(strip).filter { !$0.isEmpty }
        return Array(lines.suffix(count))
    }

    /// Whether a line is that of a panic.
    package static func isPanic(_ line: String) -> Bool { line.contains(panicMark) }

    /// The line that shows why a boot will not end well; nil as long as there is none.
    package static func bootFault(_ files: GuestFiles) -> String? { line(files, from: nil, containing: bootFaults) }

    private static func line(_ files: GuestFiles, from offset: Int64?, containing marks: [String]) -> String? {
        tail(files, from: offset).split(whereSeparator: \.isNewline).first { line in
            marks.contains { line.contains($0) }
        }.map(strip)
    }

    /// The log from `offset` on, or its last 64 KiB. The log is written by the guest: a plain file, or nothing.
    private static func tail(_ files: GuestFiles, from offset: Int64?) -> String {
        guard let file = try? Files.open(files.consoleLog, .readOnly, .noFollow) else { return "" }
        defer { try? file.close() }
        let end = Int64(lseek(file.rawValue, 0, SEEK_END))
        let start = offset.map { $0 <= end ? $0 : 0 } ?? max(0, end - 65_536)
        lseek(file.rawValue, off_t(start), SEEK_SET)
        return String(decoding: (try? Files.readAll(file, name: "the console", limit: 64 << 20)) ?? [], as: UTF8.self)
    }

    /// A line without the escape sequences of terminals: CSI and OSC sequences, and those of two and three characters (ECMA-48).
    static func strip(_ line: Substring) -> String {
        enum State { case text, escape, control, string, one }
        var state = State.text
        var result = ""
        for scalar in line.unicodeScalars {
            if scalar == "\u{1B}" {
                state = .escape
                continue
            }
            switch state {
            case .text where scalar.value >= 0x20: result.unicodeScalars.append(scalar)
            case .text: break
            case .escape:
                switch scalar {
                case "[": state = .control
                case "]", "P", "X", "^", "_": state = .string
                case "(", ")", "*", "+", "#", " ", "%": state = .one
                default: state = .text
                }
            case .control where (0x40...0x7E).contains(scalar.value): state = .text
            case .string where scalar.value == 7: state = .text
            case .control, .string: break
            case .one: state = .text
            }
        }
        return result
    }
}
