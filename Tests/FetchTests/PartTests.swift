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
        // The days since a part grew, and since the notes on it were written: that is when it was begun.
        let parts: [(String, Int?, notes: Int?)] = [
            ("a", 2, nil), ("b", 2, 2), ("c", 40, 40), ("d", 0, nil), ("e", 1, 40), ("f", nil, 2),
        ]
        for (name, days, notes) in parts {
            for (end, days) in [("part", days), ("json", notes)] {
                guard let days else { continue }
                let file = folder.appending("\(name).\(end)")
                try Files.writeAtomically([1], to: file)
                try tool("touch", "-d", "\(days) days ago", file.string)
            }
        }
        try bed.publish("ltp-1-amd64.deb", FetchBed.deb(1))
        try bed.tree(bed.root.string, pattern: "{root}/")
        _ = try bed.fetch("ltp")
        #expect(try bed.parts() == ["b.json", "b.part", "d.part", "e.json", "e.part"])
    }
}
