import DevboxCore
import Glibc
import SystemPackage

/// A new directory of a test's own, which goes away with the value. Keep it in a property of the suite.
package final class ScratchDirectory: Sendable {
    /// Its absolute path, without links.
    package let path: FilePath

    /// Makes it under TMPDIR, else /tmp.
    package init() throws {
        let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(base)/devbox-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil, let resolved = realpath(template, nil) else {
            throw failure("make a scratch directory in \(base)", Errno(rawValue: errno))
        }
        defer { free(resolved) }
        path = FilePath(platformString: resolved)
    }

    deinit { try? Files.removeTree(path) }

    /// A path in it.
    package func callAsFunction(_ name: String) -> FilePath { path.pushing(FilePath(name)) }

    /// Writes a file in it, with the directories above it.
    @discardableResult
    package func write(_ text: String, to name: String) throws -> FilePath {
        let file = self(name)
        if name.contains("/") { try Files.makeDirectory(file.removingLastComponent()) }
        let descriptor = try FileDescriptor.open(
            file, .writeOnly, options: [.create, .truncate], permissions: .init(rawValue: 0o644))
        try descriptor.closeAfter {
            try descriptor.writeAll(text.utf8)
            // Whatever the umask is.
            fchmod(descriptor.rawValue, 0o644)
        }
        return file
    }
}
