import DevboxCore
import Disks

/// What a disk turns out to be: where its root file system is with its parts, and what is installed there.
struct RootInspection {
    let root: RootFileSystem
    let architecture: Architecture
    let release: Release
    let packages: [InstalledPackage]

    /// Looks at an ext4 file system with what is mounted in it; nil where it is not a root.
    init?(_ place: RootFileSystem, on device: any BlockDevice, disk: String) throws {
        let root = try place.open(on: device, name: disk)
        guard let text = try root.text("/etc/os-release") ?? root.text("/usr/lib/os-release") else { return nil }
        guard let architecture = try Self.architecture(of: root) else {
            throw DiskError.unsupported(
                disk: disk, feature: "its programs are for none of \(Architecture.list)", hint: nil)
        }
        self.root = place
        self.architecture = architecture
        release = Release(osRelease: text)
        packages = InstalledPackage.list(try root.text("/var/lib/dpkg/status", limit: 256 << 20) ?? "")
    }

    /// The architecture of the shell, from its ELF header (elf(5)).
    private static func architecture(of root: borrowing Ext4FileSystem) throws -> Architecture? {
        for path in ["/bin/sh", "/usr/bin/sh", "/bin/bash", "/sbin/init", "/usr/lib/systemd/systemd"] {
            guard let number = try root.find(path), try root.attributes(of: number).isRegular else { continue }
            let header = try root.beginning(of: number, count: 20)
            guard header.count == 20, Array(header[0..<4]) == [0x7F, 0x45, 0x4C, 0x46] else { continue }
            let little = header[5] == 1
            let machine = little ? Int(header[18]) | Int(header[19]) << 8 : Int(header[19]) | Int(header[18]) << 8
            switch (machine, little, header[4]) {
            case (62, true, 2): return .amd64
            case (3, true, _): return .i386
            case (183, true, 2): return .arm64
            case (40, true, _): return .armhf
            case (21, true, 2): return .ppc64el
            default: return nil
            }
        }
        return nil
    }
}

extension InstalledPackage {
    /// The installed packages in dpkg's status file (deb-control(5)).
    static func list(_ status: String) -> [InstalledPackage] {
        var result: [InstalledPackage] = []
        var fields: [Substring: Substring] = [:]
        func finish() {
            if fields["Status"]?.hasSuffix(" installed") == true, let name = fields["Package"],
                let version = fields["Version"]
            {
                result.append(
                    InstalledPackage(
                        name: String(name), version: String(version),
                        architecture: fields["Architecture"].map(String.init) ?? ""))
            }
            fields = [:]
        }
        for line in status.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.isEmpty {
                finish()
            } else if let colon = line.firstIndex(of: ":"), !line.hasPrefix(" ") {
                let key = line[..<colon]
                if ["Package", "Version", "Architecture", "Status"].contains(key) {
                    fields[key] = line[line.index(after: colon)...].drop { $0 == " " }
                }
            }
        }
        finish()
        return result.sorted { ($0.name, $0.architecture) < ($1.name, $1.architecture) }
    }
}
