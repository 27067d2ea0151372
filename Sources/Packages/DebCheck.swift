import Archives
import DevboxCore

/// Looks for what a package must not hold before it is given to a guest's dpkg, while it is decoded.
///
/// It refuses names and hard links that leave the root, names with control characters, names that lead through a link which the same
/// package ships, devices, fifos and sockets, headers that dpkg does not read, and more content than there is room for. Links may
/// lead anywhere: dpkg does not follow them on the host, it runs in the guest.
public struct DebCheck: Sendable {
    /// How much it may take when it is unpacked, in bytes, files rounded up to blocks of 4 KiB.
    public var sizeLimit: Int64

    /// - Parameter sizeLimit: how much it may take when it is unpacked, in bytes.
    public init(sizeLimit: Int64 = .max) { self.sizeLimit = sizeLimit }

    /// Decodes data.tar once, from its beginning to its end.
    ///
    /// - Parameters:
    ///   - package: the package.
    ///   - sink: gets every byte of the uncompressed data.tar, before the check has seen it. What the sink was given may be used only
    ///     where this returns, so a dpkg that unpacks it meanwhile needs a transaction around it.
    ///   - visit: is called with each member that passed, and may read its content.
    /// - Throws: `badInput`, with the file and the defect; nothing behind the defect is decoded.
    @discardableResult
    public func run(
        _ package: DebPackage, sink: (UnsafeRawBufferPointer) throws -> Void = { _ in },
        visit: (inout DebContent) throws -> Void = { _ in }
    ) throws -> DebSummary {
        var pass = DebCheckPass(name: package.file.name, sizeLimit: sizeLimit)
        // Headers are no content, but have an end too.
        let streamLimit = sizeLimit > .max - (64 << 20) ? .max : max(sizeLimit, 0) + (64 << 20)
        try package.walk(limit: streamLimit, sink: sink) { content in
            guard content.reader.isPlainTar else {
                throw Failure(.badInput, "\(package.file.name) holds a pax header, which dpkg does not take")
            }
            try pass.take(content.member)
            try visit(&content)
            return .goOn
        }
        return pass.summary
    }
}

/// What a check found.
public struct DebSummary: Sendable, Equatable {
    /// How many members there are, folders included.
    public internal(set) var memberCount = 0
    /// How many of them are files with content of their own.
    public internal(set) var fileCount = 0
    /// What they take on a disk, in bytes: files rounded up to blocks of 4 KiB, and something for each member.
    public internal(set) var unpackedSize: Int64 = 0
    /// The kernels in it.
    public internal(set) var kernels = KernelFacts()
}

/// The state of a check.
struct DebCheckPass {
    let name: String
    let sizeLimit: Int64
    var summary = DebSummary()
    private var links: Set<String> = []
    private var linkBytes = 0

    init(name: String, sizeLimit: Int64) {
        self.name = name
        self.sizeLimit = sizeLimit
    }

    mutating func take(_ member: ArchiveMember) throws {
        try count(member)
        let parts = try checked(member.path, "a path")
        try refuseBehindLink(parts, shown: member.path)
        let path = parts.joined(separator: "/")
        switch member.kind {
        case .file:
            summary.fileCount += 1
            summary.kernels.note(path)
        case .directory: break
        case .link(let target):
            guard !target.isEmpty else { throw wrong("holds a link to nowhere", member.path) }
            try refuseControlCharacters(target, "a link's target")
            // A package of nothing but long links must not fill the memory.
            linkBytes += path.utf8.count + 64
            guard linkBytes <= 64 << 20 else { throw Failure(.badInput, "\(name) holds too many links") }
            links.insert(path)
        case .hardLink(let target):
            let parts = try checked(target, "a hard link's target")
            try refuseBehindLink(parts, shown: target)
        case .characterDevice, .blockDevice: throw wrong("holds a device", member.path)
        case .fifo: throw wrong("holds a fifo", member.path)
        case .socket: throw wrong("holds a socket", member.path)
        }
        guard !parts.isEmpty || member.kind == .directory else {
            throw wrong("holds something in place of the root directory", member.path)
        }
    }

    private mutating func count(_ member: ArchiveMember) throws {
        summary.memberCount += 1
        guard member.size >= 0 else { throw wrong("holds a file of a negative size", member.path) }
        var size: Int64 = 512
        if member.kind == .directory { size = 4096 }
        if member.kind == .file {
            let (rounded, overflow) = member.size.addingReportingOverflow(4095 + 512)
            size = overflow ? .max : rounded / 4096 * 4096
        }
        let (sum, overflow) = summary.unpackedSize.addingReportingOverflow(size)
        guard !overflow, sum <= sizeLimit else {
            throw Failure(
                .badInput, "\(name) unpacks to more than the \(ByteSize.text(sizeLimit)) that there is room for")
        }
        summary.unpackedSize = sum
    }

    private func checked(_ path: String, _ what: String) throws -> [String] {
        try refuseControlCharacters(path, what)
        let parts = path.split(separator: "/").map(String.init).filter { $0 != "." }
        guard !parts.contains("..") else { throw wrong("has \(what) that leaves the root directory", path) }
        // PATH_MAX and NAME_MAX of Linux.
        guard path.utf8.count < 4096, parts.allSatisfy({ $0.utf8.count <= 255 }) else {
            throw wrong("has \(what) that is too long", String(path.prefix(80)))
        }
        return parts
    }

    private func refuseControlCharacters(_ path: String, _ what: String) throws {
        let isControl = { (scalar: Unicode.Scalar) in scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) }
        guard !path.unicodeScalars.contains(where: isControl) else {
            throw wrong("has \(what) with a control character", path)
        }
    }

    private func refuseBehindLink(_ parts: [String], shown: String) throws {
        guard !links.isEmpty, parts.count > 1 else { return }
        var prefix = ""
        for part in parts.dropLast() {
            prefix += prefix.isEmpty ? part : "/\(part)"
            guard !links.contains(prefix) else { throw wrong("has a path that leads through a link of its own", shown) }
        }
    }

    private func wrong(_ defect: String, _ path: String) -> Failure {
        Failure(.badInput, "\(name) \(defect): \(Names.printable(path))")
    }
}
