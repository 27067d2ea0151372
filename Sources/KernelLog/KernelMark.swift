/// What a line of a console says about the kernel that printed it, and about what became of it.
public enum KernelMark: Sendable, Equatable {
    /// The first line of every kernel, with its version as in `uname -r`, as far as it is there. Source: init/version.c.
    case boot(version: String)
    /// The command line of a kernel that was started to save the memory of another one.
    case crashKernel
    /// The kernel gives up. Source: kernel/panic.c.
    case panic
    /// It has given up, no crash kernel took over, and it will stand still. Source: kernel/panic.c.
    case panicEnd
    /// It has given up, and restarts after a time. Source: kernel/panic.c.
    case restart
    /// A non-maskable interrupt came, and the kernel goes on. Source: arch/x86/kernel/nmi.c.
    case interruptIgnored
    /// A boot ended in a shell: words of systemd and initramfs-tools, and of a kernel that has no root.
    case bootFault
    /// Debian's kdump-config saved a dump in that folder; one on another machine has that machine's name in front.
    case dumpSaved(path: String)
    /// Fedora's and RHEL's kdump is going to save a dump in that folder.
    case dumpBegun(path: String)
    /// It has saved it.
    case dumpFinished
    /// It could not; these are its words.
    case dumpFailed(words: String)

    /// The words that a panic begins with.
    public static let panicWords = "Kernel panic - not syncing"

    /// Reads a line; nil where it is none of these.
    ///
    /// Behind a prefix of the kernel's the message must begin with the mark: a program that writes about a panic to the log has not
    /// panicked. In a line without one it may stand anywhere, for programs print to the same console.
    public init?(_ line: LogLine) {
        var next: LogLine? = line
        while let line = next {
            if let mark = Self.ofKernel(line) {
                self = mark
                return
            }
            next = line.second
        }
        guard let mark = Self.ofPrograms(line) else { return nil }
        self = mark
    }

    /// Whether a kernel has begun to run, by what it printed so far; its last line may not have ended.
    public static func showsBoot(_ console: String) -> Bool {
        LogReader(Array(console.utf8)).contains { if case .boot? = KernelMark($0) { true } else { false } }
    }

    /// Whether the kernel has given up.
    public var isPanic: Bool { self == .panic || self == .panicEnd }

    /// Whether a boot that shows this will not end well.
    public var endsBoot: Bool { isPanic || self == .bootFault }

    private static func ofKernel(_ line: LogLine) -> KernelMark? {
        switch line.prefix.source {
        case .program: return nil
        case .unknown: return read { words in line.bytes.firstRange(of: words).map { line.bytes[$0.upperBound...] } }
        case .kernel:
            let text = line.text.drop { $0 == UInt8(ascii: " ") }
            guard let first = text.first, firstLetters.contains(first) else { return nil }
            return read(text.rest)
        }
    }

    /// Of what the kernel says: of a hundred lines a few are looked at any further.
    private static let firstLetters = Array("-CDKLRV".utf8)

    /// - Parameter rest: gives what follows some words, where they are there.
    private static func read(_ rest: (StaticString) -> ArraySlice<UInt8>?) -> KernelMark? {
        if rest("---[ end Kernel panic - not syncing") != nil { return .panicEnd }
        if rest("Kernel panic - not syncing") != nil { return .panic }
        if let version = rest("Linux version ") { return .boot(version: version.firstWord) }
        if let arguments = rest("Kernel command line: ") ?? rest("Command line: "),
            arguments.firstRange(of: "elfcorehdr=") != nil
        {
            return .crashKernel
        }
        if let seconds = rest("Rebooting in "), seconds.hasSuffix("seconds..") { return .restart }
        if rest("Dazed and confused, but trying to continue") != nil { return .interruptIgnored }
        if rest("VFS: Unable to mount root fs") != nil { return .bootFault }
        return nil
    }

    private static func ofPrograms(_ line: LogLine) -> KernelMark? {
        let bytes = line.bytes
        guard bytes.firstRange(of: "vmcore") != nil else {
            return bootFaults.contains { bytes.firstRange(of: $0) != nil } ? .bootFault : nil
        }
        func rest(behind words: StaticString) -> ArraySlice<UInt8>? {
            bytes.firstRange(of: words).map { bytes[$0.upperBound...] }
        }
        for words in ["failed to save vmcore", "saving vmcore failed"] as [StaticString] {
            guard let range = bytes.firstRange(of: words) else { continue }
            return .dumpFailed(words: String(decoding: bytes[range.lowerBound...], as: UTF8.self))
        }
        if let path = rest(behind: "saved vmcore in ") ?? rest(behind: "saved vmcore via FTP in ") {
            return .dumpSaved(path: folder(path))
        }
        if let path = rest(behind: "saving vmcore-dmesg.txt to ") { return .dumpBegun(path: ofRoot(folder(path))) }
        return rest(behind: "saving vmcore complete") == nil ? nil : .dumpFinished
    }

    /// A folder that a dump is saved in: its name ends with a time, and may have spaces before that.
    private static func folder(_ text: ArraySlice<UInt8>) -> String {
        let words = String(decoding: text, as: UTF8.self).split(separator: " ")
        func isTime(_ word: Substring) -> Bool {
            word.last { $0 != "." && $0 != "/" }.map { $0.isASCII && $0.isNumber } == true
        }
        let count = words.firstIndex(where: isTime).map { $0 + 1 } ?? 1
        let path = words.prefix(count).joined(separator: " ")
        return path.hasSuffix(".") ? String(path.dropLast()) : path
    }

    /// A path as the guest has it, that its crash kernel's initrd has below the folder where it mounted the root file system.
    private static func ofRoot(_ path: String) -> String {
        let names = path.split(separator: "/").drop { $0 == "sysroot" || $0 == "kdumproot" }
        return "/" + names.joined(separator: "/")
    }

    private static let bootFaults: [StaticString] = [
        "You are in emergency mode", "You are in rescue mode", "Gave up waiting for root", "(initramfs)",
    ]
}
