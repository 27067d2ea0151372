import DevboxCore
import Glibc
import Guests
import HostTools
import SystemPackage
import Templates

/// A command that runs in a running guest: brought there by ssh or by lxc-attach, and run by `templates/target/run.sh`.
protocol AttachedCommand: AnyObject {
    /// Waits for the command up to a time, or until something else can be read; nil when that has come first.
    ///
    /// - Returns: the command's own status.
    /// - Throws: `environment`, where the command was not begun, or what brought it there broke off.
    func wait(until deadline: ContinuousClock.Instant?, orReadable other: Int32) throws -> Int32?

    /// Ends the command and what it started.
    ///
    /// - Parameter answers: whether the guest may still do what it is told.
    func end(answers: Bool)
}

extension TargetCommand {
    /// The words that run it in a guest that runs.
    ///
    /// - Parameters:
    ///   - mark: a text that nothing else has.
    ///   - options: those of run.sh that depend on the way there.
    func words(mark: String, _ options: [String], _ templates: Templates) throws -> [String] {
        try templates.shell("target/run.sh", arguments(mark: mark, options, templates))
    }

    /// The arguments of run.sh in them.
    func arguments(mark: String, _ options: [String], _ templates: Templates) throws -> [String] {
        var options = options
        if wantsTerminal { options.append("terminal") }
        if leavesRunning { options.append("stay") }
        var words = arguments
        if !environment.isEmpty || directory != nil {
            let variables = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            words = try templates.shell("target/enter.sh", [directory ?? "", "\(variables.count)"] + variables + words)
        }
        return [mark, options.joined(separator: " ")] + words
    }

    /// A text that nothing else has.
    static func newMark() -> String {
        (0..<2).map { _ in
            let digits = String(UInt64.random(in: .min ... .max), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
