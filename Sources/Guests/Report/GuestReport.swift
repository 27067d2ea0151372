import DevboxCore
import FoundationEssentials
import Glibc
import Guests

/// What `devbox show` prints.
struct GuestReport: Encodable {
    let record: GuestRecord
    let state: String
    /// How it runs, where it does; the record's mode is how it starts next.
    let running: RunState?
    /// How its kernel is, where it runs.
    let condition: GuestCondition?
    /// Bytes that the guest's own layer takes up on the host.
    let diskBytes: Int64
    let virtualSize: Int64

    init(_ name: String, in store: GuestStore) throws {
        record = try store.load(name)
        let files = store.files(name)
        let guest = try RunningGuest(name, in: store)
        running = guest?.state
        condition = guest?.condition()
        state = condition?.state ?? "stopped"
        diskBytes = Int64(try Files.status(files.disk).st_blocks) * 512
        virtualSize = try GuestDisk.virtualSize(files)
    }

    private enum Keys: String, CodingKey { case state, running, condition, diskBytes, virtualSize }

    func encode(to encoder: any Encoder) throws {
        try record.encode(to: encoder)
        var container = encoder.container(keyedBy: Keys.self)
        try container.encode(state, forKey: .state)
        try container.encodeIfPresent(running, forKey: .running)
        try container.encodeIfPresent(condition, forKey: .condition)
        try container.encode(diskBytes, forKey: .diskBytes)
        try container.encode(virtualSize, forKey: .virtualSize)
    }

    var text: String {
        var lines: [(String, String)] = [
            ("Name", record.name), ("Id", record.id),
            ("State", "\(state) (\((running?.mode ?? record.mode).rawValue))"),
            ("Image", "\(record.image.name) (sha256 \(record.image.sha256.prefix(12)))"),
        ]
        if let panic = condition?.panic {
            lines.insert(("Panic", Names.printable(panic) + (condition?.isPaused == true ? " (paused)" : "")), at: 3)
        }
        if let source = record.clonedFrom { lines.append(("Cloned from", source)) }
        lines += [
            ("Created", record.createdAt.formatted(.iso8601)), ("By", record.command),
            ("Release", "\(record.release.prettyName), \(record.architecture.rawValue)"),
            ("Disk", "\(ByteSize.text(diskBytes)) of \(ByteSize.text(virtualSize))"),
            ("Machine", "\(ByteSize.text(record.memory)) memory, \(record.cpus) processors"),
            ("Hostname", record.identity.hostname), ("Machine id", record.identity.machineID),
            ("MAC address", record.identity.macAddress), ("Host key", record.identity.sshHostKey),
        ]
        for kernel in record.kernels {
            lines.append(("Kernel", kernel.version + (kernel == record.startingKernel ? " (starts next)" : "")))
        }
        if !record.allKernelArguments.isEmpty {
            lines.append(("Arguments", record.allKernelArguments.joined(separator: " ")))
        }
        // What was installed time and again is there once.
        var seen: Set<String> = []
        let packages = (record.packages ?? []).reversed().filter { seen.insert($0.name).inserted }.reversed()
        for package in packages { lines.append(("Package", "\(package.name) \(package.version)")) }
        for snapshot in record.snapshots {
            lines.append(("Snapshot", "\(snapshot.name), \(snapshot.createdAt.formatted(.iso8601))"))
        }
        return labelled(lines)
    }
}
