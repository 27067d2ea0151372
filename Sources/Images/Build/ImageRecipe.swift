import DevboxCore
import HostTools
import SystemPackage

/// What an image is built of. The same recipe and the same packages give the same disk, byte for byte.
public struct ImageRecipe: Sendable, Equatable {
    /// The release, such as "bookworm".
    public var suite: String
    /// Whose packages it is built of.
    public var architecture: Architecture
    /// The disk's size in bytes.
    public var size: Int64
    /// Packages beside devbox's own.
    public var include: [String]
    /// The archive; nil for the machine's own apt sources.
    public var mirror: String?

    /// A recipe; `mirror` is an address as it stands in sources.list(5).
    public init(suite: String, architecture: Architecture, size: Int64, include: [String] = [], mirror: String? = nil) {
        (self.suite, self.architecture, self.size, self.include, self.mirror) = (
            suite, architecture, size, include, mirror
        )
    }

    /// Every file's time, and the file system's: 2025-01-01.
    static let epoch = 1_735_689_600
    /// The file system's UUID. Guests never meet each other's disks, so one for all is enough.
    static let uuid = "6d1f4f0a-0000-4000-8000-6465766f7078"

    /// The kernel package of an architecture: the generic flavour, which has 9p.
    public static func kernelPackage(_ architecture: Architecture) -> String {
        switch architecture {
        case .amd64: "linux-image-amd64"
        case .i386: "linux-image-686-pae"
        case .arm64: "linux-image-arm64"
        case .armhf: "linux-image-armmp"
        case .ppc64el: "linux-image-powerpc64le"
        }
    }

    private static let packages = [
        "systemd-sysv", "udev", "dbus", "openssh-server", "qemu-guest-agent", "kdump-tools", "makedumpfile",
        "kexec-tools",
        "iproute2", "kmod", "procps", "initramfs-tools", "zstd", "e2fsprogs",
    ]

    /// Units that only cost time in a guest; each was seen in a boot's `systemd-analyze blame`.
    private static let masked = [
        "apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer",
        "e2scrub_reap.service",
        "fstrim.timer", "getty@tty1.service", "getty-static.service", "kexec.service", "kexec-load.service",
        "modprobe@configfs.service", "modprobe@dm_mod.service", "modprobe@drm.service", "modprobe@efi_pstore.service",
        "modprobe@fuse.service", "modprobe@loop.service", "systemd-binfmt.service", "systemd-firstboot.service",
        "systemd-fsckd.socket", "systemd-network-generator.service", "systemd-networkd-wait-online.service",
        "systemd-pstore.service", "systemd-repart.service", "systemd-rfkill.socket", "systemd-update-utmp.service",
        "systemd-update-utmp-runlevel.service",
    ]

    /// mmdebstrap's part of the build.
    func bootstrap(
        sources: [String], overlay: FilePath, overlayFiles: [String], packageCache: FilePath?, mode: String,
        emulator: BinfmtRegistration? = nil
    ) -> Mmdebstrap {
        Mmdebstrap(
            suite: suite, architecture: architecture,
            packages: Self.packages + [Self.kernelPackage(architecture)] + include, mode: mode, sources: sources,
            overlay: overlay, overlayFiles: overlayFiles,
            packageCache: packageCache,
            answers: [
                // kdump is armed by `devbox kdump-arm`, not by its installation.
                "kdump-tools kdump-tools/use_kdump boolean false", "kexec-tools kexec-tools/load_kexec boolean false",
            ],
            enabled: ["systemd-networkd.service", "work.automount", "devbox-resolv.path"],
            disabled: ["kdump-tools.service", "systemd-networkd-wait-online.service"], masked: Self.masked,
            // A clone's identity is its own; what packages made of it is not to be shared.
            removed: [
                "etc/ssh/ssh_host_*", "etc/hostname", "etc/resolv.conf", "var/lib/systemd/random-seed",
                "var/lib/dbus/machine-id", "initrd.img.old", "vmlinuz.old", "etc/.pwd.lock",
            ],
            links: [("/etc/machine-id", "var/lib/dbus/machine-id"), ("/run/resolv.conf", "etc/resolv.conf")],
            epoch: Self.epoch, emulator: emulator)
    }

    /// The lines of sources.list(5) for a suite with its updates and its security fixes, from what apt-get reports.
    static func sources(for suite: String, indexTargets: String) -> [String] {
        var archives: [(name: String, components: [String])] = []
        for line in indexTargets.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            guard words.count >= 3 else { continue }
            let release = words[1]
            guard
                release == suite || release.hasPrefix("\(suite)-updates") || release.hasPrefix("\(suite)-security")
                    || release == "\(suite)/updates"
            else { continue }
            let options = words.count > 3 && words[3].hasPrefix("/") ? "[signed-by=\(words[3])] " : ""
            let name = "\(options)\(words[0]) \(release)"
            if let index = archives.firstIndex(where: { $0.name == name }) {
                if !archives[index].components.contains(words[2]) { archives[index].components.append(words[2]) }
            } else {
                archives.append((name, [words[2]]))
            }
        }
        return archives.map { "deb \($0.name) \($0.components.joined(separator: " "))" }
    }
}
