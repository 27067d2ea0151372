import ArgumentParser
import DevboxCore
import Guests
import Targets

struct SSHConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ssh-config", abstract: "Print what makes plain `ssh GUEST`, scp and editors work.",
        discussion: """
            Each guest, running or not, is a host of ssh_config(5). Connections go through devbox, so the text stays true when a \
            guest is started anew, and in both modes. The host keys are known in advance.

            EXAMPLES:
              devbox ssh-config > ~/.ssh/devbox.conf   and `Include devbox.conf` at the
                                           top of ~/.ssh/config
              devbox ssh-config bug-4711 > bug.conf && scp -F bug.conf t.c bug-4711:
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(help: "The guests; without one all of them.", completion: NameCompletion.guests)
    var guests: [String] = []

    func run() throws {
        let store = try options.guests()
        let names = guests.isEmpty ? try store.names() : guests
        Console.print(try names.map { try SSHConfig.entry(for: store.load($0), in: store) }.joined(separator: "\n"))
    }
}
