import ArgumentParser
import DevboxCore
import Guests
import Kernels

struct KernelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kernels",
        abstract: "List a guest's installed kernels, which one starts next, and where their symbols are.",
        discussion: """
            SYMBOLS is the folder of the debug store, as guests see it, that holds the kernel's vmlinux; `devbox install-kernel --debug` \
            puts it there.

            EXAMPLES:
              devbox kernels bug-4711
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(help: "The guest.", completion: NameCompletion.guests)
    var guest: String

    func run() throws {
        let kernels = try KernelInventory(options.guests(), runner: options.runner).kernels(of: guest)
        var table = Table("VERSION", "NEXT", "PACKAGE", "SYMBOLS")
        for kernel in kernels {
            let package = kernel.package.map { "\($0.name) \($0.version)" } ?? kernel.owners?.joined(separator: " ")
            table.add(
                kernel.version, kernel.startsNext ? "*" : nil, package?.isEmpty == true ? nil : package, kernel.symbols)
            if let obstacle = kernel.obstacle {
                options.console.warn("\(kernel.version) cannot start as a virtual machine: \(obstacle)")
            }
        }
        try options.print(kernels, table.text)
    }
}
