import DevboxCore
import Glibc
import SystemPackage

/// The version 2 cgroup that a process is in. Where its user may make others in it, it is delegated, whoever did that; see "Delegation" in
/// the kernel's cgroup-v2 document.
public enum DelegatedCgroup {
    /// The folder of the one that this process is in; nil where no version 2 tree with it is mounted.
    public static var own: FilePath? {
        folders(of: text("/proc/self/cgroup"), mountinfo: text("/proc/self/mountinfo")).first(where: Files.exists)
    }

    /// Whether this process's own is the user's to make others in.
    public static var isOwn: Bool { own.map(isDelegated) ?? false }

    /// Whether the user may make cgroups in a folder, move processes to them and give them controllers.
    package static func isDelegated(_ folder: FilePath) -> Bool {
        access(folder.string, W_OK | X_OK) == 0
            && ["cgroup.procs", "cgroup.subtree_control"].allSatisfy {
                access(folder.appending($0).string, W_OK) == 0
            }
    }

    /// Whether this process may move others of its cgroup to cgroups below that of another process: the user has to be allowed to write
    /// to the nearest that both are in.
    public static func canMove(to process: pid_t) -> Bool {
        guard let from = path(in: text("/proc/self/cgroup")), let to = path(in: text("/proc/\(process)/cgroup")) else {
            return false
        }
        return folders(of: "0::\(nearest(from, to))", mountinfo: text("/proc/self/mountinfo")).contains {
            access($0.appending("cgroup.procs").string, W_OK) == 0
        }
    }

    /// Where the cgroup of a process can be: a folder for each version 2 tree that is mounted and has it in it.
    ///
    /// - Parameters:
    ///   - cgroup: the text of /proc/PID/cgroup; see cgroups(7).
    ///   - mountinfo: the text of /proc/self/mountinfo; see proc(5).
    package static func folders(of cgroup: String, mountinfo: String) -> [FilePath] {
        guard let path = path(in: cgroup) else { return [] }
        return mountinfo.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            guard let dash = fields.firstIndex(of: "-"), fields.count > dash + 1, fields[dash + 1] == "cgroup2" else {
                return nil
            }
            var names = FilePath(path).components[...]
            for component in FilePath(String(fields[3])).components {
                guard names.first == component else { return nil }
                names = names.dropFirst()
            }
            return FilePath(String(fields[4])).appending(names)
        }
    }

    /// The version 2 path in the text of /proc/PID/cgroup.
    package static func path(in cgroup: String) -> String? {
        cgroup.split(separator: "\n").first { $0.hasPrefix("0::/") }.map { String($0.dropFirst(3)) }
    }

    /// The nearest cgroup that two others are in.
    package static func nearest(_ one: String, _ other: String) -> String {
        let common = zip(FilePath(one).components, FilePath(other).components).prefix { $0 == $1 }.map(\.0)
        return FilePath("/").appending(common).string
    }

    private static func text(_ file: String) -> String { (try? Files.text(FilePath(file))) ?? "" }
}
