import Boot
import DevboxCore
import Disks
import HostTools
import Images
import SystemPackage
import Templates

/// The kernel that an appliance is started with, and its initrd.
struct ApplianceKernel {
    /// What `uname -r` says in it.
    let version: String
    /// Its file.
    let file: FilePath
    /// Made for it.
    let initrd: ApplianceInitrd

    /// One for work on a guest's disk: nothing of the guest's own is needed for it, so that nothing of the guest can keep it from working.
    /// Its image's come first, then the guest's own, then those of other images of the architecture.
    ///
    /// - Parameter checks: whether it is to check file systems.
    /// - Throws: `NoApplianceKernel`.
    static func forWork(
        on record: GuestRecord, _ files: GuestFiles, in store: GuestStore, checks: Bool, console: Console
    ) throws -> ApplianceKernel {
        let images = ImageStore(store.work)
        let all = try images.records().filter { $0.architecture == record.architecture }
        let (own, others) = (all.filter { $0.name == record.image.name }, all.filter { $0.name != record.image.name })
        func of(_ image: ImageRecord) -> Source {
            let files = images.image(image.name)
            return Source(
                name: "the image \(image.name)", kernels: image.kernels, boot: files.boot, disk: files.disk,
                root: image.root)
        }
        let guest = Source(
            name: record.name, kernels: record.kernels, boot: files.boot, disk: files.disk, root: record.root)
        var reasons: [String] = []
        var second: ApplianceKernel?
        for source in own.map(of) + [guest] + others.map(of) {
            for kernel in source.kernels {
                do {
                    let found = try source.make(kernel, store.templates, checks: checks)
                    console.detail(
                        "a kernel for the appliance: \(kernel.version) of \(source.name)\(found.initrd.unshared.map { "; \($0)" } ?? "")"
                    )
                    if found.initrd.unshared == nil || checks { return found }
                    second = second ?? found
                } catch {
                    reasons.append("\(kernel.version) of \(source.name): \(Failure(error).message)")
                }
            }
        }
        if let second { return second }
        throw NoApplianceKernel(guest: record.name, architecture: record.architecture, reasons: reasons)
    }

    /// The one that a guest would start with.
    ///
    /// - Parameter version: of an installed kernel; nil for the guest's next.
    static func own(_ version: String?, of record: GuestRecord, _ files: GuestFiles, in store: GuestStore) throws
        -> ApplianceKernel
    {
        let choice = try BootKernelChoice.choose(record, version: version)
        guard let kernel = record.kernels.first(where: { $0.version == choice.version }) else {
            throw Failure(.notFound, "the guest \(record.name) has no kernel \(choice.version)")
        }
        return try Source(
            name: record.name, kernels: record.kernels, boot: files.boot, disk: files.disk, root: record.root
        ).make(kernel, store.templates, checks: false)
    }

    /// Where kernels are: copies in a folder, their modules on a disk.
    private struct Source {
        let name: String
        let kernels: [BootKernel]
        let (boot, disk): (FilePath, FilePath)
        let root: RootFileSystem

        func make(_ kernel: BootKernel, _ templates: Templates, checks: Bool) throws -> ApplianceKernel {
            let file = boot.appending(kernel.vmlinuz)
            guard Files.exists(file) else { throw Failure(.environment, "\(file) is gone") }
            let root = try root.open(on: Qcow2Reader(disk), name: disk.string)
            return ApplianceKernel(
                version: kernel.version, file: file,
                initrd: try ApplianceInitrd(for: kernel.version, from: root, templates, checks: checks))
        }
    }
}

/// There is no kernel for work on a guest's disk.
struct NoApplianceKernel: ReportableError {
    let guest: String
    let architecture: Architecture
    /// Why each of those that there are is none.
    let reasons: [String]

    var exitCode: ExitCode { .environment }

    var message: String {
        "no appliance can work on \(guest): there is no kernel for \(architecture.rawValue)"
            + (reasons.isEmpty ? "" : ": " + reasons.joined(separator: "; "))
    }

    var hint: String? {
        "any image of this architecture with a kernel has one: `devbox image build --arch \(architecture.rawValue)`"
    }
}
