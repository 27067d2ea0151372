import DevboxCore
import Glibc
import HostTools
import SystemPackage

/// Asks programs for their versions, all at the same time.
struct VersionQuery: ~Copyable {
    /// How long all of them together may take; one that hangs costs no more than this.
    static let limit = Duration.seconds(2)

    private var child: ChildProcess
    private let output: Pipe

    /// Asks one program; nil where it cannot be asked.
    init?(_ program: Program) {
        guard let arguments = HostPrograms.versionArguments(program), let output = try? Pipe() else { return nil }
        // Some tell it on standard error. What they say fits into the pipe, so nobody has to read meanwhile.
        guard
            let child = try? ChildProcess(
                Command(program, arguments), output: .descriptor(output.writeEnd), error: .descriptor(output.writeEnd),
                newSession: true)
        else { return nil }
        output.closeWriteEnd()
        self.child = child
        self.output = output
    }

    /// Its answer; nil where it gave none in time.
    mutating func answer(until deadline: ContinuousClock.Instant) throws -> String? {
        guard try child.wait(until: deadline) != nil else { return nil }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { read(output.readEnd.rawValue, $0.baseAddress, $0.count) }
        return HostPrograms.version(in: String(decoding: buffer.prefix(max(0, count)), as: UTF8.self))
    }

    /// The versions of programs, in their order.
    static func ask(_ programs: [Program]) throws -> [String?] {
        let deadline = ContinuousClock.now + limit
        return try ask(programs[...], deadline)
    }

    // Values that cannot be copied do not fit into an array; the stack holds them.
    private static func ask(_ programs: ArraySlice<Program>, _ deadline: ContinuousClock.Instant) throws -> [String?] {
        guard let first = programs.first else { return [] }
        var query = VersionQuery(first)
        let others = try ask(programs.dropFirst(), deadline)
        return [try query?.answer(until: deadline)] + others
    }
}
