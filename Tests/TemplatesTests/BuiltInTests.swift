import DevboxCore
import Foundation
import SystemPackage
import Testing

@testable import Templates

@Suite("The templates in the program")
struct BuiltInTests {
    private static let checkout = FilePath(#filePath).removingLastComponent().pushing("../..").lexicallyNormalized()

    /// Paths of the files below a folder, relative to it.
    private static func files(below folder: String) throws -> [String] {
        let base = checkout.appending(folder).string
        return try FileManager.default.subpathsOfDirectory(atPath: base).filter { path in
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: "\(base)/\(path)", isDirectory: &isFolder)
                && !isFolder.boolValue
        }
    }

    @Test("every file of templates/ is among them, as it stands there; `make templates` writes the list anew")
    func complete() throws {
        let files = try Self.files(below: "templates")
        #expect(files.count > 40)
        #expect(try Set(Templates.builtIn.files()) == Set(files))
        for file in files {
            let bytes = try Files.read(Self.checkout.appending("templates/\(file)"), limit: 1 << 20)
            #expect(!bytes.contains(0), "\(file): a text has no NUL")
            #expect(try Array(Templates.builtIn.text(file).utf8) == bytes, "\(file)")
        }
    }

    @Test("every shell script that is handed to a shell has its user in the code, and says what its arguments are")
    func scripts() throws {
        let scripts = try Templates.builtIn.files().filter { $0.hasSuffix(".sh") }
        var named: Set<String> = []
        for file in try Self.files(below: "Sources") where file.hasSuffix(".swift") {
            let text = try Files.text(Self.checkout.appending("Sources/\(file)"))
            // HostTools has the host's shell begin a process in a namespace, and knows no templates.
            if !file.hasPrefix("HostTools/"), !file.hasPrefix("Templates/") {
                #expect(!text.contains(#"sh", "-c""#), "\(file) has a shell script of its own")
            }
            named.formUnion(text.components(separatedBy: "\"").filter { $0.hasSuffix(".sh") && !$0.contains(" ") })
        }
        #expect(Set(scripts) == named)
        for script in scripts {
            let lines = try Templates.builtIn.text(script).split(separator: "\n")
            #expect(lines.first == "#!/bin/sh", "\(script)")
            #expect(lines.contains { $0.hasPrefix("# Arguments: ") || $0.hasPrefix("# No arguments.") }, "\(script)")
        }
    }

    @Test("a script becomes words of a command line: its text without the comment at its head, then its arguments")
    func shell() throws {
        let words = try Templates.builtIn.shell("kdump/write-files.sh", ["0", "/a b"])
        #expect(words[0...1] == ["/bin/sh", "-c"] && words[3...] == ["sh", "0", "/a b"])
        #expect(words[2].hasPrefix("set -e\n") && words[2].hasSuffix("\nsync"))
    }
}
