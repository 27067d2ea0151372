import DevboxCore
import Disks
import Guests
import Installing
import TestSupport
import Testing

@testable import Kernels

@Suite("Which packages hold which kernels", .timeLimit(.minutes(10)))
struct KernelPackagesTests {
    private let scratch: ScratchDirectory
    private let store: GuestStore

    /// dpkg's lists of a few packages, as real ones of that kind are called.
    private static let lists = [
        "linux-image-6.12.1": [
            "/boot", "/boot/vmlinuz-6.12.1", "/lib/modules/6.12.1", "/lib/modules/6.12.1/kernel/a.ko",
        ],
        "linux-image-6.12.10": ["/boot/vmlinuz-6.12.10", "/usr/lib/modules/6.12.10/kernel/a.ko"],
        "linux-image-6.12.115+deb12-amd64": ["/boot/vmlinuz-6.12.115+deb12-amd64"],
        "proxmox-kernel-6.8.12-4-pve-signed": ["/boot/vmlinuz-6.8.12-4-pve", "/boot/config-6.8.12-4-pve"],
        "linux-image-current-rockchip64": ["/boot/vmlinuz-6.6.63-current-rockchip64"],
        "linux-modules-6.12.1": ["/lib/modules/6.12.1/extra/b.ko"],
        "linux-headers-6.12.1": ["/lib/modules/6.12.1", "/lib/modules/6.12.1/build", "/lib/modules/6.12.1/source"],
        "linux-image-6.12.1-dbg": ["/usr/lib/debug/lib/modules/6.12.1/vmlinux", "/usr/lib/debug/boot/vmlinux-6.12.1"],
        "driver-modules": ["/lib/modules/6.12.1/extra/c.ko", "/lib/modules/6.12.10/extra/c.ko"],
        "two-kernels:amd64": ["/boot/vmlinuz-6.1-one", "/boot/vmlinuz-6.1-two"],
        "driver-of-own": ["/lib/modules/6.5-own/extra/d.ko"],
        "bash": ["/bin/bash", "/usr/share/doc/boot/vmlinuz-6.12.1"],
    ]

    init() throws {
        scratch = try ScratchDirectory()
        let work = try WorkDirectory(given: scratch("work").string, environment: [:])
        try TestImage.make(in: work) { root in
            for (name, list) in Self.lists {
                try root.write("/.\n" + list.map { "\($0)\n" }.joined(), to: "var/lib/dpkg/info/\(name).list")
                for path in list where path.hasPrefix("/boot/vmlinuz-") {
                    try root.write("kernel", to: String(path.dropFirst()))
                }
            }
            try root.write("symbols", to: "boot/vmlinux-6.12.1")
            try root.write("not one of dpkg's", to: "var/lib/dpkg/info/bash.md5sums")
        }
        try Cloner(work, runner: runner).clone("base", as: "a", CloneOptions(command: "test"))
        store = GuestStore(work)
    }

    private func packages() throws -> KernelPackages {
        try KernelPackages(on: StoppedGuest("a", in: store, for: "test", runner: runner).openRoot(), .amd64)
    }

    @Test(
        "a kernel belongs to the package whose files it is among, whatever that is called, and to none of a longer version",
        arguments: [
            ("6.12.1", ["linux-image-6.12.1"]), ("6.12.10", ["linux-image-6.12.10"]),
            ("6.12.115+deb12-amd64", ["linux-image-6.12.115+deb12-amd64"]),
            ("6.8.12-4-pve", ["proxmox-kernel-6.8.12-4-pve-signed"]),
            ("6.6.63-current-rockchip64", ["linux-image-current-rockchip64"]), ("6.1-one", ["two-kernels:amd64"]),
            ("6.12", []), ("6.12.100", []),
        ])
    func owners(version: String, names: [String]) throws {
        #expect(try packages().owners(of: version) == names)
    }

