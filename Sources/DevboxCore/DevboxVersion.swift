/// The version of this devbox, in one place: `devbox --version` and the manual pages read it here.
public enum DevboxVersion {
    /// Major, minor and patch as https://semver.org has them: what CHANGELOG.md lists.
    public static let current = "0.2.0"
}
