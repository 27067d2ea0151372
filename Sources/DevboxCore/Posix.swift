import Glibc
import SystemPackage

/// Calls `body` until it is not interrupted by a signal, and throws errno as a `Failure` when it returns a negative number.
///
/// - Parameter doing: what is attempted, as in "open /etc/fstab".
@discardableResult
public func posix<Number: SignedInteger>(_ doing: @autoclosure () -> String, _ body: () -> Number) throws -> Number {
    while true {
        let result = body()
        if result >= 0 { return result }
        let number = errno
        if number == EINTR { continue }
        throw failure(doing(), Errno(rawValue: number))
    }
}

/// The `Failure` for an errno, with the exit code and the hint that fit it.
public func failure(_ doing: String, _ number: Errno) -> Failure {
    let message = "cannot \(doing): \(number.description.lowercasedFirst)"
    return switch number {
    case .noSuchFileOrDirectory: Failure(.notFound, message)
    case .fileExists: Failure(.exists, message)
    case .noSpace: Failure(.failure, message, hint: "free some space on that file system, and run the command again")
    case .permissionDenied, .notPermitted:
        Failure(.needsRoot, message, hint: geteuid() == 0 ? nil : "run the command as root, or make the file yours")
    default: Failure(.failure, message)
    }
}

extension String {
    /// The same text beginning with a small letter, to stand inside a sentence.
    public var lowercasedFirst: String { prefix(1).lowercased() + dropFirst() }
}

/// Whether this process runs as root.
public var isRoot: Bool { geteuid() == 0 }
