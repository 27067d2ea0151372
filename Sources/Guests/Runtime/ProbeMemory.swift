import DevboxCore
import Stores

/// The verdicts of this boot of the host: cache/accelerators/<architecture>.json.
struct ProbeMemory {
    private let cache: Cache
    private let key: String

    /// - Parameter conditions: what the verdicts hold for, beside the boot.
    init(_ work: WorkDirectory, conditions: String) {
        cache = Cache(.accelerators, in: work)
        let boot = (try? Files.text("/proc/sys/kernel/random/boot_id", limit: 256))?.filter { !$0.isNewline } ?? ""
        key = "boot \(boot); \(conditions)"
    }

    private struct Content: Codable {
        var key: String
        var works: Bool
        var reason: String?
    }

    /// What was found out before; nil where nothing was, or under other conditions.
    func verdict(for architecture: Architecture) -> ProbeVerdict? {
        guard let bytes = cache.bytes(Self.name(architecture)),
            let content = try? RecordFile.decode(Content.self, from: bytes), content.key == key
        else { return nil }
        return content.works ? .works : .fails(content.reason ?? "it did not run a kernel")
    }

    /// Remembers a verdict that will not change by itself. One that cannot be remembered is found out again.
    func note(_ verdict: ProbeVerdict, for architecture: Architecture) {
        if verdict == .noAnswer { return }
        let content = Content(key: key, works: verdict == .works, reason: verdict.reason)
        guard let bytes = try? RecordFile.json(content) else { return }
        try? cache.keep(bytes, as: Self.name(architecture))
    }

    private static func name(_ architecture: Architecture) -> String { "\(architecture.rawValue).json" }
}
