import Boot
import DevboxCore

/// The kernel of one start.
package struct BootKernelChoice {
    package let version: String
    package let vmlinuz: String
    let initrd: String?

    /// The kernel that starts: the one asked for, or the guest's next.
    ///
    /// - Throws: `notFound`; `environment` where it cannot start, which says nothing against the kernel.
    package static func choose(_ record: GuestRecord, version: String?) throws -> BootKernelChoice {
        guard
            let kernel = version.map({ wanted in record.kernels.first { $0.version == wanted } })
                ?? record.startingKernel
        else {
            let names = record.kernels.map(\.version).joined(separator: ", ")
            throw Failure(
                .notFound,
                version.map { "the guest \(record.name) has no kernel \(Names.printable($0))" }
                    ?? "the guest \(record.name) has no kernel"
                    + (record.root.elsewhere?.first { $0.path == "/boot" }.map { ": \($0.words)" } ?? ""),
                hint: names.isEmpty
                    ? "as a container it needs none: `devbox flip \(record.name) lxc`" : "it has: \(names)")
        }
        if let obstacle = kernel.obstacle {
            throw Failure(
                .environment, "the kernel \(kernel.version) of \(record.name) cannot start: \(obstacle)",
                hint: record.kernels.contains { $0.obstacle == nil }
                    ? "`devbox kernels \(record.name)` lists others, for --kernel"
                    : "as a container the guest needs no kernel: `devbox flip \(record.name) lxc`")
        }
        return BootKernelChoice(version: kernel.version, vmlinuz: kernel.vmlinuz, initrd: kernel.initrd)
    }
}
