import DevboxCore
import HostTools
import Packages
import SystemPackage
import Templates

/// Gets what packages depend on and a guest does not have from the guest's own apt sources, by the host's apt-get.
struct DependencyDownload {
    private let work: WorkDirectory
    private let runner: Runner
    private let limit: Duration
    /// The guest's name.
    let guest: String
    /// The guest's.
    let architecture: Architecture
    /// The guest's dpkg status file.
    let status: [UInt8]

    /// For one guest.
    ///
    /// - Parameter limit: how long each run of apt-get may take.
    init(
        _ work: WorkDirectory, runner: Runner, limit: Duration, guest: String, architecture: Architecture,
        status: [UInt8]
    ) {
        (self.work, self.runner, self.limit) = (work, runner, limit)
        (self.guest, self.architecture, self.status) = (guest, architecture, status)
    }

    /// A line that apt-get prints of a package that it would fetch.
    struct Item: Equatable {
        /// The file that it would make.
        let name: String
        /// In bytes.
        let size: Int64
        let digest: SHA256Digest

        /// Of "'ADDRESS' NAME SIZE SHA256:DIGEST"; nil for any other line, and for one whose name leads elsewhere.
        init?(_ line: some StringProtocol) {
            let words = line.split(separator: " ")
            guard words.count == 4, words[0].hasPrefix("'http"), words[3].hasPrefix("SHA256:"),
                words[1].hasSuffix(".deb"), AptText.isFileName(String(words[1])), let size = Int64(words[2]),
                let digest = SHA256Digest(words[3].dropFirst("SHA256:".count))
            else { return nil }
            (name, self.size, self.digest) = (String(words[1]), size, digest)
        }
    }

    /// What is to be installed with what it needs; the same alone where nothing is missing.
    ///
    /// - Parameters:
    ///   - files: the packages that are to be installed.
    ///   - installed: those that the guest has.
    ///   - sources: called where something is missing.
    /// - Throws: `failure` where the sources do not have it, are not signed, or cannot be reached.
    func complete(
        _ files: [PackageFile], in installed: PackageSet, from sources: () throws -> GuestAptSources
    ) throws -> CompletedPackages {
        let unmet = installed.unmet(files.map(\.package))
        if unmet.isEmpty { return CompletedPackages(wanted: files) }
        let more = try download(sources(), for: files, unmet: unmet)
        if let double = more.first(where: { one in files.contains { $0.package.name == one.package.name } }) {
            throw Failure(
                .failure, "\(double.package.name) \(double.package.version) would be needed in place of the one given")
        }
        return CompletedPackages(wanted: files, downloaded: more)
    }

    private func download(_ sources: GuestAptSources, for files: [PackageFile], unmet: [UnmetDependency]) throws
        -> [PackageFile]
    {
        let lock = try FileLock(
            work.lock(.aptTrees), of: "the cache of package lists", for: "--download-dependencies",
            patience: .seconds(300)
        ) { runner.console.say($0) }
        defer { _ = lock.descriptor }
        let tree = try AptTree(
            work, sources, architecture: architecture,
            settings: AptTree.hostSettings(try runner.run(AptConfig.dump).text),
            templates: Templates(work))
        let text = try AptStatus.text(status, with: files.map(\.package.control), name: "the status of \(guest)'s dpkg")
        try tree.write(status: text, wanted: files)
        for reason in tree.skipped { runner.console.detail("not used: \(reason)") }

        var items = tree.isFresh ? try resolve(in: tree) : nil
        var complaints: [String] = []
        if items == nil {
            complaints = try update(tree)
            items = try resolve(in: tree)
        }
        guard let items else { throw try missing(unmet, complaints, in: tree) }
        return try fetch(items, in: tree)
    }

    /// What is to be fetched; nil where the lists do not have it.
    private func resolve(in tree: AptTree) throws -> [Item]? {
        let output = try ask(AptGet.missing(tree.configuration, archives: tree.nothing), in: tree)
        guard output.status.isSuccess else { return nil }
        let lines = output.text.split(separator: "\n")
        let items = lines.compactMap { Item($0) }
        if let strange = lines.first(where: { Item($0) == nil }) {
            throw Failure(.failure, "apt-get would fetch what devbox cannot check: \(Names.printable(strange))")
        }
        return items.isEmpty ? nil : items
    }

