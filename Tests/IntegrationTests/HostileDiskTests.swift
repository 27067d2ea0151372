import DevboxCore
import Glibc
import HostTools
import SystemPackage
import TestSupport
import Testing

extension IntegrationTests {
    /// File systems that a hostile guest may have made of its own disk. All 50 of them are tried by `make test-hostile`.
    @Suite("Hostile file systems in an appliance", .serialized)
    struct HostileDiskTests {
        let bed: TestBed
        private static let isWhole = getenv("DEVBOX_TEST_HOSTILE") != nil
        /// The few are of every place and every way.
        private static let numbers = isWhole ? Array(0..<50) : Array(5..<13)

        init() throws { bed = try TestBed.shared.get() }

        @Test("end the appliance at most: a reason, in time, and nothing on the host")
        func hostile() throws {
            let scratch = try ScratchDirectory()
            let image = "hostile-\(String(UInt32.random(in: .min ... .max), radix: 36))"
            let guest = "\(image)-a"
            defer {
                for name in [guest, "\(guest)-2"] { _ = try? bed.run("remove", "-qf", name) }
                _ = try? bed.run("image", "remove", image)
            }
            // With checksums damage is seen at once; without them it is believed.
            let disks = try [
                TinySystem.make(in: scratch, "sums"),
                TinySystem.make(in: scratch, "plain", options: ["-O", "^metadata_csum"]),
            ]
            try bed.run("image", "import", disks[1].string, "--name", image).succeeded()
            try bed.run("clone", image, guest).succeeded()
            // Its disk is no longer the image's.
            try bed.run("exec", guest, "--", "true").succeeded()
            let package = try TestPackage("harmless").pack(in: scratch)
            for number in Self.numbers {
                var random = TestRandom(seed: UInt64(number) &+ 1)
                let raw = scratch("damaged.raw")
                try tool("cp", "--sparse=always", disks[number / 5 % 2].string, raw.string)
                let place = Place.allCases[number % Place.allCases.count]
                try place.damage(raw, &random)
                let way = Way.allCases[(number / Place.allCases.count + number) % Way.allCases.count]
                try put(raw, into: guest, image)
                try check(way, guest, package, scratch, what: "\(number): \(place), \(way)")
            }
        }

        /// What the damaged disk is met by.
        private enum Way: CaseIterable { case exec, copyOut, copyIn, install, clone }

        private func check(
            _ way: Way, _ guest: String, _ package: FilePath, _ scratch: ScratchDirectory, what: String
        ) throws {
            let host = try HostState(of: bed)
            let walk =
                "ls -lR / >/dev/null; cat /etc/* /usr/share/doc/*/*/* >/dev/null; echo x >/etc/new; rm -r /usr; mkdir /opt/a; sync"
            let words =
                switch way {
                case .exec: ["exec", "--timeout", "20", guest, "--", "sh", "-c", walk]
                case .copyOut: ["cp", "\(guest):/usr/share", scratch("out").string]
                case .copyIn: ["cp", scratch("plain-root").string, "\(guest):/root/in"]
                case .install: ["install", "--timeout", "20", guest, package.string]
                case .clone: ["clone", guest, "\(guest)-2"]
                }
            let begin = ContinuousClock.now
            let result = try bed.run(words, limit: .seconds(120))
            let took = ContinuousClock.now - begin
            let status = result.status
            print("hostile \(what): \(status) in \(took.inWords): \(result.err.split(separator: "\n").first ?? "")")
            // Beside devbox's own: the limit, the command's status, that of a program of the guest, and what is not there.
            let own: Set<Int32> =
                switch way {
                case .exec: [0, 1, 2, 122, 125, 126, 127]
                default: [0, 1, 65, 66, 125]
                }
            #expect(own.contains(status), "\(what): \(status): \(result.err)")
            if case .signalled(let signal) = result.output.status {
                Issue.record("\(what): devbox ended with signal \(signal)")
            }
            #expect(status == 0 || !result.err.isEmpty, "\(what): no reason for \(status)")
            #expect(!result.err.contains("Fatal error"), "\(what): \(result.err)")
            #expect(took < .seconds(90), "\(what) took \(took)")
            try host.waitUntilBack()
            try? Files.removeTree(scratch("out"))
            if way == .clone { _ = try bed.run("remove", "-qf", "\(guest)-2") }
        }

