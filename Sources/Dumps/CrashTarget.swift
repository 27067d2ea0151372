import DevboxCore
import Images

/// Where a guest's crash kernel puts its dumps, as the guest's own settings have it. They may hold anything.
public struct CrashTarget: Sendable, Equatable {
    /// The folder of the guest: absolute, without "." and ".."; nil where its settings do not say it in a way that is understood.
    public private(set) var folder: String?
    /// Why a dump does not come to lie there, or cannot be read there: sentences, fit to be shown.
    public private(set) var obstacles: [String] = []

    /// Whether the guest mounts something where the folder is, so that its disk does not show the dumps there.
    public private(set) var isHidden = false

    /// Where dumps are saved where no setting says otherwise.
    public static let usual = CrashTarget(folder: usualFolder)
    /// /var/crash.
    public static let usualFolder = "/var/crash"

    /// The files with the settings, of Debian's and Ubuntu's kdump-tools, of Fedora's and RHEL's kdump, and of SUSE's, in the order in
    /// which they are looked for: one alone counts. See kdump-tools(5), kdump.conf(5) and kdump(5).
    public enum Source: String, Sendable, CaseIterable {
        case debian = "/etc/default/kdump-tools"
        case fedora = "/etc/kdump.conf"
        case suse = "/etc/sysconfig/kdump"
    }

    /// No such file is larger, in bytes: of a larger one the settings count as not understood.
    public static let mostText = 64 << 10

    private init(folder: String?) { self.folder = folder }

    /// - Parameter text: gives the text of a file of the guest; nil where there is none.
    public init(_ text: (Source) throws -> String?) rethrows {
        for source in Source.allCases {
            guard let text = try text(source) else { continue }
            self.init(text, source)
            return
        }
        self = .usual
    }

    /// - Parameters:
    ///   - text: what stands in the file.
    ///   - source: which one it is.
    public init(_ text: String, _ source: Source) {
        folder = Self.usualFolder
        guard text.utf8.count < Self.mostText else {
            folder = nil
            obstacles.append(
                "\(source.rawValue) is not understood: it has more than \(ByteSize.text(Int64(Self.mostText)))")
            return
        }
        switch source {
        case .debian: readDebian(ShellSettings(text))
        case .fedora: readFedora(text)
        case .suse: readSUSE(ShellSettings(text))
        }
    }

    /// The same of a guest that does not run, by what was known of its disk when its image was made.
    public func stopped(_ root: RootFileSystem) -> CrashTarget {
        guard let folder, let part = root.foreignPart(at: folder) else { return self }
        var target = self
        target.hide(folder, part)
        return target
    }

    /// Takes in what the guest mounts where the folder is.
    mutating func hide(_ folder: String, _ part: RootFileSystem.ForeignPart) {
        isHidden = true
        obstacles.append(
            "its dumps go to \(Names.printable(folder)), which its disk does not show while it is stopped: \(part.words)"
        )
    }

    // MARK: kdump-tools

    private mutating func readDebian(_ settings: ShellSettings) {
        switch settings.value(of: "KDUMP_COREDIR") {
        case nil, .text("")?: break
        case .text(let path)?: take(path, "KDUMP_COREDIR", .debian)
        case .notUnderstood(let line)?: doubt(line, .debian)
        }
        for name in ["SSH", "NFS", "FTP"] {
            switch settings.value(of: name) {
            case nil, .text("")?: break
            case .text(let place)?: remote("\(name)=\(place)", .debian)
            case .notUnderstood(let line)?: remote(line, .debian)
            }
        }
        switch settings.value(of: "KDUMP_COMPRESSION") {
        // kdump-config passes over any other.
        case .text(let name)? where ["bzip2", "gzip", "lz4", "xz"].contains(name):
            obstacles.append(
                "its dumps are compressed as a whole (KDUMP_COMPRESSION=\(name) in \(Source.debian.rawValue)), which devbox does not read"
            )
        case .notUnderstood(let line)?: doubt(line, .debian)
        default: break
        }
    }

    // MARK: kdump.conf

    private static let remoteDirectives: Set<Substring> = ["nfs", "nfs4", "ssh", "net", "virtiofs"]
    private static let diskDirectives: Set<Substring> = ["raw", "ext2", "ext3", "ext4", "xfs", "btrfs", "minix"]

    private mutating func readFedora(_ text: String) {
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.prefix { $0 != "#" }.split { $0 == " " || $0 == "\t" }
            guard let directive = words.first else { continue }
            let place = words.dropFirst().joined(separator: " ")
            if directive == "path" {
                take(place, "path", .fedora)
            } else if Self.remoteDirectives.contains(directive) {
                remote("\(directive) \(place)", .fedora)
            } else if Self.diskDirectives.contains(directive) {
                obstacles.append(
                    "its dumps go to a file system of their own (\(Names.printable("\(directive) \(place)")) in \(Source.fedora.rawValue)), where devbox does not look"
                )
            }
        }
    }

    // MARK: SUSE

    private mutating func readSUSE(_ settings: ShellSettings) {
        switch settings.value(of: "KDUMP_SAVEDIR") {
        case nil, .text("")?: break
        case .notUnderstood(let line)?: doubt(line, .suse)
        case .text(let address)?:
            if address.hasPrefix("file://") {
                take(String(address.dropFirst(7)), "KDUMP_SAVEDIR", .suse)
            } else if address.contains("://") {
                remote("KDUMP_SAVEDIR=\(address)", .suse)
            } else {
                take(address, "KDUMP_SAVEDIR", .suse)
            }
        }
    }

    // MARK: What they say

    private mutating func take(_ path: String, _ name: String, _ source: Source) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: true)
        guard path.hasPrefix("/"), path.utf8.count < 1024, !parts.contains(where: { $0 == "." || $0 == ".." }),
            path.unicodeScalars.allSatisfy({ Names.isPrintable($0) && $0 != "\u{FFFD}" })
        else {
            folder = nil
            obstacles.append(
                "where its dumps go is not understood: \(name) is \(Names.printable(path.prefix(200))) in \(source.rawValue)"
            )
            return
        }
        folder = "/" + parts.joined(separator: "/")
    }

    private mutating func doubt(_ line: String, _ source: Source) {
        if line.contains("COREDIR") || line.contains("SAVEDIR") { folder = nil }
        obstacles.append(
            "where its dumps go is not understood: \(Names.printable(line.prefix(200))) in \(source.rawValue)")
    }

    private mutating func remote(_ place: String, _ source: Source) {
        obstacles.append(
            "its dumps go to another machine (\(Names.printable(place.prefix(200))) in \(source.rawValue)), where devbox does not look"
        )
    }
}
