import DevboxCore
import Glibc
import HostTools
import QMP
import SystemPackage

/// The dumps that a supervisor has QEMU take of a machine: one at a time, each into a descriptor of the one who asked.
///
/// QEMU cannot be told to stop one. But it writes into a pipe here: when whoever reads it goes away, even by SIGKILL, the next
/// write fails, QEMU gives up, and the guest goes on.
final class MachineDumps {
    private let monitor: QMPClient
    private let loop: EventLoop
    private var current: Job?
    private var count = 0

    /// What a dump is told of.
    struct Job {
        let progress: (DumpProgress) -> Void
        let done: (Result<Void, Failure>) -> Void
    }

    private static let progressInterval = Duration.milliseconds(250)
    /// QEMU tells that a dump is complete some moments before it takes the next one.
    private static let retryInterval = Duration.milliseconds(50)
    private static let retries = 100

    init(_ monitor: QMPClient, loop: EventLoop) { (self.monitor, self.loop) = (monitor, loop) }

    /// Begins a dump. `descriptor` is closed in any case.
    func begin(_ format: QMPDumpFormat, into descriptor: FileDescriptor, of guest: String, _ job: Job) {
        guard current == nil else {
            try? descriptor.close()
            return job.done(
                .failure(
                    Failure(.busy, "a dump of \(guest) is being taken already", hint: "try again when it has finished"))
            )
        }
        current = job
        count += 1
        let name = "dump-\(count)"
        monitor.send(.dumpFormats) { [self] answer in
            do {
                let formats = try answer.get()["formats"]?.array?.compactMap(\.string) ?? []
                guard formats.contains(format.rawValue) else {
                    let known = QMPDumpFormat.allCases.map(\.rawValue).filter(formats.contains)
                    throw Failure(
                        .missing, "this QEMU does not write the format \(format.rawValue)",
                        hint: known.isEmpty
                            ? "it cannot dump machines of this architecture"
                            : "it has: \(known.joined(separator: ", "))")
                }
                hand(descriptor, as: name, format)
            } catch {
                try? descriptor.close()
                finish(.failure(Failure(error)))
            }
        }
    }

    private func hand(_ descriptor: FileDescriptor, as name: String, _ format: QMPDumpFormat) {
        monitor.send(.keep(descriptor: name), descriptor: descriptor) { [self] answer in
            // QEMU has one of its own; this one would keep the pipe open.
            try? descriptor.close()
            switch answer {
            case .success: write(format, to: name, tries: Self.retries)
            case .failure(let error): finish(.failure(Failure(error)))
            }
        }
    }

    private func write(_ format: QMPDumpFormat, to name: String, tries: Int) {
        // The machine is stopped first, and its disks flushed.
        monitor.send(.dump(format, to: name), limit: .seconds(60)) { [self] answer in
            switch answer {
            case .success: loop.after(Self.progressInterval) { [weak self] in self?.askForProgress(of: name) }
            case .failure(.refused(_, let reason)) where reason.contains("in progress") && tries > 0:
                loop.after(Self.retryInterval) { [weak self] in self?.write(format, to: name, tries: tries - 1) }
            case .failure(let error):
                monitor.send(.drop(descriptor: name))
                finish(.failure(Failure(error)))
            }
        }
    }

    private func askForProgress(of name: String) {
        guard current != nil, name == "dump-\(count)" else { return }
        monitor.send(.dumpProgress) { [weak self] answer in
            if let self, name == "dump-\(count)", let progress = (try? answer.get()).flatMap(DumpProgress.init) {
                current?.progress(progress)
            }
        }
        loop.after(Self.progressInterval) { [weak self] in self?.askForProgress(of: name) }
    }

    /// Takes what DUMP_COMPLETED says.
    func completed(_ data: JSONValue) {
        if data["result"]?["status"]?.string == "completed" {
            if let progress = data["result"].flatMap(DumpProgress.init) { current?.progress(progress) }
            finish(.success(()))
        } else {
            let reason = data["error"]?.string.map(Names.printable) ?? "it does not say why"
            finish(.failure(Failure(.failure, "QEMU could not dump the guest: \(reason)")))
        }
    }

    private func finish(_ result: Result<Void, Failure>) {
        let job = current
        current = nil
        job?.done(result)
    }
}
