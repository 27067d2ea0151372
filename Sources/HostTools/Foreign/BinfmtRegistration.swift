import DevboxCore
import SystemPackage

/// What tells the kernel to run an architecture's programs by an emulator: a line for binfmt_misc's `register` file.
///
/// The format is in the kernel's Documentation/admin-guide/binfmt-misc.rst, what is matched in elf(5). The values are those
/// of QEMU's own registrations, as Debian's qemu-user-static has them in /usr/lib/binfmt.d.
public struct BinfmtRegistration: Sendable, Equatable {
    /// The entry's name, such as "qemu-aarch64".
    public let name: String
    /// The beginning of an ELF file of the architecture.
    public let magic: [UInt8]
    /// The bits of it that count.
    public let mask: [UInt8]
    /// The emulator: statically linked, for the guest has no libraries for it.
    public let interpreter: FilePath

    /// The registration of an architecture with the given emulator.
    public init(_ architecture: Architecture, interpreter: FilePath) {
        name = "qemu-\(architecture.qemuUser)"
        self.interpreter = interpreter
        let elf = ELF(architecture)
        // Class, byte order, version, ABI and padding; then the type, executable or shared, and the machine.
        magic = [0x7F, 0x45, 0x4C, 0x46, elf.bits, 1, 1, 0] + [UInt8](repeating: 0, count: 8) + [2, 0, elf.machine, 0]
        mask =
            [255, 255, 255, 255, 255] + elf.identityMask + [UInt8](repeating: 255, count: 8) + [
                0xFE, 255, 255, elf.lastMask,
            ]
    }

    /// The registration with the host's own emulator; nil where the host has none.
    public init?(_ architecture: Architecture) {
        guard let found = Self.interpreters(architecture).first(where: Files.exists) else { return nil }
        self.init(architecture, interpreter: found)
    }

    /// Where distributions put the statically linked emulator. The first is Debian's name for "the program's own name is
    /// passed on" (flag P); QEMU sees by it that it was started so.
    static func interpreters(_ architecture: Architecture) -> [FilePath] {
        [
            FilePath("/usr/libexec/qemu-binfmt/\(architecture.qemuUser)-binfmt-P"),
            FilePath("/usr/bin/qemu-\(architecture.qemuUser)-static"),
        ]
    }

    /// F: the emulator is opened now, on the host, and not looked up in a guest. O: it gets the program as a descriptor.
    var flags: String { interpreter.lastComponent?.string.hasSuffix("-P") == true ? "OPF" : "OF" }

    /// The line.
    public var line: String { ":\(name):M::\(Self.escaped(magic)):\(Self.escaped(mask)):\(interpreter):\(flags)" }

    private static func escaped(_ bytes: [UInt8]) -> String {
        bytes.map { "\\x" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// What differs between the architectures in the first 20 bytes of an ELF file.
    private struct ELF {
        let bits: UInt8
        let machine: UInt8
        /// The mask of byte order, version and ABI.
        var identityMask: [UInt8] = [0xFF, 0xFF, 0]
        var lastMask: UInt8 = 0xFF

        init(_ architecture: Architecture) {
            switch architecture {
            case .amd64: (bits, machine, identityMask) = (2, 62, [0xFE, 0xFE, 0xFC])
            case .i386: (bits, machine, identityMask) = (1, 3, [0xFE, 0xFE, 0xFC])
            case .arm64: (bits, machine) = (2, 183)
            case .armhf: (bits, machine) = (1, 40)
            case .ppc64el: (bits, machine, identityMask, lastMask) = (2, 21, [0xFF, 0xFF, 0xFC], 0)
            }
        }
    }
}