    /// Fetches the lists.
    ///
    /// - Returns: what apt-get complained of; lists that it got all the same are signed and of use.
    private func update(_ tree: AptTree) throws -> [String] {
        runner.console.say("\(guest): fetching the lists of its package sources")
        let output = try ask(AptGet.update(tree.configuration), in: tree)
        if output.status.isSuccess {
            try tree.noteFresh()
            return []
        }
        return Self.complaints(output)
    }

    private func fetch(_ items: [Item], in tree: AptTree) throws -> [PackageFile] {
        let total = items.reduce(Int64(0)) { $0 + max($1.size, 0) }
        runner.console.say(
            "\(guest): fetching \(items.count == 1 ? "a package" : "\(items.count) packages") that it needs (\(ByteSize.text(total)))"
        )
        let output = try ask(AptGet.download(tree.configuration), in: tree)
        guard output.status.isSuccess else {
            let complaints = Self.complaints(output)
            let isTransient = complaints.contains { ToolReason($0).isTransient }
            throw Failure(
                isTransient ? .busy : .failure,
                "the packages that \(guest) needs could not be fetched; nothing was changed"
                    + complaints.map { "\n  \($0)" }.joined(),
                hint: complaints.lazy.compactMap { ToolReason($0).advice }.first)
        }
        return try items.map { item in
            let file = try PackageFile(tree.archives.appending(item.name))
            guard file.digest == item.digest else {
                throw Failure(.badInput, "\(item.name) is not what the signed lists of \(guest)'s sources say")
            }
            return file
        }
    }

    private func ask(_ command: Command, in tree: AptTree) throws -> Runner.Output {
        let output = try runner.attempt(tree.run(command), limit: limit)
        for line in String(decoding: output.errorBytes, as: UTF8.self).split(separator: "\n") {
            runner.console.detail(Names.printable(line))
        }
        return output
    }

    /// Why there is no way: what is missing, and what apt says of it.
    private func missing(_ unmet: [UnmetDependency], _ complaints: [String], in tree: AptTree) throws -> Failure {
        let names = unmet.filter { $0.kind == .depends }.compactMap(\.dependency.alternatives.first?.name)
        var reasons = complaints + tree.skipped
        if !names.isEmpty {
            let output = try ask(AptGet.explain(tree.configuration, Array(Set(names).sorted().prefix(50))), in: tree)
            reasons += Self.reasons(output)
        }
        let needed = unmet.prefix(12).map { "\n\(Names.printable($0.package)) \($0)" }.joined()
        let isTransient = complaints.contains { ToolReason($0).isTransient }
        return Failure(
            isTransient ? .busy : .failure,
            "the apt sources of \(guest) do not give what is missing; nothing was changed\(needed)"
                + reasons.prefix(12).map { "\n  \($0)" }.joined(),
            hint: complaints.isEmpty
                ? "name the missing packages too" : complaints.lazy.compactMap { ToolReason($0).advice }.first)
    }

    /// Errors and warnings, each once.
    static func complaints(_ output: Runner.Output) -> [String] {
        var lines: [String] = []
        for line in String(decoding: output.errorBytes, as: UTF8.self).split(separator: "\n")
        where line.hasPrefix("E: ") || line.hasPrefix("W: ") {
            let text = Names.printable(line.dropFirst(3))
            let isGeneral = ["Some index files failed", "Unmet dependencies. Try", "Packages need to be removed"]
                .contains { text.hasPrefix($0) }
            if !isGeneral, !lines.contains(text) { lines.append(text) }
        }
        return lines
    }

    /// What apt-get says of packages that cannot be installed.
    private static func reasons(_ output: Runner.Output) -> [String] {
        let lines = output.text.split(separator: "\n")
        let unmet = lines.drop { !$0.hasPrefix("The following packages have unmet dependencies") }.dropFirst()
            .prefix { $0.hasPrefix(" ") }.map { Names.printable($0.drop(while: \.isWhitespace)) }
        return unmet + complaints(output)
    }
}
