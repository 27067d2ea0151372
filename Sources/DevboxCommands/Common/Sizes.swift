import ArgumentParser
import DevboxCore

/// A size in bytes as typed: "1G", "512M".
struct Size: ExpressibleByArgument {
    let bytes: Int64

    init?(argument: String) {
        guard let bytes = ByteSize.parse(argument), bytes > 0 else { return nil }
        self.bytes = bytes
    }

    var defaultValueDescription: String { ByteSize.text(bytes) }
}

/// A time in seconds as typed: "60", "0.5"; up to a year.
struct Seconds: ExpressibleByArgument {
    let duration: Duration

    init(_ seconds: Int) { duration = .seconds(seconds) }

    init?(argument: String) {
        // "nan" and "1e300" are numbers too.
        guard let number = Double(argument), (0...31_536_000).contains(number) else { return nil }
        duration = .milliseconds(Int64((number * 1000).rounded(.up)))
    }

    /// As in "60" and "0.5".
    var text: String {
        let seconds = duration.inSeconds
        return seconds == seconds.rounded() ? "\(Int(seconds))" : "\(seconds)"
    }

    var defaultValueDescription: String { text }
}
