import ELF
import DevboxCore
import Glibc
import Packages
import SystemPackage

/// Takes vmlinux, System.map and modules out of a debug package as they come by, into a folder.
struct DebugCollector {
    private let folder: FilePath
    private let package: DebPackage
    private let wantsModules: Bool
    private var kernel: String?
    private var vmlinux: DebugRecord.StoredFile?
    private var modules: [(path: String, id: BuildID)] = []

    /// No vmlinux is larger, in bytes; a package can hold an endless one.
    private static let limit: Int64 = 8 << 30

    init(_ folder: FilePath, package: DebPackage, modules: Bool) {
        self.folder = folder
        self.package = package
        wantsModules = modules
    }

    private var name: String { package.path.lastComponent?.string ?? "the package" }

    /// Looks at the next member of the package.
    mutating func take(_ content: inout DebContent) throws -> WalkDecision {
        guard case .file = content.member.kind, let path = content.path else { return .goOn }
        if let version = KernelFacts.debugVersion(path), vmlinux == nil {
            kernel = version
            vmlinux = try write(&content, to: folder.appending("vmlinux"))
            return wantsModules ? .goOn : .stop
        }
        if path.hasPrefix("usr/lib/debug/boot/System.map-") {
            _ = try write(&content, to: folder.appending("System.map"))
        } else if wantsModules, let module = Self.module(path) {
            try Files.makeDirectory(folder.pushing(FilePath(module)).removingLastComponent())
            let bytes = try content.bytes(limit: 512 << 20)
            guard let id = ELFNotes.buildID(of: bytes) else { return .goOn }
            let file = folder.pushing(FilePath(module))
            try Files.remove(file)
            let descriptor = try Files.open(
                file, .writeOnly, [.create, .exclusiveCreate], permissions: FilePermissions(rawValue: 0o644))
            defer { try? descriptor.close() }
            try Files.writeAll(descriptor, bytes, name: file.string)
            modules.append((module, id))
        }
        return .goOn
    }

    /// What was found.
    ///
    /// - Throws: `badInput` where there was no vmlinux with a build-id.
    func finish() throws -> (
        buildID: BuildID, kernel: String, vmlinux: DebugRecord.StoredFile, modules: [(path: String, id: BuildID)]
    ) {
        guard let kernel, let vmlinux else {
            throw Failure(
                .badInput, "\(name) holds no vmlinux",
                hint: "--debug takes a kernel's debug package: linux-image-…-dbg, or linux-image-unsigned-…-dbgsym")
        }
        let file = try Files.open(folder.appending("vmlinux"), .readOnly)
        defer { try? file.close() }
        let id = try ELFNotes.buildID { offset, count in
            var bytes = [UInt8](repeating: 0, count: count)
            let got = try bytes.withUnsafeMutableBytes { buffer in
                try posix("read vmlinux") { pread(file.rawValue, buffer.baseAddress, buffer.count, Int(offset)) }
            }
            return Array(bytes[0..<got])
        }
        guard let id else { throw Failure(.badInput, "the vmlinux in \(name) has no build-id") }
        return (id, kernel, vmlinux, modules)
    }

    /// "modules/kernel/fs/ext4/ext4.ko" for a file below usr/lib/debug/lib/modules/VERSION; nil for any other.
    private static func module(_ path: String) -> String? {
        var parts = path.split(separator: "/")[...]
        guard parts.starts(with: ["usr", "lib", "debug"]) else { return nil }
        parts = parts.dropFirst(3)
        if parts.first == "usr" { parts = parts.dropFirst() }
        guard parts.starts(with: ["lib", "modules"]), parts.count > 3, let last = parts.last, last.contains(".ko")
        else {
            return nil
        }
        return "modules/" + parts.dropFirst(3).joined(separator: "/")
    }

    private func write(_ content: inout DebContent, to path: FilePath) throws -> DebugRecord.StoredFile {
        guard content.member.size <= Self.limit else {
            throw Failure(.badInput, "\(name) holds a file of \(ByteSize.text(content.member.size))")
        }
        try Files.remove(path)
        let file = try Files.open(
            path, .writeOnly, [.create, .exclusiveCreate], permissions: FilePermissions(rawValue: 0o644))
        defer { try? file.close() }
        var hasher = SHA256Digest.Hasher()
        var size: Int64 = 0
        try content.chunks { chunk in
            hasher.update(chunk)
            var done = 0
            while done < chunk.count {
                done += try posix("write \(path)") {
                    Glibc.write(file.rawValue, chunk.baseAddress?.advanced(by: done), chunk.count - done)
                }
            }
            size += Int64(chunk.count)
            try Interrupts.check()
            return true
        }
        return .init(size: size, sha256: hasher.digest)
    }
}
