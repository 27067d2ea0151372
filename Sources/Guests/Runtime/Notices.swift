import DevboxCore
import Stores

/// Things that are said once in the life of a work directory, and not at every command of a script.
public enum Notices {
    /// Says something, unless it was said before.
    ///
    /// - Parameter key: what it is remembered by, in cache/notices/.
    public static func once(_ key: String, work: WorkDirectory, console: Console, _ text: () -> String) {
        let notices = Cache(.notices, in: work, keeping: CacheBounds(count: 1000))
        // What `--quiet` keeps back has not been said.
        if console.level == .quiet || notices.bytes(key) != nil { return }
        console.say(text())
        // A notice that cannot be remembered is said again.
        try? notices.keep([], as: key)
    }
}
