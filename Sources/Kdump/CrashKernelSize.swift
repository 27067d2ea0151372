import DevboxCore

/// What is reserved for the kernel that saves the dump: the value of `crashkernel=`, see Documentation/admin-guide/kdump/kdump.rst.
public struct CrashKernelSize: Sendable, Equatable, CustomStringConvertible {
    /// As the kernel reads it.
    public let description: String
    /// In bytes; nil where it depends on the machine's memory.
    public let bytes: Int64?

    /// Reads "192M", "256M@64M", "512M,high" or "1G-4G:192M,4G-:256M"; nil for anything else.
    public init?(_ text: String) {
        let ranges = text.split(separator: ",", omittingEmptySubsequences: false)
        if text.contains(":") {
            for range in ranges {
                let parts = range.split(separator: ":", omittingEmptySubsequences: false)
                guard parts.count == 2, Self.size(parts[1].prefix { $0 != "@" }) != nil else { return nil }
                let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false)
                guard ends.count == 2, Self.size(ends[0]) != nil, ends[1].isEmpty || Self.size(ends[1]) != nil else {
                    return nil
                }
            }
            bytes = nil
        } else {
            guard ranges.count == 1 || ranges.count == 2 && (ranges[1] == "high" || ranges[1] == "low") else {
                return nil
            }
            let parts = ranges[0].split(separator: "@", omittingEmptySubsequences: false)
            guard parts.count <= 2, parts.allSatisfy({ Self.size($0) != nil }), let size = Self.size(parts[0]), size > 0
            else { return nil }
            bytes = size
        }
        description = text
    }

    private init(_ bytes: Int64) {
        self.bytes = bytes
        description = "\(bytes >> 20)M"
    }

    /// Digits and one of K, M, G, as the kernel's memparse() takes them.
    private static func size(_ text: Substring) -> Int64? {
        guard let last = text.last, text.utf8.count < 12, text.dropLast().allSatisfy(\.isNumber) else { return nil }
        return "KMGkmg".contains(last) && text.count > 1 || last.isNumber ? ByteSize.parse(String(text)) : nil
    }

    /// In bytes.
    static let least: Int64 = 32 << 20
    static let tooSmall = "no kernel can save a dump in less than 32M"

    /// What is left beside it has to suffice for the guest itself.
    private static let beside: Int64 = 512 << 20
    /// Whole quarters of a gigabyte: a number that people recognise.
    private static let quarter: Int64 = 256 << 20

    /// What a guest gets, and the memory that it needs for it.
    ///
    /// - Parameters:
    ///   - architecture: the guest's.
    ///   - memory: what its virtual machine has, in bytes.
    ///   - chosen: what the user wants; nil for the default.
    static func choose(_ architecture: Architecture, memory: Int64, chosen: CrashKernelSize?) -> (
        CrashKernelSize, memory: Int64
    ) {
        if let chosen { return (chosen, chosen.enough(architecture, memory)) }
        let rows = defaults(architecture)
        let enough = max(memory, rows.first?.memory ?? memory)
        let size = rows.last { $0.memory <= enough }?.size ?? 192 << 20
        return (CrashKernelSize(size), enough)
    }

    /// The memory that it leaves enough of, from so much on. Nothing is raised for what reserves nothing: who wrote the list wanted that.
    private func enough(_ architecture: Architecture, _ memory: Int64) -> Int64 {
        var memory = memory
        // With more memory a list may have more for the crash kernel; one that never ends is left as it is.
        for _ in 0..<8 {
            // As kernels from 6.1 on count it: what an older one makes of it is told.
            let kernel = CrashReservation.Kernel(architecture: architecture, memory: memory, version: "6.1")
            let size = bytes ?? CrashReservation(["crashkernel=\(description)"], kernel).size
            let (needed, overflow) = size.addingReportingOverflow(Self.beside + Self.quarter - 1)
            guard size > 0, !overflow, memory < size + Self.beside else { return memory }
            memory = needed / Self.quarter * Self.quarter
        }
        return memory
    }

    /// The least memory of each row, and what is reserved from there on, in bytes.
    ///
    /// amd64, arm64 and ppc64el are what `kdumpctl get-default-crashkernel` of Fedora's and RHEL 9's kexec-tools says. It has no 32-bit
    /// architectures: they have what amd64 has, above the 128M of Debian's /etc/default/grub.d/kdump-tools.cfg.
    private static func defaults(_ architecture: Architecture) -> [(memory: Int64, size: Int64)] {
        func rows(_ gigabytesAndMegabytes: (Int64, Int64)...) -> [(memory: Int64, size: Int64)] {
            gigabytesAndMegabytes.map { ($0.0 << 30, $0.1 << 20) }
        }
        return switch architecture {
        case .amd64: rows((1, 192), (4, 256), (64, 512))
        case .i386, .armhf: rows((1, 192))
        case .arm64: rows((1, 256), (4, 320), (64, 576))
        case .ppc64el: rows((2, 384), (4, 512), (16, 1024), (64, 2048), (128, 4096))
        }
    }
}
