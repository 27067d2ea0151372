import ArgumentParser
import ELF
import DevboxCore
import Packages
import SystemPackage

struct DebShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show what a package is, and which kernel is in it, without unpacking it.",
        discussion: """
            A kernel package and its debug package belong together where the build-id is the same.

            EXAMPLES:
              devbox deb show linux-image-6.1.0-47-cloud-amd64_6.1.170-3_amd64.deb
              devbox deb show --json *.deb | jq -r '.[].kernel.buildID'
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(help: "The package files.", completion: .file(extensions: ["deb", "ddeb"]))
    var files: [String]

    func run() throws {
        let reports = try files.map { try DebReport(DebPackage(FilePath($0))) }
        try options.print(reports, reports.map(\.text).joined(separator: "\n\n"))
    }
}

/// What `devbox deb show` prints of a package.
struct DebReport: Encodable {
    struct Kernel: Encodable {
        let version: String
        let buildID: BuildID?
        let file: String
        let debug: Bool
    }

    let file: String
    let package: String
    let version: String
    let architecture: String
    /// Bytes of the file.
    let size: Int64
    let sha256: SHA256Digest
    /// Bytes that the package says it takes.
    let installedSize: Int64?
    let compression: String
    let preDepends: [String]
    let depends: [String]
    let conflicts: [String]
    let breaks: [String]
    let provides: [String]
    let description: String?
    let kernel: Kernel?

    init(_ deb: DebPackage) throws {
        file = deb.path.string
        package = deb.name
        version = deb.version.description
        architecture = deb.architecture
        size = deb.fileSize
        sha256 = try deb.digest()
        installedSize = deb.installedSize
        compression = deb.dataMember.compression.rawValue
        preDepends = deb.preDepends.map(\.description)
        depends = deb.depends.map(\.description)
        conflicts = deb.conflicts.map(\.description)
        breaks = deb.breaks.map(\.description)
        provides = deb.provides.map(\.description)
        description = deb.control.synopsis
        kernel = try deb.kernel().map {
            Kernel(version: $0.version, buildID: $0.buildID, file: $0.file, debug: $0.isDebug)
        }
    }

    var text: String {
        var lines = [
            ("Package", package), ("Version", version), ("Architecture", architecture),
            ("Size", "\(ByteSize.text(size)), \(compression)"), ("Sha256", sha256.description),
        ]
        if let installedSize { lines.append(("Installed", ByteSize.text(installedSize))) }
        for (label, list) in [
            ("Pre-Depends", preDepends), ("Depends", depends), ("Conflicts", conflicts), ("Breaks", breaks),
            ("Provides", provides),
        ] where !list.isEmpty { lines.append((label, list.joined(separator: ", "))) }
        if let description { lines.append(("Description", description)) }
        if let kernel {
            lines.append(("Kernel", kernel.version + (kernel.debug ? " (debug information)" : "")))
            if let id = kernel.buildID { lines.append(("Build-id", id.description)) }
        }
        return labelled(lines)
    }
}
