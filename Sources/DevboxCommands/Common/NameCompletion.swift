import ArgumentParser
import DevboxCore
import Guests
import HostTools
import Images

/// Names that the shell completes from the work directory.
enum NameCompletion {
    static let guests = CompletionKind.custom { _, _, _ in names { try GuestStore($0).names() } }
    static let images = CompletionKind.custom { _, _, _ in names { try ImageStore($0).names() } }
    static let sources = CompletionKind.custom { _, _, _ in
        names { try ImageStore($0).names() + GuestStore($0).names() }
    }

    private static func names(_ list: (WorkDirectory) throws -> [String]) -> [String] {
        // A shell that completes shows no errors, and must not make a work directory.
        let work = try? WorkDirectory(given: nil, environment: Command.inheritedEnvironment, mayMake: false)
        return work.flatMap { try? list($0) } ?? []
    }
}
