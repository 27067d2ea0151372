import ArgumentParser
import DevboxCore

/// A size in bytes as typed: "1G", "512M".
struct Size: ExpressibleByArgument {
    let bytes: Int64

    init?(argument: String) {
        guard let bytes = ByteSize.parse(argument), bytes > 0 else { return nil }
        self.bytes = bytes
    }
}
