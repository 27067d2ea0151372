import DevboxCore
import Glibc
import SystemPackage

/// A command for a target.
public struct TargetCommand {
    /// The command and its arguments.
    public var arguments: [String]
    /// Variables beside those that every command has there.
    public var environment: [String: String] = [:]
    /// The folder that it begins in; nil for root's home.
    public var directory: String?
    /// What it reads.
    public var input = Input.null
    /// Where its standard output goes.
    public var output = Output.inherit
    /// Where its standard error goes.
    public var error = Output.inherit
    /// How long it may take, from the moment that it is run; nil for as long as it wants.
    public var limit: Duration?
    /// Whether what it leaves running goes on when it has ended, in a guest that runs; else that ends with it, as it always does in a
    /// stopped one.
    public var leavesRunning = false
    /// Whether it has a terminal where devbox has one on both sides, and the command has both. What it leaves running hangs up with it.
    public var mayHaveTerminal = true

    /// What a command reads.
    public enum Input {
        /// What devbox reads.
        case inherit
        /// Nothing.
        case null
        /// An open file, pipe or socket; it stays the caller's.
        case descriptor(FileDescriptor)
        /// These bytes.
        case bytes([UInt8])
    }

    /// Where a stream of a command goes.
    public enum Output {
        /// Where devbox's own goes.
        case inherit
        /// Nowhere.
        case null
        /// An open file, pipe or socket; it stays the caller's.
        case descriptor(FileDescriptor)
        /// Into the result; more bytes than these are an error.
        case captured(limit: Int)
        /// To a closure, as it comes. It is called on another thread, and not after `run` has returned. After it has thrown, the command
        /// finds its output closed when it writes again.
        case stream((UnsafeRawBufferPointer) throws -> Void)
    }

    /// A command that reads nothing and writes where devbox does.
    ///
    /// - Parameters:
    ///   - arguments: the command and its arguments.
    ///   - limit: how long it may take.
    public init(_ arguments: [String], limit: Duration? = nil) {
        (self.arguments, self.limit) = (arguments, limit)
    }

    /// Whether it is to have a terminal.
    var wantsTerminal: Bool {
        guard mayHaveTerminal, case .inherit = input, case .inherit = output else { return false }
        return isatty(0) == 1 && isatty(1) == 1
    }
}
