import Glibc

/// The kernel that devbox itself runs on.
public enum HostKernel {
    /// `uname -r`
    public static var release: String {
        var name = utsname()
        uname(&name)
        return withUnsafeBytes(of: name.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
