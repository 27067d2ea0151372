import DevboxCore

/// What a kernel reserves, when it starts, for the one that saves the dump: what becomes of `crashkernel=` in a machine of some memory.
///
/// Source: parse_crashkernel() and reserve_crashkernel_generic() of kernel/crash_reserve.c, in older kernels of kernel/crash_core.c and
/// of each architecture; Documentation/admin-guide/kdump/kdump.rst.
enum CrashReservation: Sendable, Equatable {
    /// So many bytes.
    case bytes(Int64)
    /// So many, if they are free where they are wanted: that is known once the kernel has started.
    case perhaps(Int64, at: Int64)
    /// Nothing, and why: a sentence.
    case nothing(String)

    /// A kernel that is started on a machine.
    struct Kernel: Sendable {
        /// The machine's.
        var architecture: Architecture
        /// What the machine has, in bytes.
        var memory: Int64
        /// As in `uname -r`; nil where it is not known.
        var version: String?
    }

    /// - Parameter arguments: the kernel's, all of them.
    init(_ arguments: [String], _ kernel: Kernel) {
        let name = "crashkernel="
        // They are shown, and may come from a guest; what is not printable is no part of a value that a kernel understands.
        let values = arguments.filter { $0.hasPrefix(name) }.map { Names.printable($0.dropFirst(name.count)) }
        let plain = values.last { value in !Self.suffixes.contains { value.hasSuffix($0) } }
        let high = values.last { $0.hasSuffix(",high") }
        var kernel = kernel
        // The last `mem=` is what x86 and arm take for the machine's.
        let limit = arguments.last { $0.hasPrefix("mem=") }.flatMap { KernelNumber.whole($0.dropFirst(4)) }
        if let limit, limit > 0 { kernel.memory = min(kernel.memory, limit) }
        if let plain {
            self = plain.contains(":") ? Self.list(plain, kernel) : Self.simple(plain, kernel)
        } else if let high {
            self = Self.high(high, kernel)
        } else if let low = values.last {
            self = .nothing(
                "crashkernel=\(Names.printable(low)) alone reserves nothing: it goes beside one with `,high`")
        } else {
            self = .nothing("its kernel gets no crashkernel=")
        }
    }

    /// Why no dump can be saved with it, or why that is in doubt; nil where it can.
    var obstacle: String? {
        switch self {
        case .nothing(let reason): reason
        case .bytes(let bytes) where bytes < CrashKernelSize.least,
            .perhaps(let bytes, _) where bytes < CrashKernelSize.least:
            "\(ByteSize.text(bytes)) are reserved, and \(CrashKernelSize.tooSmall)"
        case .bytes: nil
        case .perhaps(let bytes, let offset):
            "whether \(ByteSize.text(bytes)) are free at \(ByteSize.text(offset)) is known only when its kernel has started: leave `@` out"
        }
    }

    /// Whether only a start can tell.
    var isDoubtful: Bool { if case .perhaps(let bytes, _) = self { bytes >= CrashKernelSize.least } else { false } }

    /// In bytes; 0 for nothing.
    var size: Int64 {
        switch self {
        case .bytes(let bytes), .perhaps(let bytes, _): bytes
        case .nothing: 0
        }
    }

    /// What is not the amount itself: ",cma" is memory that the running kernel goes on using, beside another one.
    private static let suffixes = [",high", ",low", ",cma"]

    /// "192M", "256M@64M".
    private static func simple(_ value: String, _ kernel: Kernel) -> CrashReservation {
        var text = Substring(value)
        guard let size = KernelNumber.read(&text) else { return notUnderstood(value) }
        var offset: Int64 = 0
        if text.first == "@" {
            text.removeFirst()
            // What follows the number is not looked at.
            guard let number = KernelNumber.read(&text) else { return notUnderstood(value) }
            offset = number
        } else if !text.isEmpty {
            return notUnderstood(value)
        }
        return place(size, at: offset, value, kernel)
    }

    /// "512M,high": memory above 4G, where there is some.
    private static func high(_ value: String, _ kernel: Kernel) -> CrashReservation {
        var text = Substring(value)
        guard let size = KernelNumber.read(&text), text == ",high" else { return notUnderstood(value) }
        switch kernel.architecture {
        case .amd64, .i386: break
        // From 6.0 on.
        case .arm64 where kernel.version.map { KernelVersion($0) < KernelVersion("6.0") } != true: break
        case .arm64, .armhf, .ppc64el:
            return .nothing("its kernel does not know `,high` (crashkernel=\(value)), and reserves nothing")
        }
        return place(size, at: 0, value, kernel)
    }

