import DevboxCore
import Images
import Sandbox
import Settings
import SystemPackage
import TestSupport
import Testing

@testable import Guests

@Suite("What a stopped guest is worked on in")
struct SandboxPolicyTests {
    private static let cases: [(SandboxKind?, SandboxKind?, trusted: Bool, root: Bool, SandboxKind)] = [
        (nil, nil, true, true, .container), (nil, nil, true, false, .appliance),
        (nil, nil, false, true, .appliance), (nil, nil, false, false, .appliance),
        (nil, .container, false, true, .container), (nil, .container, true, false, .container),
        (nil, .appliance, true, true, .appliance),
        (.container, .appliance, false, true, .container), (.container, nil, false, false, .container),
        (.appliance, .container, true, true, .appliance),
    ]

    @Test("--in counts first, then devbox.yaml, then whether the image is trusted, then who asks", arguments: cases)
    func order(
        wanted: SandboxKind?, configured: SandboxKind?, trusted: Bool, root: Bool, kind: SandboxKind
    ) {
        let policy = SandboxPolicy(wanted: wanted, configured: configured)
        #expect(policy.kind(isTrusted: trusted, asRoot: root) == kind)
    }

    @Test("a container that somebody asks for who is not root is an error that names the appliance")
    func needsRoot() throws {
        let wanted = SandboxPolicy(wanted: .container)
        let configured = SandboxPolicy(configured: .container)
        try wanted.check(.container, asRoot: true)
        try SandboxPolicy(wanted: .appliance).check(.appliance, asRoot: false)
        for (policy, word) in [(wanted, "--in container"), (configured, "devbox.yaml")] {
            let error = try #require(reported { try policy.check(.container, asRoot: false) })
            #expect(error.exitCode == .needsRoot && error.hint?.contains("--in appliance") == true)
            #expect(error.message.hasPrefix(word), "\(error.message)")
        }
    }

    @Test("an imported image is trusted from the user's word on, until that is taken back")
    func word() throws {
        let bed = try TestWork()
        try TestImage.make(in: bed.work)
        let record = try bed.clone("base", "a")
        #expect(!bed.store.hasTrustedImage(record))
        let images = ImageStore(bed.work)
        #expect(try images.setTrust(of: "base", to: true).origin.isTrusted)
        #expect(bed.store.hasTrustedImage(record))
        #expect(try !images.setTrust(of: "base", to: false).origin.isTrusted)
        #expect(!bed.store.hasTrustedImage(record))
        try images.verify(images.load("base"))
        #expect(reported { _ = try images.setTrust(of: "none", to: true) }?.exitCode == .notFound)
    }

    @Test("a clone of a guest is as trusted as the image at the bottom of both")
    func clones() throws {
        let bed = try TestWork()
        try TestImage.make(in: bed.work)
        try bed.clone("base", "a")
        let record = try bed.clone("a", "b")
        #expect(record.clonedFrom == "a" && !bed.store.hasTrustedImage(record))
        _ = try ImageStore(bed.work).setTrust(of: "base", to: true)
        #expect(bed.store.hasTrustedImage(record))
    }

    @Test("what is not known of an image is no trust: one that is gone, damaged, or another one of that name")
    func unknown() throws {
        let bed = try TestWork()
        let image = try TestImage.make(in: bed.work)
        var record = try bed.clone("base", "a")
        _ = try ImageStore(bed.work).setTrust(of: "base", to: true)
        let file = ImageStore(bed.work).image("base").record
        #expect(bed.store.hasTrustedImage(record))
        record.image.sha256 = try SHA256Digest(of: file)
        #expect(record.image.sha256 != image.disk.sha256 && !bed.store.hasTrustedImage(record))
        record.image.sha256 = image.disk.sha256
        try Files.writeAtomically(Array("{".utf8), to: file)
        #expect(!bed.store.hasTrustedImage(record))
        try Files.remove(file)
        #expect(!bed.store.hasTrustedImage(record))
    }

