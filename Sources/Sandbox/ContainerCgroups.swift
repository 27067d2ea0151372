import DevboxCore
import Glibc
import SystemPackage

/// The cgroups that LXC makes for a container below devbox/ and leaves behind when it is killed.
public enum ContainerCgroups {
    /// Where they are in a sandbox, which has the version 2 tree in the usual place.
    public static let enclosed = FilePath("/sys/fs/cgroup/devbox")

    /// Where they are outside of sandboxes: in every version 2 tree that is mounted; nowhere where none is.
    public static var trees: [FilePath] {
        let mounts = (try? Files.text("/proc/self/mounts")) ?? ""
        let tops = mountPoints(in: mounts).map { FilePath($0) } + [DelegatedCgroup.own].compactMap(\.self)
        var seen: Set<FilePath> = []
        return tops.map { $0.appending("devbox") }.filter { Files.exists($0) && seen.insert($0).inserted }
    }

    /// The mount points of version 2 trees in the text of /proc/self/mounts; see proc(5).
    package static func mountPoints(in mounts: String) -> [String] {
        mounts.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            return fields.count > 2 && fields[2] == "cgroup2" ? String(fields[1]) : nil
        }
    }

    /// Removes a container's, which no process is in any more; the kernel refuses it where one is.
    public static func remove(_ container: String, in top: FilePath = enclosed) {
        removeEmpty(top.appending(container))
        rmdir(top.string)
    }

    private static func removeEmpty(_ path: FilePath) {
        for name in (try? Files.list(path)) ?? [] {
            let child = path.appending(name)
            if let status = try? Files.status(child), status.st_mode & S_IFMT == S_IFDIR { removeEmpty(child) }
        }
        rmdir(path.string)
    }
}
