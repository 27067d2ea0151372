import DevboxCore
import Glibc
import Sandbox
import SystemPackage
import TestSupport
import Testing

extension IntegrationTests {
    @Suite("How often a guest's record is read", .serialized)
    struct RecordReadTests {
        let bed: TestBed

        init() throws { bed = try TestBed.shared.get() }

        @Test("exec in a stopped guest reads the record once", arguments: SandboxKind.allCases)
        func exec(_ kind: SandboxKind) throws {
            try bed.withGuest("reads") { guest in
                let opened = try opens(in: bed.files(guest).path) {
                    try bed.run(in: kind, "exec", guest, "--", "true").succeeded()
                }
                #expect(opened.filter { $0 == "guest.json" }.count == 1, "\(opened)")
            }
        }

        /// The names in a folder of what is opened while `body` runs, as often as it is; see inotify(7).
        private func opens(in folder: FilePath, while body: () throws -> Void) throws -> [String] {
            let watch = FileDescriptor(rawValue: inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC)))
            defer { try? watch.close() }
            try posix("watch \(folder)") { inotify_add_watch(watch.rawValue, folder.string, UInt32(IN_OPEN)) }
            try body()
            var names: [String] = []
            var buffer = [UInt8](repeating: 0, count: 64 << 10)
            while true {
                let count = buffer.withUnsafeMutableBytes { read(watch.rawValue, $0.baseAddress, $0.count) }
                if count <= 0 { return names }
                var offset = 0
                while offset < count {
                    // wd, mask, cookie and the name's length, then the name with NULs behind it.
                    let length = buffer[(offset + 12)..<(offset + 16)].reversed().reduce(0) { $0 << 8 | Int($1) }
                    let name = buffer[(offset + 16)..<(offset + 16 + length)].prefix { $0 != 0 }
                    names.append(String(decoding: name, as: UTF8.self))
                    offset += 16 + length
                }
            }
        }
    }
}