    @Test("a store says of a guest what its policy says of the guest's image")
    func store() throws {
        let bed = try TestWork()
        try TestImage.make(in: bed.work)
        let record = try bed.clone("base", "a")
        #expect(try bed.store.sandboxKind(for: record) == .appliance)
        _ = try ImageStore(bed.work).setTrust(of: "base", to: true)
        #expect(try bed.store.sandboxKind(for: record) == (isRoot ? .container : .appliance))
        let wanting = GuestStore(bed.work, sandboxes: SandboxPolicy(wanted: .appliance))
        #expect(try wanting.sandboxKind(for: record) == .appliance)
        let container = GuestStore(bed.work, sandboxes: SandboxPolicy(wanted: .container))
        let error = reported { _ = try container.sandboxKind(for: record) }
        #expect(error?.exitCode == (isRoot ? nil : .needsRoot))
    }

    @Test("an image is no guest: --in is not passed over where one is cloned")
    func imageCloned() throws {
        let bed = try TestWork()
        try TestImage.make(in: bed.work)
        let cloner = Cloner(bed.work, sandboxes: SandboxPolicy(wanted: .appliance), runner: runner)
        let error = reported { try cloner.clone("base", as: "a", CloneOptions(command: "test")) }
        #expect(error?.exitCode == .usage && error?.message.contains("base is an image") == true)
        #expect(try bed.store.names().isEmpty)
        // What devbox.yaml says is no such wish.
        let configured = Cloner(bed.work, sandboxes: SandboxPolicy(configured: .appliance), runner: runner)
        try configured.clone("base", as: "a", CloneOptions(command: "test"))
    }

    // MARK: devbox.yaml

    private func policy(_ yaml: String, wanted: SandboxKind? = nil) throws -> SandboxPolicy {
        try SandboxPolicy(
            wanted: wanted, Settings(yaml: yaml, file: "devbox.yaml", folder: "/w", sections: [.sandbox]))
    }

    @Test(
        "devbox.yaml fixes it, or says nothing of it",
        arguments: [
            ("sandbox:\n  in: appliance\n", .appliance), ("sandbox: {in: container}\n", .container), ("", nil),
            ("# sandbox:\n", nil), ("sandbox:\n", nil), ("sandbox:\n#  in: appliance\n", nil),
        ] as [(String, SandboxKind?)])
    func settings(yaml: String, kind: SandboxKind?) throws {
        let policy = try policy(yaml, wanted: .container)
        #expect(policy.configured == kind && policy.wanted == .container)
    }

    @Test(
        "a wrong word in it is an error with its line, and says which was probably meant",
        arguments: [
            ("sandbox:\n  in: aplliance\n", 2, "'aplliance' is none of container, appliance", "`appliance`?"),
            ("sandbox:\n\n  inn: container\n", 3, "'inn'", "`in`?"),
            ("sandbox:\n  in: [container]\n", 2, "a single value", nil),
            ("sandbox:\n  in:\n", 2, "a single value", nil),
            ("\nsandbox: appliance\n", 2, "names with values", nil),
        ] as [(String, Int, String, String?)])
    func wrong(yaml: String, line: Int, words: String, hint: String?) throws {
        let error = try #require(reported { _ = try policy(yaml) })
        #expect(error.exitCode == .badInput)
        #expect(error.message.hasPrefix("devbox.yaml, line \(line): "), "\(error.message)")
        #expect(error.message.contains(words), "\(error.message)")
        if let hint { #expect(error.hint == hint) }
    }

    @Test("the commented example of it can be used once its comments are taken away")
    func example() throws {
        let file = FilePath(#filePath).removingLastComponent().pushing("../../templates/devbox.yaml")
            .lexicallyNormalized()
        let lines = try Files.text(file).split(separator: "\n").drop { $0 != "#sandbox:" }.prefix(2)
        #expect(try policy(lines.map { $0.dropFirst() }.joined(separator: "\n")).configured == .appliance)
    }
}
