import DevboxCore
import Guests

/// What each kernel of a guest would reserve, if it started next.
struct GuestReservations {
    private let reservations: [(version: String?, reservation: CrashReservation)]
    private let starting: String?

    /// - Parameters:
    ///   - record: the guest's.
    ///   - memory: what its virtual machine is to have, in bytes.
    ///   - crashKernel: what it is to be armed with; nil for what it is armed with.
    init(_ record: GuestRecord, memory: Int64, crashKernel: CrashKernelSize? = nil) {
        let arguments =
            crashKernel.map { record.kernelArguments + ["crashkernel=\($0)"] } ?? record.allKernelArguments
        func reservation(_ version: String?) -> CrashReservation {
            CrashReservation(
                arguments, .init(architecture: record.architecture, memory: memory, version: version))
        }
        let versions: [String?] = record.kernels.isEmpty ? [nil] : record.kernels.map(\.version)
        reservations = versions.map { ($0, reservation($0)) }
        starting = record.startingKernel?.version
    }

    /// That of the kernel that starts next.
    var next: CrashReservation {
        reservations.first { $0.version == starting }?.reservation ?? .nothing("it has no kernel")
    }

    /// What those kernels are called that would leave no dump, and why; where it is the same with all, none is called.
    var warnings: [String] {
        let obstacles = reservations.map(\.reservation.obstacle)
        guard let first = obstacles.first, obstacles.contains(where: { $0 != first }) else {
            return (obstacles.first ?? nil).map { [$0] } ?? []
        }
        return reservations.compactMap { version, reservation in
            reservation.obstacle.map { "\(version ?? ""): \($0)" }
        }
    }
}
