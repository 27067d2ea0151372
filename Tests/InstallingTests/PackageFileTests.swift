import DevboxCore
import TestSupport
import Testing

@testable import Installing

@Suite("Package files that a user names")
struct PackageFileTests {
    @Test("one that is named twice, or lies in a folder that is named too, counts once; two of one version are refused")
    func twice() throws {
        let scratch = try ScratchDirectory()
        let package = TestPackage("hello")
        let file = try package.pack(in: scratch).string
        #expect(try PackageFile.open([file, file]).count == 1)
        #expect(try PackageFile.open([scratch.path.string, file]).count == 1)
        let other = try ScratchDirectory()
        var changed = package
        changed.files["etc/other"] = "x"
        let second = try changed.pack(in: other).string
        let error = reported { _ = try PackageFile.open([file, second]) }
        #expect(error?.exitCode == .badInput && error?.message.contains(file) == true)
        #expect(error?.message.contains(second) == true)
    }
}
