import DevboxCore
@testable import Sandbox
import HostTools
import SystemPackage
import TestSupport
import Testing

@Suite("The export of a disk", .timeLimit(.minutes(10)))
struct DiskExportTests {
    private let scratch: ScratchDirectory
    init() throws { scratch = try ScratchDirectory() }

    /// A program that behaves as a storage daemon does at its end: its file is there until it is asked to end and has done `last`.
    private func daemon(_ last: String) throws -> ChildProcess {
        let file = scratch("storage.pid")
        let script = "trap 'sleep 0.3; \(last); exit' TERM; echo $$ > \(file); while :; do sleep 0.02; done"
        let child = try ChildProcess(Command(Program("sh", package: "dash", for: "tests"), ["-c", script]))
        let deadline = ContinuousClock.now + .seconds(20)
        while !Files.exists(file), .now < deadline { Interrupts.sleep(.milliseconds(5)) }
        return child
    }

    @Test("signals do not keep it from waiting until the daemon has written all that it holds")
    func signals() throws {
        var child = try daemon("rm \(scratch("storage.pid"))")
        let export = try DiskExport(pid: child.pid, pidFile: scratch("storage.pid"))
        try underSignals { try export.close() }
        #expect(try child.wait() == .exited(0))
    }

    @Test("a daemon that waits for a slow disk is waited for; one that does nothing is not")
    func slow() throws {
        // What has called vfork(2) waits as for a disk, until its child is gone.
        let source = try scratch.write(
            """
            #define _GNU_SOURCE
            #include <signal.h>
            #include <stdio.h>
            #include <unistd.h>
            int main(int count, char **words) {
                sigset_t set; int number;
                sigemptyset(&set); sigaddset(&set, SIGTERM); sigprocmask(SIG_BLOCK, &set, 0);
                FILE *file = fopen(words[1], "w"); fprintf(file, "%d\\n", getpid()); fclose(file);
                sigwait(&set, &number);
                if (count > 2) for (;;) pause();
                if (vfork() == 0) { sleep(3); _exit(0); }
                unlink(words[1]);
            }
            """, to: "slow.c")
        try tool("gcc", "-o", scratch("slow").string, source.string)
        for isStuck in [false, true] {
            let file = scratch("storage.pid")
            var child = try ChildProcess(
                Command(
                    Program(scratch("slow").string, package: "gcc", for: "tests"),
                    [file.string] + (isStuck ? ["stuck"] : [])))
            let deadline = ContinuousClock.now + .seconds(20)
            while !Files.exists(file), .now < deadline { Interrupts.sleep(.milliseconds(5)) }
            let export = try DiskExport(pid: child.pid, pidFile: file)
            let error = reported { try export.close(patience: .seconds(1)) }
            #expect(error?.message.contains("did not write the disk within") == (isStuck ? true : nil))
            if isStuck { child.end() } else { #expect(try child.wait() == .exited(0)) }
        }
    }

    @Test("a daemon that ends without a word of having written is an error")
    func crashed() throws {
        let child = try daemon("true")
        let export = try DiskExport(pid: child.pid, pidFile: scratch("storage.pid"))
        #expect(
            reported { try export.close() }?.message == "the storage daemon ended without writing the disk")
    }
}