    @Test("with a kernel go its image and its modules; headers, symbols and what others need too stay")
    func removed() throws {
        let packages = try packages()
        #expect(
            try packages.removed(with: ["6.12.1"], keeping: ["6.12.10", "6.12.115+deb12-amd64"])
                == ["linux-image-6.12.1", "linux-modules-6.12.1"])
        #expect(
            try packages.removed(with: ["6.12.1", "6.12.10"], keeping: ["6.1-one"])
                == ["driver-modules", "linux-image-6.12.1", "linux-image-6.12.10", "linux-modules-6.12.1"])
    }

    @Test("a package of two kernels is refused where one of them is to stay, and goes where both do")
    func shared() throws {
        let packages = try packages()
        let error = reported { _ = try packages.removed(with: ["6.1-one"], keeping: ["6.1-two"]) }
        #expect(error?.exitCode == .failure && error?.message.contains("6.1-two") == true)
        #expect(error?.message.contains("two-kernels:amd64") == true)
        #expect(try packages.removed(with: ["6.1-one", "6.1-two"], keeping: []) == ["two-kernels:amd64"])
    }

    @Test("of the kernels that are too many, those go that can; the others stay with the reason")
    func removable() throws {
        let packages = try packages()
        let (versions, remarks) = packages.removable(["6.12.1", "6.1.0-47-amd64", "6.1-one"], keeping: ["6.1-two"])
        #expect(versions == ["6.12.1"])
        #expect(remarks.first == "its kernel 6.1.0-47-amd64 belongs to no package, and stays")
        #expect(remarks.last?.contains("6.1-one stays: the package two-kernels:amd64") == true)
        let both = packages.removable(["6.1-one", "6.1-two"], keeping: ["6.12.1"])
        #expect(both.versions == ["6.1-one", "6.1-two"] && both.remarks.isEmpty)
        // A package has something beside the modules of a kernel that was put there by hand.
        #expect(packages.owners(of: "6.5-own") == ["driver-of-own"])
        #expect(packages.removable(["6.5-own"], keeping: []).versions.isEmpty)
    }

    @Test("the command that removes a kernel of no package has a shell's signs in quotes")
    func removalCommand() {
        let line = KernelInstaller.removal(of: "6.1$(reboot);x", from: "a")
        #expect(
            line
                == "devbox exec a -- rm -rf '/boot/vmlinuz-6.1$(reboot);x' '/boot/vmlinux-6.1$(reboot);x' '/lib/modules/6.1$(reboot);x'"
        )
    }

    @Test("`kernels` names each kernel's own package, and takes a vmlinux beside a vmlinuz for no kernel")
    func inventory() throws {
        var record = try store.load("a")
        record.packages = ["linux-image-6.12.115+deb12-amd64", "linux-image-6.12.10"].map { name in
            .init(
                name: name, version: "1", architecture: "amd64", sha256: SHA256Digest(of: Array(name.utf8)),
                file: "\(name).deb", installedAt: record.createdAt, command: "test")
        }
        try store.save(record)
        let kernels = try KernelInventory(store, runner: runner).kernels(of: "a")
        #expect(kernels.count == Set(kernels.map(\.version)).count)
        func kernel(_ version: String) throws -> KernelInventory.Entry {
            try #require(kernels.first { $0.version == version })
        }
        #expect(try kernel("6.12.1").package == nil && kernel("6.12.1").owners == ["linux-image-6.12.1"])
        #expect(try kernel("6.12.10").package?.name == "linux-image-6.12.10")
        #expect(try kernel("6.12.115+deb12-amd64").package?.name == "linux-image-6.12.115+deb12-amd64")
        #expect(try kernel("6.8.12-4-pve").owners == ["proxmox-kernel-6.8.12-4-pve-signed"])
        #expect(try kernel("6.1.0-47-amd64").owners == [])
    }

    @Test("what a package holds of kernels is read out of its list: images, modules, and what only accompanies them")
    func holding() throws {
        let list = """
            /.
            /boot/vmlinux-6.1
            /boot/vmlinuz-6.2
            /boot/vmlinuz-6.3/x
            /lib/modules/6.4
            /lib/modules/6.5/build
            /usr/lib/modules/6.6/modules.order
            /usr/lib/debug/lib/modules/6.7/vmlinux
            """
        let holding = KernelHolding(Array(list.utf8)) { $0 == "6.1" }
        #expect(holding.images == ["6.2"] && holding.modules == ["6.6"])
        #expect(holding.companions == ["6.1", "6.5", "6.7"])
        #expect(holding.concerns("6.5") && !holding.concerns("6.4"))
        #expect(KernelHolding(Array("/boot/vmlinux-6.1\n/boot/vmlinux-x".utf8)) { _ in false }.images == ["6.1"])
        #expect(KernelHolding([]) { _ in false }.isEmpty)
    }
}
