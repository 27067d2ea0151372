import DevboxCore
import Glibc
import HostTools
import SystemPackage

/// Runs programs quietly.
package let runner: Runner = {
    // As devbox itself does: a program that reads no further is not the end of the process that writes to it.
    signal(SIGPIPE, SIG_IGN)
    return Runner(console: Console(level: .quiet, environment: [:]))
}()

/// Runs a program of the host; a missing one, and another status than 0, is an error and so a failed test.
@discardableResult
package func tool(_ name: String, _ arguments: String..., input: String = "") throws -> String {
    try runner.run(Command(Program(name, package: "?", for: "tests"), arguments), input: Array(input.utf8)).text
}

/// How a program of the host ended, and what it wrote.
package func attempt(_ name: String, _ arguments: String..., input: String = "") throws -> Runner.Output {
    try runner.attempt(Command(Program(name, package: "?", for: "tests"), arguments), input: Array(input.utf8))
}

/// The devbox that was built with these tests.
package enum Devbox {
    /// It lies beside the test bundle.
    package static let program: Program = {
        let resolved = realpath("/proc/self/exe", nil)
        defer { free(resolved) }
        let bundle = resolved.map { FilePath(platformString: $0) } ?? "/"
        let beside = bundle.removingLastComponent().appending("devbox")
        let built = FilePath(#filePath).removingLastComponent().pushing("../../.build/debug/devbox")
            .lexicallyNormalized()
        return Program((Files.exists(beside) ? beside : built).string, package: "devbox", for: "tests")
    }()

    /// Runs it on a work directory.
    package static func run(_ arguments: String..., work: FilePath, environment: [String: String] = [:]) throws
        -> Runner.Output
    {
        let variables = environment.merging(["DEVBOX_WORK": work.string]) { $1 }
        return try runner.attempt(Command(program, arguments, environment: variables), limit: .seconds(60))
    }
}

/// The error that `body` throws, as the user would read it; nil where it throws none.
package func reported(_ body: () throws -> Void) -> (any ReportableError)? {
    do {
        try body()
        return nil
    } catch {
        return error as? any ReportableError ?? Failure(.failure, "not a reportable error: \(error)")
    }
}
