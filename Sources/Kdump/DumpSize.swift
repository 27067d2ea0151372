/// How large a dump may become.
enum DumpSize {
    /// What of a machine's memory is left in a dump, before it is compressed: an upper bound.
    ///
    /// - Parameters:
    ///   - level: what makedumpfile leaves out, see makedumpfile(8): 2 and 4 the page cache, 8 user memory, 16 free pages.
    ///   - meminfo: /proc/meminfo of the running guest, in bytes; see proc(5).
    static func bound(level: Int, meminfo: [String: Int64]) -> Int64? {
        guard let total = meminfo["MemTotal"] else { return nil }
        func value(_ name: String) -> Int64 { meminfo[name] ?? 0 }
        var rest = total
        if level & 16 != 0 { rest -= value("MemFree") }
        if level & 6 == 6 { rest -= value("Cached") + value("Buffers") + value("SwapCached") - value("Shmem") }
        if level & 8 != 0 { rest -= value("AnonPages") }
        // The kernel's own image is not in MemTotal, and free pages are not when it panics what they are now.
        return max(rest, 0) + 64 << 20
    }

    /// The same for a guest that does not run, by its memory in bytes: an idle Debian's kernel has less than an eighth of it.
    static func bound(level: Int, memory: Int64) -> Int64 { level & 16 != 0 ? memory / 8 : memory }

    /// Reads /proc/meminfo.
    static func meminfo(_ text: some StringProtocol) -> [String: Int64] {
        var result: [String: Int64] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count >= 2, words[0].hasSuffix(":"), let kilobytes = Int64(words[1]),
                (0..<1 << 40).contains(kilobytes)
            {
                result[String(words[0].dropLast())] = kilobytes << 10
            }
        }
        return result
    }
}
