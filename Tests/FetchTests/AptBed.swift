import DevboxCore
import Foundation
import HostTools
import SystemPackage
import TestSupport
import Testing

@testable import Fetch

/// A signed apt repository of a test's own, of which each part can be as the test wants it.
final class AptBed {
    let bed: FetchBed
    private let key: TestKey
    var keyring: FilePath { key.keyring }
    var armoured: FilePath { key.armoured }

    init() throws {
        bed = try FetchBed()
        key = try TestKey(in: bed.scratch, name: "archive")
    }

    /// A date as Release files have them.
    static func date(_ seconds: TimeInterval = 0) -> String {
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(identifier: "UTC")
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'UTC'"
        return format.string(from: Date(timeIntervalSinceNow: seconds))
    }

    /// A paragraph of a package whose file lies in the pool.
    func package(
        _ name: String, architecture: String = "amd64", version: String = "1.0-1",
        function: ContentDigest.Function = .sha256
    ) throws -> String {
        let path = "pool/\(name)_\(version)_\(architecture).deb"
        let content = FetchBed.deb(UInt64(name.utf8.count))
        try bed.publish(path, content, sums: false)
        return """
            Package: \(name)
            Architecture: \(architecture)
            Version: \(version)
            Filename: \(path)
            Size: \(content.count)
            \(function.rawValue): \(try digest(path, function))


            """
    }

    /// Writes the indexes in all the forms that are wanted, and the InRelease that lists them.
    ///
    /// - Parameters:
    ///   - indexes: their texts by the folders that they are in: "main/binary-amd64".
    ///   - forms: the ends of the names of those that are there.
    ///   - listsPlain: whether the plain one is listed, which apt insists on even where it is not there.
    ///   - fields: more lines of the Release file.
    ///   - function: which digests the Release file has.
    ///   - isApart: whether its signature is in a file of its own.
    func publish(
        _ indexes: [String: String], suite: String = "bookworm", forms: [String] = [".xz", ".gz"],
        fields: [String] = [],
        listsPlain: Bool = true, date: String = AptBed.date(), function: ContentDigest.Function = .sha256,
        isApart: Bool = false
    ) throws {
        var release = (["Suite: \(suite)", "Date: \(date)"] + fields + ["\(function.rawValue):\n"])
            .joined(separator: "\n")
        for (folder, text) in indexes {
            let plain = "dists/\(suite)/\(folder)/Packages"
            try bed.publish(plain, Array(text.utf8), sums: false)
            for form in forms where !form.isEmpty {
                let programs = [".xz": "xz", ".gz": "gzip", ".bz2": "bzip2"]
                let target = bed.root.pushing(FilePath(plain + form))
                if let program = programs[form] {
                    try tool(program, "-kf", bed.root.pushing(FilePath(plain)).string)
                } else {
                    try Files.writeAtomically(Array("?".utf8), to: target, mode: 0o644)
                }
            }
            for form in Set(forms + (listsPlain ? [""] : [])).sorted() {
                let size = try Files.status(bed.root.pushing(FilePath(plain + form))).st_size
                release += " \(try digest(plain + form, function)) \(size) \(folder)/Packages\(form)\n"
            }
            if !forms.contains("") { try Files.remove(bed.root.pushing(FilePath(plain))) }
        }
        guard isApart else {
            return try bed.publish(
                "dists/\(suite)/InRelease", try key.clearSign(release, in: bed.scratch), sums: false)
        }
        try bed.publish("dists/\(suite)/Release", Array(release.utf8), sums: false)
        try key.sign(bed.root.pushing(FilePath("dists/\(suite)/Release")), armoured: false)
    }

    func digest(_ path: String, _ function: ContentDigest.Function = .sha256) throws -> String {
        let file = bed.root.pushing(FilePath(path))
        return try function == .sha256 ? SHA256Digest(of: file).description : SHA512Digest(of: file).description
    }

    /// devbox.yaml with the repository in it.
    func settings(_ root: String? = nil, components: String = "main") throws {
        try bed.settings(
            """
            sources:
              kernels:
                kind: apt
                root: \(root ?? bed.root.string)
                suite: bookworm
                components: [\(components)]
                keyring: \(key.armoured)

            """)
    }

    func find(_ package: String = "linux", fetcher: Fetcher? = nil, suite: String? = nil) throws -> [Build] {
        var query = BuildQuery(package: package, architecture: .amd64)
        query.suite = suite
        return try (fetcher ?? bed.fetcher()).find(query)
    }

    /// What lies in cache/indexes.
    func kept() throws -> [String] { try Files.list(bed.work.cache.appending("indexes")) }

    func update(_ environment: [String: String]) throws {
        let output = try runner.run(Command(AptGet.program, ["update"], environment: environment), limit: .seconds(60))
        let complaints = String(decoding: output.errorBytes, as: UTF8.self)
        #expect(!output.text.contains("Err:") && !complaints.contains("Skipping"), "\(output.text) \(complaints)")
    }
}
