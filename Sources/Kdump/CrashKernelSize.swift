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

    /// What is left beside it has to suffice for the guest itself.
    private static let beside: Int64 = 512 << 20

    /// What a guest gets, and the memory that it needs for it.
    ///
    /// - Parameters:
    ///   - architecture: the guest's.
    ///   - memory: what its virtual machine has, in bytes.
    ///   - chosen: what the user wants; nil for the default.
    static func choose(_ architecture: Architecture, memory: Int64, chosen: CrashKernelSize?) -> (
        CrashKernelSize, memory: Int64
    ) {
        if let chosen {
            let least = chosen.bytes.map { $0 + beside } ?? 0
            // Whole quarters of a gigabyte: a number that people recognise.
            return (chosen, memory >= least ? memory : (least + (256 << 20) - 1) / (256 << 20) * (256 << 20))
        }
        let rows = defaults(architecture)
        let enough = max(memory, rows.first?.memory ?? memory)
        let size = rows.last { $0.memory <= enough }?.size ?? 192 << 20
        return (CrashKernelSize(size), enough)
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
