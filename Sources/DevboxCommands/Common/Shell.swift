import ArgumentParser
import DevboxCore
import SystemPackage

/// A shell that completes devbox's commands and names.
enum Shell: String, CaseIterable, ExpressibleByArgument, Encodable {
    case bash, zsh, fish

    /// What makes the shell do so: a script of its own language.
    var script: String {
        switch self {
        case .bash: DevboxCommand.completionScript(for: .bash)
        case .zsh: DevboxCommand.completionScript(for: .zsh)
        case .fish: DevboxCommand.completionScript(for: .fish)
        }
    }

    /// Where a user's shell looks for the script: bash-completion's README, zshcompsys(1) and fish-completions(7) say so.
    ///
    /// - Parameters:
    ///   - environment: the user's.
    ///   - home: the user's home directory.
    func file(environment: [String: String], home: String) -> FilePath {
        func folder(_ variable: String, else usual: String) -> FilePath {
            // One that is empty or relative is to be passed over, says the XDG Base Directory Specification.
            let given = environment[variable].flatMap { $0.hasPrefix("/") ? $0 : nil }
            return FilePath(given ?? "\(home)/\(usual)")
        }
        let data = folder("XDG_DATA_HOME", else: ".local/share")
        switch self {
        case .bash:
            let own = environment["BASH_COMPLETION_USER_DIR"].flatMap { $0.hasPrefix("/") ? FilePath($0) : nil }
            return (own ?? data.appending("bash-completion")).appending("completions/devbox")
        case .zsh: return data.appending("zsh/site-functions/_devbox")
        case .fish: return folder("XDG_CONFIG_HOME", else: ".config").appending("fish/completions/devbox.fish")
        }
    }

    /// What the user has to do besides; nil where the shell finds the file by itself.
    func remark(on file: FilePath) -> String? {
        guard self == .zsh else { return nil }
        return "zsh looks there with this line in ~/.zshrc, above the one with compinit: "
            + "fpath=(\(file.removingLastComponent()) $fpath)"
    }
}
