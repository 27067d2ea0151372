/// Why a program failed, out of what it wrote: what it says last is often no more than that something failed before.
public struct ToolReason: Sendable, Equatable {
    /// The line that says it; empty where the program wrote nothing.
    public let line: String
    /// Whether the program marks it as an error, and it is not only its last line.
    public let isMarked: Bool

    /// - Parameter text: what it wrote, to standard error for the most part.
    public init(_ text: some StringProtocol) {
        let all = String(text).split(whereSeparator: \.isNewline).filter { !$0.allSatisfy(\.isWhitespace) }
        let lines = all.filter { !Self.saysNothing($0) }
        let apt = lines.first { $0.hasPrefix("E: ") }
        // "is not signed" is what comes of a signature that cannot be checked; the warning before it says why.
        let signature =
            apt?.hasSuffix(" is not signed.") == true
            ? lines.first { $0.hasPrefix("W: ") && Self.concernsSignature($0) } : nil
        let transient = lines.first { ($0.hasPrefix("W: ") || $0.hasPrefix("E: ")) && Self.isTransient($0) }
        let marked =
            lines.last { $0.contains("No space left") }
            // A list that could not be fetched is a warning where apt goes on, and what fails then is what comes of it.
            ?? (apt.map { Self.isTransient($0) } == true ? apt : transient ?? signature ?? apt)
            ?? lines.first { line in Self.marks.contains { line.contains($0) } && !line.contains("warning:") }
        line = String(marked ?? lines.last ?? all.last ?? "")
        isMarked = marked != nil
    }

    /// The line without apt's mark in front.
    public var words: String { line.hasPrefix("E: ") || line.hasPrefix("W: ") ? String(line.dropFirst(3)) : line }

    /// Whether trying again helps, by itself or after a while.
    public var isTransient: Bool { Self.isTransient(line) }

    /// What to do about it: a hint; nil where nothing is known.
    public var advice: String? {
        if isTransient {
            return "try again in a while: what it needs is being changed, or cannot be reached for the moment"
        }
        if line.contains("Release file for ") {
            if line.contains(" is not valid yet") { return "the clock of this machine is wrong, or the archive's" }
            if line.contains(" is expired") {
                return
                    "the archive is not kept up any more, or the clock of this machine is wrong: another archive may have it"
            }
        }
        if Self.concernsSignature(line) || line.hasSuffix(" is not signed.") {
            return
                "apt does not trust the key here: install the archive's keyring (debian-archive-keyring, ubuntu-keyring), or put its key into /etc/apt/trusted.gpg.d"
        }
        return nil
    }

    /// Whether apt says with it that a signature cannot be checked, or is none.
    private static func concernsSignature(_ line: some StringProtocol) -> Bool {
        ["GPG error: ", "OpenPGP signature verification failed: ", "NO_PUBKEY "].contains { line.contains($0) }
    }

    private static let marks = ["error:", "Error:", "ERROR", "error processing", "fatal:", "FATAL"]

    /// Lines that say that something failed, and not what: apt's, mmdebstrap's, dpkg's, tar's, mount's, e2fsck's.
    private static func saysNothing(_ line: Substring) -> Bool {
        let beginnings = [
            "E: mmdebstrap failed", "E: setup failed", "E: Some index files failed", "E: Sub-process ",
            "Errors were encountered while processing", "tar: Exiting with failure status",
            "tar: Error is not recoverable",
        ]
        return beginnings.contains { line.hasPrefix($0) }
            || line.hasPrefix("E: apt-get ") && line.hasSuffix(" failed")
            || line.contains("dmesg(1) may have more information")
            || line.contains("(i.e., without -a or -p options)")
    }

    /// What apt and dpkg say where a mirror is being changed, a name server or a server is busy, or another one is at work.
    private static func isTransient(_ line: some StringProtocol) -> Bool {
        let words = [
            "Mirror sync in progress", "File has unexpected size", "Hash Sum mismatch", "Temporary failure resolving",
            "Temporary failure in name resolution", "Connection timed out", "connection timed out",
            "Connection reset by peer", "Could not get lock", "Unable to acquire the dpkg frontend lock",
            "Connection failed", "Remote end closed connection",
        ]
        return words.contains { line.contains($0) } || status(line).map(transientStatuses.contains) == true
    }

    /// Those of HTTP that say that the server, or a proxy in front of it, could not just now.
    private static let transientStatuses: Set<Int> = [408, 429, 500, 502, 503, 504]

    /// What a server answered, in "Failed to fetch ADDRESS  503  Service Unavailable": each proxy has words of its own behind it.
    private static func status(_ line: some StringProtocol) -> Int? {
        guard let start = line.firstRange(of: "Failed to fetch ") else { return nil }
        let rest = line[start.upperBound...].drop { $0 != " " }
        let digits = rest.drop { $0 == " " }.prefix { $0 != " " }
        return digits.utf8.count == 3 ? Int(digits) : nil
    }
}
