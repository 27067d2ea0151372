import DevboxCore
import Glibc
import HostTools
import SystemPackage

/// The bridge that a container's network is attached to.
enum Bridge {
    /// The one that is asked for, or lxcbr0 where the host has it; nil is no network, which is said.
    /// An ordinary user's container has none.
    static func choose(_ wanted: String?, console: Console) throws -> String? {
        guard isRoot else {
            if wanted != nil {
                throw Failure(
                    .needsRoot, "only root can hang a container on a bridge",
                    hint: "start it without --bridge, or with sudo")
            }
            console.say("an ordinary user's container has no network")
            return nil
        }
        if let wanted {
            guard isBridge(wanted) else {
                throw Failure(
                    .notFound, "the host has no bridge \(Names.printable(wanted))",
                    hint: "`ip link show type bridge` lists them")
            }
            return wanted
        }
        if isBridge("lxcbr0") { return "lxcbr0" }
        console.say("the host has no bridge lxcbr0: the container has no network (--bridge names another)")
        return nil
    }

    private static func isBridge(_ name: String) -> Bool {
        !name.isEmpty && !name.contains("/") && Files.exists(FilePath("/sys/class/net/\(name)/bridge"))
    }
}
