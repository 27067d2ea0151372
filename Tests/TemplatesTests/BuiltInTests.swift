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
}
