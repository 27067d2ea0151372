/// What a kernel's messages say of the kernel, as long as the first of them have not been overwritten.
struct MessageFacts {
    /// As in `uname -r`.
    let kernel: String?
    /// What it was started with.
    let commandLine: String?

    /// They are among the first; the whole buffer may have megabytes.
    private static let linesSearched = 2000

    init(_ messages: [UInt8]) {
        var (kernel, commandLine): (String?, String?)
        for line in messages.split(separator: 10, maxSplits: Self.linesSearched).prefix(Self.linesSearched) {
            let text = String(decoding: line.prefix(8192), as: UTF8.self)
            if kernel == nil, let found = Self.rest(text, behind: "Linux version ") {
                kernel = found.split(separator: " ").first.flatMap { $0.utf8.count < 65 ? String($0) : nil }
            }
            if commandLine == nil { commandLine = Self.rest(text, behind: "Kernel command line: ") }
        }
        (self.kernel, self.commandLine) = (kernel, commandLine)
    }

    /// What follows some words that stand right behind a line's time.
    private static func rest(_ line: String, behind words: String) -> String? {
        let text = line.hasPrefix("[") ? line.drop { $0 != "]" }.dropFirst(2) : line[...]
        return text.hasPrefix(words) ? String(text.dropFirst(words.count)) : nil
    }
}