        /// Makes a raw disk a stopped guest's.
        private func put(_ raw: FilePath, into guest: String, _ image: String) throws {
            let disk = try bed.files(guest).disk
            try tool(
                "qemu-img", "convert", "-f", "raw", "-O", "qcow2", "-B", "../../images/\(image)/disk.qcow2", "-F",
                "qcow2",
                raw.string, disk.string)
        }

        /// Where a file system is damaged.
        enum Place: CaseIterable {
            case superblock, descriptors, inodes, extents, directories, journal, bitmaps, everywhere

            /// Damages a file system of blocks of 1024 bytes.
            func damage(_ raw: FilePath, _ random: inout TestRandom) throws {
                let file = try FileDescriptor.open(raw, .readWrite)
                defer { try? file.close() }
                let size = Int64(try Files.status(raw).st_size)
                func write(_ bytes: [UInt8], at offset: Int64) throws {
                    _ = try file.writeAll(toAbsoluteOffset: offset, bytes)
                }
                func damage(_ range: Range<Int64>, times: Int) throws {
                    for _ in 0..<times {
                        let offset = Int64.random(in: range, using: &random)
                        // Bits, small numbers, and large ones: each is believed by something else.
                        let bytes: [UInt8] =
                            switch Int.random(in: 0..<4, using: &random) {
                            case 0: [UInt8.random(in: 0...255, using: &random)]
                            case 1: [0xFF, 0xFF, 0xFF, 0x7F]
                            case 2: [0, 0, 0, 0]
                            default: random.bytes(8)
                            }
                        try write(bytes, at: offset)
                    }
                }
                let blocks = try Layout(raw)
                switch self {
                // Of the superblock what is behind its magic number, so that it is looked at further.
                case .superblock: try damage(1024 + 60..<2048, times: 12)
                case .descriptors: try damage(2048..<2048 + 128, times: 6)
                case .inodes: try damage(blocks.inodes, times: 60)
                case .extents:
                    for _ in 0..<12 {
                        let inode = Int64.random(in: 10..<60, using: &random)
                        let start = blocks.inodes.lowerBound + inode * blocks.inodeSize + 40
                        try damage(start..<start + 56, times: 2)
                    }
                case .directories:
                    for block in blocks.directories { try damage(block * 1024..<block * 1024 + 512, times: 4) }
                case .journal:
                    // It is to be replayed: the first flag of s_feature_incompat that says so.
                    var flags = [UInt8](repeating: 0, count: 1)
                    _ = try flags.withUnsafeMutableBytes { try file.read(fromAbsoluteOffset: 1024 + 0x60, into: $0) }
                    try write([flags[0] | 4], at: 1024 + 0x60)
                    let start = blocks.journal * 1024
                    try damage(start + 12..<start + 512, times: 6)
                    // A transaction: descriptor block, sequence 1, and what it says of blocks.
                    try write([0xC0, 0x3B, 0x39, 0x98, 0, 0, 0, 1, 0, 0, 0, 1] + random.bytes(500), at: start + 1024)
                    try write([0, 0, 0, 1, 0, 0, 0, 1], at: start + 24)
                case .bitmaps: try damage(blocks.bitmaps, times: 200)
                case .everywhere: try damage(1024 + 60..<size / 4, times: 4000)
                }
            }
        }

        /// Where the parts of a file system are, as dumpe2fs(8) and debugfs(8) say.
        struct Layout {
            let inodes: Range<Int64>
            let inodeSize: Int64
            let directories: [Int64]
            let journal: Int64
            let bitmaps: Range<Int64>

            init(_ raw: FilePath) throws {
                let text = try tool("dumpe2fs", raw.string)
                func number(behind words: String) throws -> Int64 {
                    let rest = try #require(text.firstRange(of: words)).upperBound
                    return try #require(Int64(text[rest...].drop { !$0.isNumber }.prefix { $0.isNumber }))
                }
                let table = try number(behind: "Inode table at ") * 1024
                inodeSize = try number(behind: "Inode size:")
                inodes = table..<table + 100 * inodeSize
                let bitmap = try number(behind: "Block bitmap at ") * 1024
                bitmaps = bitmap..<bitmap + 2048
                func blocks(_ file: String) throws -> [Int64] {
                    try tool("debugfs", "-R", "blocks \(file)", raw.string).split(whereSeparator: \.isWhitespace)
                        .compactMap { Int64($0) }
                }
                directories = try ["/", "/etc", "/bin", "/usr", "/var/lib/dpkg"].flatMap(blocks)
                journal = try #require(blocks("<8>").first { $0 > 0 })
            }
        }
    }
}
