/// What a kernel's messages say of the kernel, as long as the first of them have not been overwritten.
public struct BootFacts: Sendable {
    /// As in `uname -r`.
    public let kernel: String?
    /// What it was started with.
    public let commandLine: String?

    /// They are among the first; the whole buffer may have megabytes.
    private static let linesSearched = 2000

    /// - Parameter messages: the kernel's messages, oldest first.
    public init(_ messages: [UInt8]) {
        var (kernel, commandLine): (String?, String?)
        for line in LogReader(messages).prefix(Self.linesSearched) where line.prefix.source != .program {
            if kernel == nil, let version = line.text.rest(behind: "Linux version ")?.firstWord {
                kernel = (1..<65).contains(version.utf8.count) ? version : nil
            }
            if commandLine == nil, let arguments = line.text.rest(behind: "Kernel command line: ") {
                commandLine = String(decoding: arguments, as: UTF8.self)
            }
            if kernel != nil, commandLine != nil { break }
        }
        (self.kernel, self.commandLine) = (kernel, commandLine)
    }
}
