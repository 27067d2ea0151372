import DevboxCore
import Disks
import Dumps
import Guests

/// What on the disk of an armed guest that does not run keeps its kernel from panicking, or its crash kernel from saving a dump that can be
/// found: settings of its own that come behind those of the arming, or stand against them.
enum DiskObstacles {
    /// - Parameters:
    ///   - wanted: the sysctls that it was armed with.
    ///   - folder: where its dumps go; nil where that is not known.
    ///   - settings: the text of kdump-tools' settings.
    /// - Returns: sentences, fit to be shown.
    static func find(
        on root: borrowing Ext4FileSystem, of record: GuestRecord, wanted: [(name: String, value: String)],
        folder: String?, settings: String
    ) throws -> [String] {
        var result: [String] = []
        if let folder { result += try place(folder, root) }
        for line in settings.split(whereSeparator: \.isNewline) {
            let words = line.split { $0 == " " || $0 == "\t" }
            guard words.count > 1, [".", "source"].contains(words[0]) else { continue }
            result.append(
                "\(KdumpPaths.settings) takes in \(Names.printable(words[1].prefix(200))), of which devbox reads nothing"
            )
        }
        result += try masks(root, record)
        let sysctls = try SysctlFiles(on: root).settings
        if let (value, file) = sysctls["kernel.kexec_load_disabled"], value != "0" {
            result.append("\(Names.printable(file)) sets kernel.kexec_load_disabled: no crash kernel is loaded")
        }
        for (name, value) in wanted {
            guard let (other, file) = sysctls[name], file != KdumpPaths.sysctls, other != value else { continue }
            result.append(
                "\(Names.printable(file)) comes behind \(KdumpPaths.sysctls), and sets \(name) to \(Names.printable(other.prefix(40)))"
            )
        }
        return result
    }

    /// What a system has in memory, or clears when it starts.
    private static let volatile = ["/run", "/var/run", "/dev", "/proc", "/sys", "/tmp"]

    private static func place(_ folder: String, _ root: borrowing Ext4FileSystem) throws -> [String] {
        if let gone = volatile.first(where: { folder == $0 || folder.hasPrefix("\($0)/") }) {
            return ["its dumps go to \(folder), and what is in \(gone) is gone when it starts again"]
        }
        guard try root.find(folder) != nil, try !root.isDirectory(withoutLinks: folder) else { return [] }
        return ["a symbolic link leads to \(folder), which devbox does not follow: its dumps cannot be brought out"]
    }

    /// See systemctl(1), "mask", and kernel-command-line(7).
    private static func masks(_ root: borrowing Ext4FileSystem, _ record: GuestRecord) throws -> [String] {
        let unit = "kdump-tools.service"
        let file = "/etc/systemd/system/\(unit)"
        if case .link(let target)? = try DiskFiles.read([file], of: root)[file], target == "/dev/null" {
            return ["its \(unit) is masked: `systemctl unmask kdump-tools` in it"]
        }
        let words = ["systemd.mask=\(unit)", "systemd.mask=kdump-tools", "kdump-tools.mask"]
        return record.allKernelArguments.filter(words.contains).map { "\($0) is one of its kernel's arguments" }
    }
}