    /// "1G-4G:192M,4G-:256M@16M": the first range that has the machine's memory in it.
    private static func list(_ value: String, _ kernel: Kernel) -> CrashReservation {
        let found = counted(kernel).map { entry(value, memory: $0) }
        guard let first = found.first, let first else {
            return .nothing(
                "its kernel refuses crashkernel=\(Names.printable(value)) on a machine of \(ByteSize.text(kernel.memory))"
            )
        }
        // Where a kernel may count one or the other, it is what both give.
        guard found.allSatisfy({ $0 == first }) else {
            return .nothing(
                "its kernel counts a little less than \(ByteSize.text(kernel.memory)), which crashkernel=\(value) has a limit at"
            )
        }
        guard first.size > 0 else {
            return .nothing("crashkernel=\(value) has nothing for a machine of \(ByteSize.text(kernel.memory))")
        }
        return place(first.size, at: first.offset, value, kernel)
    }

    private struct Entry: Equatable {
        var size: Int64 = 0
        var offset: Int64 = 0
    }

    /// - Returns: what the list has for a machine of that memory; nil where the kernel refuses the list.
    private static func entry(_ value: String, memory: Int64) -> Entry? {
        var text = Substring(value)
        while true {
            guard let start = KernelNumber.read(&text), text.first == "-" else { return nil }
            text.removeFirst()
            var end = Int64.max
            if text.first != ":" {
                guard let number = KernelNumber.read(&text), number > start else { return nil }
                end = number
            }
            guard text.first == ":" else { return nil }
            text.removeFirst()
            // One that is too large is refused in a range that is passed over, too.
            guard let size = KernelNumber.read(&text), size < memory else { return nil }
            if (start..<end).contains(memory) {
                // Wherever in the list it stands.
                guard size > 0, let mark = text.firstIndex(of: "@") else { return Entry(size: size) }
                text = text[text.index(after: mark)...]
                return KernelNumber.read(&text).map { Entry(size: size, offset: $0) }
            }
            // An offset in the middle ends the list.
            guard text.first == "," else { return Entry() }
            text.removeFirst()
        }
    }

    /// What a kernel takes for the machine's memory. The firmware keeps some of it; kernels from 6.1 on round up to 128M for that reason.
    private static func counted(_ kernel: Kernel) -> [Int64] {
        let step: Int64 = 128 << 20
        // A record may claim any number.
        let memory = min(max(kernel.memory, 0), .max - step)
        let rounded = (memory + step - 1) / step * step
        let exact = [memory - firmware, memory]
        guard let version = kernel.version else { return exact + [rounded] }
        return KernelVersion(version) < KernelVersion("6.1") ? exact : [rounded]
    }

    /// More than SeaBIOS keeps for itself, in bytes.
    private static let firmware: Int64 = 2 << 20

    /// Whether so much can be taken there.
    private static func place(_ size: Int64, at offset: Int64, _ value: String, _ kernel: Kernel) -> CrashReservation {
        guard size > 0 else { return .nothing("crashkernel=\(value) reserves nothing") }
        let (end, overflow) = offset.addingReportingOverflow(size)
        guard !overflow, end < kernel.memory else {
            let wanted = offset == 0 ? "" : ", and so much is not there at \(ByteSize.text(offset))"
            return .nothing(
                "crashkernel=\(value) is more than a machine of \(ByteSize.text(kernel.memory)) can reserve\(wanted)")
        }
        // CRASH_ADDR_LOW_MAX and CRASH_ADDR_HIGH_MAX of its 32-bit kernels.
        guard kernel.architecture != .i386 || end < 512 << 20 else {
            return .nothing("crashkernel=\(value) does not fit below 512M, where i386 has to have it")
        }
        return offset == 0 ? .bytes(size) : .perhaps(size, at: offset)
    }

    private static func notUnderstood(_ value: String) -> CrashReservation {
        .nothing("its kernel does not understand crashkernel=\(Names.printable(value)), and reserves nothing")
    }
}

/// Numbers as memparse() of the kernel's lib/cmdline.c reads them.
enum KernelNumber {
    private static let units: [Character: Int64] = [
        "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40, "P": 1 << 50, "E": 1 << 60,
    ]

    /// Passes a number: decimal, hexadecimal behind 0x, octal behind 0, and a unit. Nil where there is none, or one of more than 63 bits.
    static func read(_ text: inout Substring) -> Int64? {
        var (base, digits) = (10, text.prefix(18))
        if digits.hasPrefix("0x") || digits.hasPrefix("0X") {
            (base, digits) = (16, digits.dropFirst(2))
        } else if digits.hasPrefix("0") {
            base = 8
        }
        digits = digits.prefix { $0.isASCII && $0.hexDigitValue.map { $0 < base } == true }
        guard !digits.isEmpty, let number = Int64(digits, radix: base) else { return nil }
        text = text[digits.endIndex...]
        guard let letter = text.first, letter.isASCII, let unit = units[Character(letter.uppercased())] else {
            return number
        }
        text.removeFirst()
        let (result, overflow) = number.multipliedReportingOverflow(by: unit)
        return overflow ? nil : result
    }

    /// A text that is such a number.
    static func whole(_ text: Substring) -> Int64? {
        var text = text
        return read(&text).flatMap { text.isEmpty ? $0 : nil }
    }
}
