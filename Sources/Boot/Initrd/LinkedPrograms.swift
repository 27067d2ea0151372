import Disks

/// Programs of a guest's own with the libraries that they load, laid out for an initrd: each system that runs has these.
struct LinkedPrograms {
    /// Files by their path in the initrd.
    private(set) var files: [(path: String, bytes: [UInt8])] = []
    /// Links by their path in the initrd: all libraries lie in one folder, whatever loads them looks for it under another name.
    let links = [("lib64", "lib"), ("usr/lib", "../lib"), ("usr/lib64", "../lib")].map { (path: $0, target: $1) }

    private var libraries: Set<String> = []
    private var size = 0

    /// The largest program or library, and the most that all of them take, in bytes.
    private static let limit = 64 << 20
    private static let programFolders = ["/bin", "/usr/bin", "/sbin", "/usr/sbin"]
    /// Where libraries are, for each architecture; see ld.so(8). One of another architecture is passed over.
    private static let libraryFolders: [String] =
        ["/lib64", "/usr/lib64", "/lib", "/usr/lib"]
        + [
            "x86_64-linux-gnu", "aarch64-linux-gnu", "arm-linux-gnueabihf", "powerpc64le-linux-gnu", "i386-linux-gnu",
        ].flatMap { ["/lib/\($0)", "/usr/lib/\($0)"] }

    /// Looks for programs and all that they load; nil where one of them, or a library, is not there.
    init?(_ names: [String], on root: borrowing Ext4FileSystem) throws {
        for name in names {
            guard let bytes = try Self.read(name, in: Self.programFolders, root), let linkage = ELFLinkage(bytes) else {
                return nil
            }
            guard try take(bytes, as: "bin/\(name)"), try takeLibraries(of: linkage, root) else { return nil }
        }
    }

    private mutating func take(_ bytes: [UInt8], as path: String) throws -> Bool {
        size += bytes.count
        files.append((path, bytes))
        return size <= Self.limit
    }

    private mutating func takeLibraries(of first: ELFLinkage, _ root: borrowing Ext4FileSystem) throws -> Bool {
        if let interpreter = first.interpreter {
            let parts = interpreter.split(separator: "/")
            guard let name = parts.last.map(String.init),
                ["lib", "lib64", "usr/lib", "usr/lib64"].contains(parts.dropLast().joined(separator: "/"))
            else { return false }
            if libraries.insert(name).inserted {
                guard let bytes = try Self.read(interpreter, root), try take(bytes, as: "lib/\(name)") else {
                    return false
                }
            }
        }
        var open = first.needed
        while let name = open.popLast() {
            guard !name.isEmpty, !name.contains("/"), name != "..", libraries.count < 256 else { return false }
            guard libraries.insert(name).inserted else { continue }
            guard let (bytes, linkage) = try library(name, like: first, root), try take(bytes, as: "lib/\(name)")
            else { return false }
            open += linkage.needed
        }
        return true
    }

    private mutating func library(_ name: String, like program: ELFLinkage, _ root: borrowing Ext4FileSystem) throws
        -> ([UInt8], ELFLinkage)?
    {
        for folder in Self.libraryFolders {
            let path = "\(folder)/\(name)"
            // Of one of another kind no more than its beginning is read.
            guard let number = try root.find(path), try root.attributes(of: number).isRegular,
                ELFLinkage.kind(try root.beginning(of: number, count: 64)) == program.kind,
                let bytes = try Self.read(path, root)
            else { continue }
            guard let linkage = ELFLinkage(bytes) else {
                // What is read for nothing counts too: a disk may have any number of such.
                size += bytes.count
                guard size <= Self.limit else { return nil }
                continue
            }
            return (bytes, linkage)
        }
        return nil
    }

    private static func read(_ name: String, in folders: [String], _ root: borrowing Ext4FileSystem) throws -> [UInt8]?
    {
        for folder in folders {
            if let bytes = try read("\(folder)/\(name)", root) { return bytes }
        }
        return nil
    }

    private static func read(_ path: String, _ root: borrowing Ext4FileSystem) throws -> [UInt8]? {
        guard let number = try root.find(path) else { return nil }
        let attributes = try root.attributes(of: number)
        guard attributes.isRegular, attributes.size <= Int64(limit) else { return nil }
        return try root.contents(of: number, limit: limit)
    }
}
