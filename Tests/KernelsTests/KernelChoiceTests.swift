import DevboxCore
import Guests
import Installing
import TestSupport
import Testing

@testable import Kernels

@Suite("The kernel that starts next", .timeLimit(.minutes(10)))
struct KernelChoiceTests {
    private let scratch: ScratchDirectory
    private let store: GuestStore
    private var installer: KernelInstaller { KernelInstaller(store, runner: runner, observers: []) }

    init() throws {
        scratch = try ScratchDirectory()
        let work = try WorkDirectory(given: scratch("work").string, environment: [:])
        try TestImage.make(in: work) { try $0.write("older", to: "boot/vmlinuz-6.1.0-40-amd64") }
        try Cloner(work, runner: runner).clone("base", as: "a", CloneOptions(command: "test"))
        store = GuestStore(work)
    }

    @Test("another one is chosen with its arguments; a guest that does not run is not started for it")
    func chosen() throws {
        #expect(try store.load("a").startingKernel?.version == "6.1.0-47-amd64")
        let record = try installer.choose("6.1.0-40-amd64", kernelArguments: ["quiet"], of: "a", restarts: true)
        #expect(record.startingKernel?.version == "6.1.0-40-amd64")
        let kept = try store.load("a")
        #expect(kept.startingKernel?.version == "6.1.0-40-amd64" && kept.kernelArguments == ["quiet"])
        #expect(kept.lastStartedAt == nil)
    }

    @Test("the kernel and the arguments of which nothing is said stay as they are")
    func kept() throws {
        var record = try store.load("a")
        (record.defaultKernel, record.kernelArguments) = ("6.1.0-40-amd64", ["quiet"])
        try store.save(record)
        let chosen = try installer.choose(nil, kernelArguments: nil, of: "a")
        #expect(chosen.startingKernel?.version == "6.1.0-40-amd64" && chosen.kernelArguments == ["quiet"])
    }

    @Test("one that the guest does not have is refused with those that it has, and nothing is changed")
    func missing() throws {
        let before = try Files.read(store.files("a").record)
        let error = reported { _ = try installer.choose("6.1.0-4", kernelArguments: ["quiet"], of: "a") }
        #expect(error?.exitCode == .notFound)
        #expect(error?.hint == "it has: 6.1.0-47-amd64, 6.1.0-40-amd64")
        #expect(try Files.read(store.files("a").record) == before)
    }

    @Test("a debug package without symbols is refused before the guest is touched")
    func noSymbols() throws {
        let package = try PackageFile(TestPackage("linux-image-6.1.0-47-amd64-dbg").pack(in: scratch))
        let files = store.files("a")
        let (record, disk) = try (Files.read(files.record), SHA256Digest(of: files.disk))
        let error = reported {
            _ = try installer.install(
                [], in: "a", .init(packages: .init(command: "test"), symbols: [package]))
        }
        #expect(error?.exitCode == .badInput && error?.message.contains("holds no vmlinux") == true)
        #expect(try Files.read(files.record) == record && SHA256Digest(of: files.disk) == disk)
        #expect(!Files.exists(files.transaction))
    }
}
