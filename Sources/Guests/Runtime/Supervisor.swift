import DevboxCore
import HostTools
import Sandbox
import Templates

/// The supervisor of a running guest, in the sandbox around it: it owns the guest's helpers, its lock and its monitor.
public final class Supervisor {
    let host: SandboxHost
    let plan: LaunchPlan
    let files: GuestFiles
    let record: GuestRecord
    var work: WorkDirectory { host.work }
    var runner: Runner { host.runner }
    var templates: Templates { host.templates }
    var loop: EventLoop { host.loop }

    /// What the hidden `devbox supervise` does: a sandbox's task, or a guest as long as it runs.
    public static func main() -> Never {
        SandboxHost.main { host, plan in try Supervisor(host, plan).run() }
    }

    private init(_ host: SandboxHost, _ plan: String) throws {
        self.host = host
        self.plan = try RecordFile.decode(LaunchPlan.self, from: Array(plan.utf8))
        files = GuestFiles(self.plan.guest, in: host.work)
        record = try RecordFile.read(GuestRecord.self, from: files.record)
    }

    private func run() throws -> Int32 {
        do {
            switch plan.mode {
            case .lxc: return try GuestLoop(self, runtime: LXCGuest(self)).run()
            case .kvm: return try GuestLoop(self, runtime: KVMGuest(self)).run()
            }
        } catch let crash as MachineCrash {
            host.send(.crashed(signal: crash.signal))
            return crash.exitCode.rawValue
        }
    }
}
