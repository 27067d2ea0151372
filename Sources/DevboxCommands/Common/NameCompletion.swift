import ArgumentParser
import DevboxCore
import Guests
import HostTools
import Images

/// Names that the shell completes from the work directory.
enum NameCompletion {
    static let guests = CompletionKind.custom { words, _, _ in names(words) { try GuestStore($0).names() } }
    static let images = CompletionKind.custom { words, _, _ in names(words) { try ImageStore($0).names() } }
    static let sources = CompletionKind.custom { words, _, _ in
        names(words) { try ImageStore($0).names() + GuestStore($0).names() }
    }

    private static func names(_ words: [String], _ list: (WorkDirectory) throws -> [String]) -> [String] {
        let environment = Command.inheritedEnvironment
        // A shell that completes shows no errors, and must not make a work directory.
        let work = try? WorkDirectory(
            given: workDirectory(in: words, home: environment["HOME"]), environment: environment, mayMake: false)
        return work.flatMap { try? list($0) } ?? []
    }

    /// The work directory that a command line names, whose last word may be half typed.
    ///
    /// - Parameters:
    ///   - words: as the shell has them, nothing expanded.
    ///   - home: what `~/` stands for.
    static func workDirectory(in words: [String], home: String?) -> String? {
        var given: String?
        for (place, word) in words.prefix(while: { $0 != "--" }).enumerated() {
            if word == "--work", place + 1 < words.count { given = words[place + 1] }
            if word.hasPrefix("--work=") { given = String(word.dropFirst(7)) }
        }
        guard let given, let home, given.hasPrefix("~/") else { return given }
        return home + given.dropFirst()
    }
}
