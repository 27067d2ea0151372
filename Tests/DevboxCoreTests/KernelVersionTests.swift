import DevboxCore
import Testing

@Suite("The order of kernel versions")
struct KernelVersionTests {
    @Test(
        "the older comes first, and its candidates before a release",
        arguments: [
            ["6.12.0-rc1", "6.12.0-rc2", "6.12.0-rc10", "6.12.0", "6.12.1", "6.12.10"],
            ["v6.9", "v6.12-rc1", "v6.12-rc2-34-gabc", "v6.12-rc10", "v6.12", "v6.12.1", "v6.12.10"],
            ["6.12.0-rc1", "6.12.0-rc1-00045-g1234567", "6.12.0-rc1-00046-g0234567", "6.12.0-rc2", "6.12"],
            ["6.8.0-rc1", "6.8.0-rc1+", "6.8.0-rc1-mainline+", "6.8.0-rc2-mainline+", "6.8.0-mainline+"],
            ["6.1.0-9-amd64", "6.1.0-47-amd64", "6.12.1-amd64", "6.12.12-amd64"],
            ["5.15.0-9-generic", "5.15.0-91-generic", "5.15.0-101-generic", "6.8.0-31-generic"],
            ["6.12.9+deb12-amd64", "6.12.107+deb12-amd64", "6.12.107+deb13-amd64", "6.12.107+deb13-cloud-amd64"],
            ["6.11.10-amd64", "6.12~rc6-amd64", "6.12-rc7-amd64", "6.12.3-amd64"],
            ["6.12.0-1~exp1", "6.12.0-1", "6.12.0-1.1"], ["6.12.0-rc1-amd64", "6.12.0-amd64", "6.12.0-1-amd64"],
            ["4.8.0-rc5-amd64", "4.8.0-rc8-amd64", "4.8.0-trunk-amd64", "4.8.0-1-amd64", "4.8.0-2-amd64"],
            ["4.20.0-1-amd64", "4.20.0-8-amd64", "4.20.0-10-amd64", "4.20.0-11-amd64"],
            ["0-rescue-c1301f4b43894de3b590f3810f83fe1f", "3.10.0-1127.el7.x86_64"],
            // A branch's name that only begins like a candidate's.
            ["6.12.0", "6.12.0-rcu2"], ["6.12.0-0.rc1.20241002.fc42", "6.12.0-300.fc42"],
            // Numbers of any length.
            ["6.12-9999999999999999999999", "6.12-10000000000000000000000"], ["", "mainline", "4.19"],
        ])
    func order(versions: [String]) {
        for (index, low) in versions.enumerated() {
            for high in versions[(index + 1)...] {
                #expect(KernelVersion(low) < KernelVersion(high), "\(low) \(high)")
                #expect(!(KernelVersion(high) < KernelVersion(low)), "\(high) \(low)")
            }
            #expect(!(KernelVersion(low) < KernelVersion(low)))
        }
        #expect(versions.shuffled().map { KernelVersion($0) }.sorted().map(\.description) == versions)
    }

    @Test("versions are the same where their whole texts are, and any two others have an order")
    func whole() {
        #expect(KernelVersion("6.1.0-47-amd64") == KernelVersion("6.1.0-47-amd64"))
        let versions = ["6.1", "6.1.0", "6.1.00", "v6.1", "6.1.0-47-amd64", "6.1.0.47.amd64", "6.1.0-47-amd64-", "é"]
        for one in versions.map({ KernelVersion($0) }) {
            for other in versions.map({ KernelVersion($0) }) where one.description != other.description {
                #expect(one != other)
                #expect((one < other) != (other < one), "\(one) \(other)")
            }
        }
    }
}
