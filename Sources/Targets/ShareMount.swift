import DevboxCore
import HostTools
import Templates

/// The share at /work of virtual machines whose disk was not made by devbox and knows nothing of it.
enum ShareMount {
    /// What mounts it in devbox's own images.
    static let unit = "/etc/systemd/system/work.mount"

    /// Mounts it in a running machine. One whose kernel has no 9p, a distribution's cloud kernel say, is of use without it.
    static func mount(in target: any Target, templates: Templates, console: Console) {
        let result = Result { try target.ask(templates.shell("target/mount-share.sh"), limit: .seconds(60)) }
        switch result {
        case .success(let result) where result.isSuccess: return
        case .success(let result):
            console.warn("\(target.name) does not see the share at /work: \(Names.printable(result.complaint))")
        case .failure(let error): console.warn("\(target.name) does not see the share at /work: \(error)")
        }
    }
}
