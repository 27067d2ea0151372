import DevboxCore
import SystemPackage

/// Things that are said once in the life of a work directory, and not at every command of a script.
public enum Notices {
    /// Says something, unless it was said before.
    ///
    /// - Parameter key: what it is remembered by, in cache/notices/.
    public static func once(_ key: String, work: WorkDirectory, console: Console, _ text: () -> String) {
        let folder = work.cache.appending("notices")
        let mark = folder.appending(key)
        // What `--quiet` keeps back has not been said.
        if console.level == .quiet || Files.exists(mark) { return }
        console.say(text())
        // A notice that cannot be remembered is said again.
        try? work.own(folder, mode: 0o700)
        try? Files.writeAtomically([], to: mark)
        try? work.give(mark)
    }
}
