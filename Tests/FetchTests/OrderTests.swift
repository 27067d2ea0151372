import DevboxCore
import TestSupport
import Testing

@testable import Fetch

@Suite("Orders of packages", .timeLimit(.minutes(10)))
struct OrderTests {
    let bed: FetchBed

    init() throws {
        bed = try FetchBed()
        for (seed, package) in ["ltp", "ltp-dbg", "kselftest"].enumerated() {
            try bed.publish("2026-11-20/amd64/\(package)/\(package)-1-amd64.deb", FetchBed.deb(UInt64(seed)))
        }
        try bed.tree(bed.root.string)
    }

    private func queries(_ packages: String...) -> [BuildQuery] {
        packages.map { BuildQuery(package: $0, architecture: .amd64) }
    }

    @Test("what is named twice comes once, and each step is told")
    func twice() throws {
        var steps: [String] = []
        let fetched = try bed.fetcher().bring(FetchOrder(queries("ltp", "kselftest", "ltp"))) { step in
            switch step {
            case .found(let build): steps.append("found \(build.package)")
            case .fetched(let files, let failures): steps.append("fetched \(files.count), failed \(failures.count)")
            case .installed: steps.append("installed")
            case .transfers: break
            }
        }
        #expect(steps == ["found ltp", "found kselftest", "fetched 2, failed 0"])
        #expect(fetched.map(\.record.package) == ["ltp", "kselftest"] && !fetched.contains { $0.wasThere })
        #expect(try bed.published() == ["kselftest-1-amd64.deb", "ltp-1-amd64.deb"])
    }

    @Test("one that fails is told and thrown, with the others in their places")
    func failing() throws {
        try bed.publish("2026-11-20/amd64/kselftest/kselftest-1-amd64.deb", Array("<html>".utf8), sums: false)
        var told: (files: Int, failures: Int)?
        let error = reported {
            try bed.fetcher().bring(FetchOrder(queries("ltp", "kselftest"))) { step in
                if case .fetched(let files, let failures) = step { told = (files.count, failures.count) }
            }
        }
        #expect(error?.exitCode == .badInput)
        #expect(told?.files == 1 && told?.failures == 1)
        #expect(try bed.published() == ["ltp-1-amd64.deb"])
    }

    @Test("what is not there ends the order before anything is fetched")
    func missing() throws {
        #expect(reported { try bed.fetcher().bring(FetchOrder(queries("ltp", "none"))) }?.exitCode == .notFound)
        #expect(try bed.published().isEmpty)
    }
}
