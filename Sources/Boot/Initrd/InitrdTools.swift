import DevboxCore
import Disks

/// The shell and the few commands of an initrd, as a disk has them: klibc's, which initramfs-tools brings, or a static busybox, or
/// those that the guest works with itself, with the libraries that they load.
struct InitrdTools {
    /// Files by their path in the initrd.
    private(set) var files: [(path: String, bytes: [UInt8])] = []
    /// Links by their path in the initrd.
    private(set) var links: [(path: String, target: String)] = []

    private static let limit = 8 << 20
    private static let klibc = "/usr/lib/klibc/bin"

    /// What hands the machine over to the system's own init; klibc has its own.
    static let handover = "switch_root"
    /// What each initrd needs.
    private static let basic = ["sh", "mount", "mkdir", "insmod", "sleep"]

    /// Looks for them on a guest's disk; nil where it has none of these.
    ///
    /// - Parameters:
    ///   - further: commands beside the shell, mount, mkdir, insmod and sleep.
    ///   - others: of klibc's, those that need not be there.
    init?(_ further: [String], on root: borrowing Ext4FileSystem, unlessMissing others: [String] = []) throws {
        let names = Self.basic + further
        if try takeKlibc(names, root) {
            for name in others {
                guard let bytes = try Self.read("\(Self.klibc)/\(name)", root) else { continue }
                files.append(("bin/\(name)", bytes))
            }
            return
        }
        if try takeBusybox(names, root) { return }
        guard let programs = try LinkedPrograms(names, on: root) else { return nil }
        files = programs.files
        links = programs.links
    }

    private mutating func takeKlibc(_ names: [String], _ root: borrowing Ext4FileSystem) throws -> Bool {
        var found: [(path: String, bytes: [UInt8])] = []
        var libraries: Set<String> = []
        for name in names.map({ $0 == Self.handover ? "run-init" : $0 }) {
            guard let bytes = try Self.read("\(Self.klibc)/\(name)", root) else { return false }
            found.append(("bin/\(name)", bytes))
            // The library that they share takes the place of ld.so; its name bears a digest.
            if let library = ELFLinkage(bytes)?.interpreter { libraries.insert(library) }
        }
        for library in libraries.sorted() {
            let parts = library.split(separator: "/")
            guard parts.count == 2, parts[0] == "lib", let bytes = try Self.read(library, root) else { return false }
            found.append(("lib/\(parts[1])", bytes))
        }
        files = found
        return true
    }

    private mutating func takeBusybox(_ names: [String], _ root: borrowing Ext4FileSystem) throws -> Bool {
        for path in ["/bin/busybox", "/usr/bin/busybox", "/usr/lib/initramfs-tools/bin/busybox"] {
            guard let bytes = try Self.read(path, root), let linkage = ELFLinkage(bytes), linkage.interpreter == nil
            else { continue }
            files = [("bin/busybox", bytes)]
            links = names.map { ("bin/\($0)", "busybox") }
            return true
        }
        return false
    }

    private static func read(_ path: String, _ root: borrowing Ext4FileSystem) throws -> [UInt8]? {
        guard let number = try root.find(path), try root.attributes(of: number).isRegular else { return nil }
        return try root.contents(of: number, limit: limit)
    }
}
