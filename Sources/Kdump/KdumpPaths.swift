/// The files of a guest that have to do with kdump, as Debian's and Ubuntu's kdump-tools have them; see kdump-config(8).
enum KdumpPaths {
    static let tool = "/usr/sbin/kdump-config"
    static let makedumpfile = "/usr/bin/makedumpfile"
    static let kexec = "/sbin/kexec"
    /// Its settings, and those that it ships.
    static let settings = "/etc/default/kdump-tools"
    static let shippedSettings = "/usr/share/kdump-tools/kdump-tools.conf"
    /// The sysctls of the kernel that saves the dump.
    static let crashSysctls = "/etc/kdump/sysctl.conf"
    /// The sysctls of the kernel that is to panic. Of two files that set one thing, the later name wins: see sysctl.d(5).
    static let sysctls = "/etc/sysctl.d/zz-devbox-kdump.conf"
    static let grubMenu = "/boot/grub/grub.cfg"
    static let grubSettings = "/etc/default/grub.d/zz-devbox-kdump.cfg"
    static let units = ["/lib/systemd/system/kdump-tools.service", "/usr/lib/systemd/system/kdump-tools.service"]
    /// What is added to the units of its services, of which the second one saves the dump; see systemd.unit(5).
    static let unitSettings = ["kdump-tools", "kdump-tools-dump"].map {
        "/etc/systemd/system/\($0).service.d/devbox.conf"
    }

    static func config(_ version: String) -> String { "/boot/config-\(version)" }
    static func initrd(_ version: String) -> String { "/var/lib/kdump/initrd.img-\(version)" }
    /// The sysctls that an initrd was made with: where they are others now, kdump-tools makes it anew, in a minute and more.
    static func initrdSysctls(_ version: String) -> String { "/var/lib/kdump/latest_sysctls-\(version)" }
    /// What enables its service for a target.
    static func wants(_ target: String) -> String { "/etc/systemd/system/\(target).wants/kdump-tools.service" }

    /// All that arming looks at.
    static func all(_ versions: [String]) -> [String] {
        [
            tool, makedumpfile, kexec, settings, shippedSettings, crashSysctls, sysctls, grubMenu, grubSettings,
        ] + units + unitSettings
            + ["basic.target", "multi-user.target"].map(wants)
            + versions.flatMap { [config($0), initrd($0), initrdSysctls($0)] }
    }

    /// Those of which nothing but the digest matters.
    static func isOpaque(_ path: String) -> Bool {
        [tool, makedumpfile, kexec].contains(path) || path.hasPrefix("/var/lib/kdump/initrd.img-")
    }
}
