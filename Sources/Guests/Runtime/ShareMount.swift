import HostTools

/// The share at /work of virtual machines whose disk was not made by devbox and knows nothing of it.
enum ShareMount {
    /// What mounts it in devbox's own images.
    static let unit = "/etc/systemd/system/work.mount"

    /// A constant text.
    private static let script = """
        mkdir -p /work && { mountpoint -q /work || { modprobe 9pnet_virtio; modprobe 9p; \
        mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,access=any,cache=mmap,nosuid,nodev work /work; } }
        """

    /// Mounts it in a running machine. One whose kernel has no 9p, a distribution's cloud kernel say, is of use without it.
    static func mount(in guest: RunningGuest, runner: Runner) {
        let result = Result {
            try runner.attempt(guest.command(["/bin/sh", "-c", script], terminal: false), limit: .seconds(60))
        }
        switch result {
        case .success(let output) where output.status.isSuccess: return
        case .success(let output):
            runner.console.warn("\(guest.record.name) does not see the share at /work: \(output.complaint)")
        case .failure(let error): runner.console.warn("\(guest.record.name) does not see the share at /work: \(error)")
        }
    }
}
