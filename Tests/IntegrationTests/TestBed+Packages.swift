import DevboxCore
import Glibc
import SystemPackage
import TestSupport
import Testing

extension TestBed {
    /// A real kernel package of the cloud flavour, other than the base image's kernel; downloaded once.
    func realKernel() throws -> (package: FilePath, version: String) {
        let folder = work.appending("test-packages")
        try Files.makeDirectory(folder)
        let names = try tool("apt-cache", "pkgnames", "linux-image-6.1.0-").split(separator: "\n").map(String.init)
            .filter { $0.hasSuffix("-cloud-amd64") }
        let name = try #require(names.sorted(by: { $0.count < $1.count || $0.count == $1.count && $0 < $1 }).first)
        let there = { try Files.list(folder).first { $0.hasPrefix("\(name)_") && $0.hasSuffix(".deb") } }
        if try there() == nil {
            try tool("sh", "-c", "cd \(folder) && apt-get -q -o APT::Sandbox::User=root download \(name)")
        }
        return (folder.appending(try #require(try there())), String(name.dropFirst("linux-image-".count)))
    }

    /// A copy of a guest's disk beside it, to compare the disk with later.
    func keepDisk(_ guest: String) throws -> FilePath {
        let files = try files(guest)
        let copy = files.path.appending("before.qcow2")
        try? Files.remove(copy)
        try tool("cp", "--sparse=always", files.disk.string, copy.string)
        return copy
    }

    /// Whether two disks have the same content, as a guest sees it.
    func isSame(_ one: FilePath, _ other: FilePath) throws -> Bool {
        let result = try attempt("qemu-img", "compare", "-q", "-f", "qcow2", "-F", "qcow2", one.string, other.string)
        guard [0, 1].contains(result.status.shellStatus) else { throw Failure(.failure, result.complaint) }
        return result.status.isSuccess
    }

    /// Runs `body`, which is to fail, and checks that it changed neither the guest's disk, nor its record, nor its boot files, and left
    /// nothing on the host.
    func expectUnchanged(_ guest: String, _ body: () throws -> Void) throws {
        let files = try files(guest)
        let host = try HostState(of: self)
        let before = try keepDisk(guest)
        let (record, boot) = (try Files.text(files.record), try Files.list(files.boot))
        try body()
        try host.waitUntilBack()
        // A command that opens the guest undoes what a killed one began.
        try run("kernels", guest).succeeded()
        #expect(try isSame(before, files.disk), "the disk is not as it was")
        #expect(try Files.text(files.record) == record)
        #expect(try Files.list(files.boot) == boot)
        #expect(!Files.exists(files.transaction))
        try Files.remove(before)
    }
}
