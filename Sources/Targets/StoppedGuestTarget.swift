import DevboxCore
import Guests

/// A target whose commands run in sandboxes on a stopped guest's disk.
public protocol StoppedGuestTarget: Target {
    /// Where the guest's files are.
    var files: GuestFiles { get }
}

extension StoppedGuestTarget {
    /// The guest's name.
    public var name: String { files.name }

    /// There is nothing to restart.
    ///
    /// - Throws: `usage`.
    public func reboot(within limit: Duration) throws {
        throw Failure(.usage, "the guest \(name) is not running", hint: "`devbox start \(name)` starts it")
    }

    /// What its console has printed since it was last started.
    public func console() throws -> String { try ConsoleTail.log(files) }

    /// Between commands no kernel runs of which there is something to hear.
    public func kernelEvents() throws -> KernelEvents { KernelEvents() }
}
