import DevboxCore
import Dumps
import Glibc

/// A guest's makedumpfile, and what it makes of the memory of newer kernels.
struct Makedumpfile: Sendable, Equatable {
    /// Its version, "1.7.2"; nil where it is none that says one.
    let version: String?

    init(version: String?) { self.version = version }

    /// Reads the version out of the program: it holds "version 1.7.2 (released on 20 Oct 2022)", see show_version() in makedumpfile.c.
    init(program: [UInt8]) {
        let mark = Array(" (released on ".utf8)
        version = program.withUnsafeBytes { bytes -> String? in
            guard let base = bytes.baseAddress else { return nil }
            var at = 0
            while let found = memchr(base + at, Int32(mark[1]), bytes.count - at) {
                let end = UnsafeRawPointer(found) - base - 1
                if end >= 0, bytes.count - end >= mark.count, memcmp(base + end, mark, mark.count) == 0 {
                    return Self.version(in: String(decoding: bytes[max(0, end - 40)..<end], as: UTF8.self))
                }
                at = end + 2
            }
            return nil
        }
    }

    /// - Parameter text: what `makedumpfile -v` says up to the date, or the same out of the program.
    init(words text: String) { version = Self.version(in: text.prefix(200)) }

    private static func version(in text: some StringProtocol) -> String? {
        guard let word = text.split(whereSeparator: \.isWhitespace).last, word.first?.isNumber == true,
            word.utf8.count < 32,
            word.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        return String(word)
    }

    /// No such program is larger, in bytes.
    static let mostBytes = 16 << 20

    /// In makedumpfile's option `-d`: pages of processes are left out. See makedumpfile(8).
    static let userPages = 8

    /// What the memory of kernels from a version on has to be read with. An older one takes pages of the slab allocator, or tails of
    /// compound pages, for a process's: it leaves them out at levels with `userPages`, and says "Completed". Source: makedumpfile's
    /// commits 5f17bdd, bad2a7c and f50c015.
    private static let needs: [(kernel: String, makedumpfile: String)] = [
        ("6.2", "1.7.3"), ("6.10", "1.7.6"), ("7.1", "1.8.0"),
    ]

    /// The version that a kernel needs in place of this one; nil where this one does, or at a level that spoils nothing.
    ///
    /// - Parameters:
    ///   - kernel: as in `uname -r`.
    ///   - level: the option `-d`, 0 to 31.
    func needed(for kernel: String, level: Int) -> String? {
        guard level & Self.userPages != 0,
            let need = Self.needs.last(where: { KernelVersion(kernel) >= KernelVersion($0.kernel) })
        else { return nil }
        // One that does not say its version may be any.
        guard let version, KernelVersion(version) >= KernelVersion(need.makedumpfile) else { return need.makedumpfile }
        return nil
    }

    /// A level that spoils the dump of none of these kernels: that which is wanted, or one that leaves processes' pages in.
    func level(_ wanted: Int, for kernels: [String]) -> Int {
        kernels.contains { needed(for: $0, level: wanted) != nil } ? wanted & ~Self.userPages : wanted
    }

    /// For messages.
    var name: String { version.map { "makedumpfile \(Names.printable($0))" } ?? "a makedumpfile of an unknown version" }

    /// The levels in MAKEDUMP_ARGS of /etc/default/kdump-tools, taken together: of several makedumpfile takes one.
    static func level(_ settings: ShellSettings) -> Int {
        let usual = 31
        switch settings.value(of: "MAKEDUMP_ARGS") {
        case nil, .text("")?, .notUnderstood?: return usual
        case .text(let arguments)?:
            let words = arguments.split(separator: " ")
            var level = 0
            for (index, word) in words.enumerated() where word.hasPrefix("-") && !word.hasPrefix("--") {
                guard let mark = word.firstIndex(of: "d") else { continue }
                let joined = word[word.index(after: mark)...]
                let value = joined.isEmpty && index + 1 < words.count ? words[index + 1] : joined
                // What cannot be read may be anything.
                for part in value.split(separator: ",") {
                    level |= Int(part).flatMap { (0...31).contains($0) ? $0 : nil } ?? usual
                }
            }
            return level
        }
    }
}
