import ArgumentParser
import DevboxCore
import FoundationEssentials
import Guests
import Images

struct ImageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "image", abstract: "Build, import, list, show, trust and remove base images.",
        discussion: """
            EXAMPLES:
              devbox image build
              devbox image list
            """,
        subcommands: [
            ImageBuildCommand.self, ImageImportCommand.self, ImageListCommand.self, ImageShowCommand.self,
            ImageTrustCommand.self, ImageRemoveCommand.self,
        ])
}

/// Lines of a label and a text, with the texts below each other.
func labelled(_ lines: [(String, String)]) -> String {
    let width = lines.map(\.0.count).max() ?? 0
    return lines.map { label, value in
        "\(label):\(String(repeating: " ", count: width - label.count + 2))\(Names.printable(value))"
    }.joined(separator: "\n")
}
