import ArgumentParser
import DevboxCore
import Guests
import Targets

/// The hidden other end of ssh-config's ProxyCommand: standard input and output become a connection to a guest's sshd.
struct SSHProxyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ssh-proxy", abstract: "Connect standard input and output to a guest's sshd.", shouldDisplay: false
    )

    @OptionGroup var options: GlobalOptions

    @Argument var guest: String

    func run() throws {
        do {
            throw ExitCode(try SSHConfig.proxy(guest, in: options.guests(), runner: options.runner))
        } catch let error as Failure where error.exitCode == .interrupted {
            // ssh ends its proxy with a signal when it is done; that is no error.
            throw ExitCode(error.exitCode.rawValue)
        }
    }
}
