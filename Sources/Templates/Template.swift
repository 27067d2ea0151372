import DevboxCore
import Glibc
import Mustache
import SystemPackage

/// The files that devbox writes into guests or hands to programs, as Mustache text that a user can override.
public struct Templates: Sendable {
    private let folders: [FilePath]

    /// Templates as a work directory's user sees them: the work directory's own, the user's, then the installed ones.
    public init(work: WorkDirectory, environment: [String: String]) {
        let settings =
            environment["XDG_CONFIG_HOME"].map { FilePath($0) } ?? FilePath(work.owner.home).appending(".config")
        folders = [work.templates, settings.appending("devbox/templates")] + [Self.installed].compactMap { $0 }
    }

    /// For tests: the templates of one folder.
    public init(folder: FilePath) { folders = [folder] }

    /// The folder of the installed templates: share/devbox/templates beside bin/devbox, or the checkout's that devbox was
    /// built in.
    public static let installed: FilePath? = {
        guard var folder = Files.executable?.removingLastComponent() else { return nil }
        let beside = folder.removingLastComponent().appending("share/devbox/templates")
        if Files.exists(beside) { return beside }
        while folder.length > 1 {
            if Files.exists(folder.appending("Package.swift")) { return folder.appending("templates") }
            folder.removeLastComponent()
        }
        return nil
    }()

    /// The text of a template with its variables filled in.
    ///
    /// - Parameters:
    ///   - name: the file's name in templates/, such as "lxc.conf.mustache".
    ///   - values: what the text's `{{variables}}` stand for.
    public func render(_ name: String, _ values: [String: any Sendable] = [:]) throws -> String {
        let text = try self.text(name)
        do {
            // What devbox writes is no HTML: nothing is to be escaped.
            return try MustacheTemplate(string: "{{% CONTENT_TYPE:TEXT}}" + text).render(values)
        } catch {
            throw Failure(
                .badInput, "the template \(name) cannot be used: \(error)",
                hint: "devbox's own is in templates/ of its sources")
        }
    }

    /// The text of a template as it stands in its file.
    public func text(_ name: String) throws -> String {
        guard let file = folders.map({ $0.appending(name) }).first(where: Files.exists) else {
            throw Failure(
                .missing, "the template \(name) is in none of \(folders.map(\.string).joined(separator: ", "))",
                hint: "install devbox with `make install`, or run it from its checkout")
        }
        return try Files.text(file, limit: 1 << 20)
    }

    /// The names of all templates below a folder of templates/, such as "image/etc/hosts", sorted. A user's folder may add some.
    public func files(below folder: String) throws -> [String] {
        var found: Set<String> = []
        func walk(_ base: FilePath, _ relative: String) throws {
            for name in try Files.list(base.appending(relative)) {
                let path = "\(relative)/\(name)"
                if try Files.status(base.appending(path)).st_mode & S_IFMT == S_IFDIR {
                    try walk(base, path)
                } else {
                    found.insert(path)
                }
            }
        }
        for base in folders { try walk(base, folder) }
        return found.sorted()
    }
}
