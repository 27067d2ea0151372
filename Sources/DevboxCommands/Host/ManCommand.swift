import ArgumentParser
import DevboxCore
import SystemPackage

struct ManCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "man", abstract: "Print a page of the manual, or write all of them where man(1) finds them.",
        discussion: """
            `make install` puts the pages where all users find them. man(1) looks into ~/.local/share/man where ~/.local/bin is in \
            your PATH.

            EXAMPLES:
              devbox man exec | man -l -
              devbox man image build | man -l -
              devbox man --to ~/.local/share/man/man1
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(help: "The words of a command; devbox itself without any.")
    var command: [String] = []

    @Option(
        help: ArgumentHelp("Write all pages into this folder, made where it is missing.", valueName: "folder"),
        completion: .directory)
    var to: String?

    func validate() throws {
        if to?.isEmpty == true { throw ValidationError("--to needs a folder") }
        if to != nil, !command.isEmpty { throw ValidationError("--to writes all pages: no command goes with it") }
    }

    func run() throws {
        let pages = try ManualPage.all()
        if let to {
            let folder = Files.currentDirectory.pushing(FilePath(to)).lexicallyNormalized()
            try Files.makeDirectory(folder)
            for page in pages {
                try Files.writeAtomically(
                    Array(page.text.utf8), to: folder.appending("\(page.name).1"), mode: 0o644, isDurable: false)
            }
            options.console.say("\(pages.count) pages are in \(folder)")
            return try options.print(pages.map { folder.appending("\($0.name).1").string }, "")
        }
        let name = (["devbox"] + command.drop { $0 == "devbox" }).joined(separator: "-")
        guard let page = pages.first(where: { $0.name == name }) else {
            throw Failure(
                .notFound, "there is no page of '\(Names.printable(command.joined(separator: " ")))'",
                hint: "`devbox --help` lists the commands")
        }
        try options.print(["name": page.name, "text": page.text], page.text)
    }
}
