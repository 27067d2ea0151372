extension Templates {
    /// The words that run a shell script of templates/ in a guest or a container: its text and its arguments, never one in the other.
    ///
    /// - Parameters:
    ///   - name: the file's name in templates/, such as "dumps/list.sh".
    ///   - arguments: `$1` and those that follow.
    public func shell(_ name: String, _ arguments: [String] = []) throws -> [String] {
        ["/bin/sh", "-c", try script(name), "sh"] + arguments
    }

    /// The text of a shell script as sh(1) gets it after `-c`: without the comment that it begins with, which would be a part of
    /// every command line that `-v` shows.
    ///
    /// - Parameter name: the file's name in templates/.
    public func script(_ name: String) throws -> String {
        var lines = try text(name).split(separator: "\n", omittingEmptySubsequences: false).drop { $0.hasPrefix("#") }
        while lines.last?.isEmpty == true { lines.removeLast() }
        return lines.joined(separator: "\n")
    }
}
