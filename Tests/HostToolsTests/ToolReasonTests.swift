import DevboxCore
import HostTools
import TestSupport
import Testing

private func shell(_ text: String) -> Command { Command(Program("sh", package: "dash", for: "tests"), ["-c", text]) }

@Suite("Why a program failed")
struct ToolReasonTests {
    private static let end =
        "E: Some index files failed to download. They have been ignored, or old ones used instead.\n"
        + "E: apt-get update --error-on=any -oAPT::Status-Fd=<$fd> -oDpkg::Use-Pty=false failed\n"
        + "I: main() received signal PIPE: waiting for setup...\nE: mmdebstrap failed to run\n"

    @Test(
        "apt's first error is the reason, and not that mmdebstrap failed",
        arguments: [
            (
                "E: Failed to fetch http://m/dists/x/InRelease  File has unexpected size (5 != 6). Mirror sync in progress? [IP: ::1 80]",
                true
            ),
            ("E: Failed to fetch http://m/pool/a.deb  Hash Sum mismatch", true),
            ("E: Failed to fetch http://m/dists/x/InRelease  Could not resolve 'm'", false),
            ("E: Failed to fetch http://m/pool/a.deb  503  Connection closed, check DlMaxRetries [IP: ::1 3142]", true),
            ("E: Failed to fetch http://m/pool/a.deb  502  Connection closed [IP: ::1 3142]", true),
            ("E: Failed to fetch http://m/pool/a.deb  503  Service Temporarily Unavailable [IP: ::1 80]", true),
            ("E: Failed to fetch http://m/pool/a.deb  500  Internal Server Error [IP: ::1 80]", true),
            ("E: Failed to fetch http://m/pool/a.deb  404  Not Found [IP: ::1 80]", false),
            ("E: Failed to fetch http://m/pool/a.deb  403  Forbidden [IP: ::1 80]", false),
            ("E: Failed to fetch http://m/pool/503/a.deb  Connection failed [IP: ::1 80]", true),
            ("E: Unable to locate package nonesuch", false),
            ("W: Failed to fetch http://m/dists/x/InRelease  Temporary failure resolving 'm'", true),
        ])
    func apt(line: String, isTransient: Bool) {
        let reason = ToolReason(
            "I: running apt-get update...\nErr:1 http://m x InRelease\n\(line)\nE: another\n\(Self.end)")
        #expect(reason.line == line && reason.isMarked && reason.isTransient == isTransient)
        #expect(reason.words == line.dropFirst(3))
    }

    @Test(
        "lines that say only that something failed are not the reason",
        arguments: [
            (
                "tar: x: Cannot open: No such file\ntar: Exiting with failure status due to previous errors\n",
                "tar: x: Cannot open: No such file"
            ),
            (
                "mount: /mnt: wrong fs type.\n       dmesg(1) may have more information after failed mount system call.\n",
                "mount: /mnt: wrong fs type."
            ),
            (
                "dpkg: error processing package x (--configure):\n installed script failed\nErrors were encountered while processing:\n x\n",
                "dpkg: error processing package x (--configure):"
            ),
            (
                "root: UNEXPECTED INCONSISTENCY; RUN fsck MANUALLY.\n\t(i.e., without -a or -p options)\n",
                "root: UNEXPECTED INCONSISTENCY; RUN fsck MANUALLY."
            ),
            ("first\nthe last\n\n", "the last"), ("x: error: why\nx: gave up\n", "x: error: why"),
            ("E: other\ncp: No space left on device\nE: mmdebstrap failed to run", "cp: No space left on device"),
            ("E: mmdebstrap failed to run\n", "E: mmdebstrap failed to run"), ("", ""),
        ])
    func reasons(text: String, line: String) { #expect(ToolReason(text).line == line) }

    @Test(
        "why a signature or the time of a release does not count is the reason, with what to do",
        arguments: [
            (
                "W: GPG error: http://m x InRelease: The following signatures couldn't be verified because the public key is not available: NO_PUBKEY 1534A8D51A227E42\nE: The repository 'http://m x InRelease' is not signed.",
                "NO_PUBKEY 1534A8D51A227E42", "archive-keyring"
            ),
            (
                "W: OpenPGP signature verification failed: http://m x InRelease: Missing key 1534\nE: The repository 'http://m x InRelease' is not signed.",
                "Missing key 1534", "archive-keyring"
            ),
            ("E: The repository 'http://m x Release' is not signed.", "is not signed.", "archive-keyring"),
            (
                "E: Release file for http://m/dists/x/InRelease is not valid yet (invalid for another 7h 39min 41s). Updates for this repository will not be applied.",
                "is not valid yet", "clock"
            ),
            (
                "E: Release file for http://m/dists/x/InRelease is expired (invalid since 3d 22h 16min 38s). Updates for this repository will not be applied.",
                "is expired", "not kept up"
            ),
        ])
    func trust(text: String, line: String, advice: String) {
        let reason = ToolReason("Get:1 http://m x InRelease\n\(text)\n\(Self.end)")
        #expect(reason.line.contains(line) && reason.advice?.contains(advice) == true && !reason.isTransient)
        let error = HostToolError.failed(Program("x", package: "x", for: "x"), .exited(25), complaint: reason.words)
        #expect(error.hint == reason.advice && error.exitCode == .failure)
    }

    @Test("a program that failed for what passes ends devbox with 75 and a hint, any other with 1")
    func status() {
        func failure(_ line: String) -> (any ReportableError)? {
            reported { try runner.run(shell("echo 'E: \(line)' >&2; echo 'E: mmdebstrap failed to run' >&2; exit 25")) }
        }
        let passing = failure("Failed to fetch x  Temporary failure resolving y")
        #expect(passing?.exitCode == .busy && passing?.hint?.contains("try again") == true)
        #expect(passing?.message.hasSuffix("Temporary failure resolving y") == true)
        #expect(failure("Unable to locate package x")?.exitCode == .failure)
    }
}
