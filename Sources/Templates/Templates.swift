import DevboxCore
import Glibc
import Mustache
import SystemPackage

/// The files that devbox writes into guests or hands to programs, as Mustache text that a user can override.
///
/// devbox's own are a part of the program. A file of the same name in the work directory's templates/, or in devbox/templates/
/// of the user's settings, takes the place of one.
public struct Templates: Sendable {
    /// Where a user's own are looked for; the first one found counts.
    private let folders: [FilePath]

    /// Templates as a work directory's user sees them: the work directory's own, the user's, then devbox's.
    ///
    /// - Parameter environment: for XDG_CONFIG_HOME; without it the process's.
    public init(_ work: WorkDirectory, environment: [String: String]? = nil) {
        let name = "XDG_CONFIG_HOME"
        let given = environment.map { $0[name] } ?? getenv(name).map { String(cString: $0) }
        // One that is empty or relative is to be passed over, says the XDG Base Directory Specification.
        let settings = given.flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "\(work.owner.home)/.config"
        self.init(overriddenBy: [work.templates, FilePath(settings).appending("devbox/templates")])
    }

    /// - Parameter folders: where a user's own are; those of the first folder come first.
    public init(overriddenBy folders: [FilePath]) { self.folders = folders }

    /// devbox's own, as they are.
    public static let builtIn = Templates(overriddenBy: [])

    /// The text of a template with its variables filled in.
    ///
    /// - Parameters:
    ///   - name: the file's name in templates/, such as "lxc.conf.mustache". In one that ends with .html.mustache the values are
    ///     escaped, so that they are text wherever HTML has text or the quoted value of an attribute; in all others they stand as
    ///     they are.
    ///   - values: what the text's `{{variables}}` stand for.
    /// - Throws: `badInput` where a user's own is no Mustache.
    public func render(_ name: String, _ values: [String: any Sendable] = [:]) throws -> String {
        let text = try self.text(name)
        let type = name.hasSuffix(".html.mustache") ? PageContent.name : "TEXT"
        func unusable(_ reason: String) -> Failure {
            Failure(
                .badInput, "the template \(name) cannot be used: \(reason)",
                hint: "`devbox templates \(name)` prints devbox's own")
        }
        if text.contains(#/\{\{\s*[><$]/#) {
            throw unusable("it has a partial ({{>), which devbox's templates have none of")
        }
        do {
            return try MustacheTemplate(string: "{{% CONTENT_TYPE:\(type)}}" + text).render(values)
        } catch let error as MustacheTemplate.ParserError {
            throw unusable("line \(error.context.lineNumber): \(Self.words(error.error))")
        } catch {
            throw unusable("\(error)")
        }
    }

    private static func words(_ error: any Error) -> String {
        switch error {
        case MustacheTemplate.Error.expectedSectionEnd: "a section is not closed"
        case MustacheTemplate.Error.sectionCloseNameIncorrect: "a section is closed that is not open"
        case MustacheTemplate.Error.unfinishedName: "a {{variable}} is not closed, or has no name"
        // What the parser's own reader says at the text's end.
        default: "\(error)" == "overflow" ? "it ends within a {{tag}}" : "\(error)"
        }
    }

    /// The text of a template as it stands in its file.
    ///
    /// - Parameter name: the file's name in templates/.
    public func text(_ name: String) throws -> String {
        if let file = override(of: name) { return try Files.text(file, limit: 1 << 20) }
        guard let text = BuiltIn.text(name) else {
            throw Failure(
                .notFound, "there is no template \(Names.printable(name))", hint: "`devbox templates` lists them")
        }
        return text
    }

    /// The file that a user has in the place of a template; nil where it is devbox's own.
    public func override(of name: String) -> FilePath? {
        folders.map { $0.appending(name) }.first(where: Files.exists)
    }

    /// The names of all templates, such as "image/etc/hosts", sorted. A user's folder may add some.
    ///
    /// - Parameter folder: only those below this folder of templates/.
    public func files(below folder: String? = nil) throws -> [String] {
        let prefix = folder.map { "\($0)/" } ?? ""
        var found = Set(BuiltIn.names.filter { $0.hasPrefix(prefix) })
        func walk(_ base: FilePath, _ relative: String) throws {
            for name in try Files.list(base.pushing(FilePath(relative))) {
                let path = relative + name
                if try Files.status(base.appending(path)).st_mode & S_IFMT == S_IFDIR {
                    try walk(base, path + "/")
                } else {
                    found.insert(path)
                }
            }
        }
        for base in folders { try walk(base, prefix) }
        return found.sorted()
    }
}
