/// How a kernel was built: its /boot/config-VERSION.
struct KernelConfig: Sendable, Equatable {
    private let options: Set<Substring>

    /// Reads the lines `CONFIG_NAME=y`; what is a module or a text counts as well.
    init(_ text: String) {
        options = Set(
            text.split(separator: "\n").compactMap { line in
                guard line.hasPrefix("CONFIG_"), let mark = line.firstIndex(of: "="), !line.hasSuffix("=n") else {
                    return nil
                }
                return line[..<mark]
            })
    }

    /// Whether an option is set.
    func has(_ option: String) -> Bool { options.contains(option[...]) }

    /// Without one of these no kernel is loaded for the dump, or there is no /proc/vmcore in it.
    static let neededForDumps = ["CONFIG_KEXEC", "CONFIG_CRASH_DUMP", "CONFIG_PROC_VMCORE"]
}
