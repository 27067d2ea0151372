import DevboxCore
import SystemPackage
import TestSupport
import Testing

@testable import Fetch

@Suite("Parts of downloads")
struct PartTests {
    let bed: FetchBed

    init() throws { bed = try FetchBed() }

    @Test("what nobody will go on with goes: old parts without notes, and those that nobody has asked for in a month")
    func oldParts() throws {
        let folder = bed.work.cache(.downloads)
        try bed.work.own(folder, mode: 0o700)
        for (name, days, hasNotes) in [("a", 2, false), ("b", 2, true), ("c", 40, true), ("d", 0, false)] {
            for end in ["part"] + (hasNotes ? ["json"] : []) {
                let file = folder.appending("\(name).\(end)")
                try Files.writeAtomically([1], to: file)
                try tool("touch", "-d", "\(days) days ago", file.string)
            }
        }
        try bed.publish("ltp-1-amd64.deb", FetchBed.deb(1))
        try bed.tree(bed.root.string, pattern: "{root}/")
        _ = try bed.fetch("ltp")
        #expect(try bed.parts() == ["b.json", "b.part", "d.part"])
    }
}
