import DevboxCore

extension Release {
    /// The host's own release; nil where /etc/os-release cannot be read.
    public static let host: Release? = (try? Files.text("/etc/os-release", limit: 1 << 16)).map(
        Release.init(osRelease:))
}
