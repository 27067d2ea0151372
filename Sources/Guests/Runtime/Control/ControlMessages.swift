import DevboxCore
import QMP

/// What a supervisor is asked on its control socket: one JSON object a line. The protocol is devbox's own; nothing of it reaches
/// QEMU as it is.
enum ControlRequest: Sendable, Equatable {
    /// Shut the guest down, and force it off after a time; zero forces it at once. Answered by `stopped`, when it has ended.
    case stop(withinMilliseconds: Int)
    /// How the guest is. Answered by `condition`.
    case condition
    /// How it is now, and then what happens to it: `condition`, then any number of `event`s.
    case follow
    /// A dump of its memory into the pipe that comes with the request. Answered by `progress` now and then, and by `done`.
    case dump(QMPDumpFormat)
    /// The dump that the requester took is stored there. Answered by `done`; those who follow hear of it.
    case dumpStored(String)
    /// A non-maskable interrupt. Answered by `done`. What the host was to do at a panic is left to the requester as long as it
    /// stays connected.
    case injectNMI
}

/// What a supervisor answers: one JSON object a line.
package enum ControlAnswer: Codable, Sendable, Equatable {
    case condition(GuestCondition)
    case event(GuestEvent)
    case progress(DumpProgress)
    case done
    case refused(code: ExitCode, message: String, hint: String?)
}

/// The answer to `stop`, which has its own shape: devboxes that came before the other requests know this one alone.
struct StopAnswer: Codable, Sendable, Equatable {
    var forced: Bool
    /// Whether the guest was not forced off, and does not end, because it waits for space on the host; nil where not.
    var isOutOfSpace: Bool?
}

extension ControlRequest: Codable {
    private enum Keys: String, CodingKey { case stopWithinMilliseconds, request, format, path }
    private enum Kind: String, Codable { case condition, follow, dump, dumpStored, injectNMI }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Keys.self)
        if let limit = try container.decodeIfPresent(Int.self, forKey: .stopWithinMilliseconds) {
            self = .stop(withinMilliseconds: limit)
            return
        }
        switch try container.decode(Kind.self, forKey: .request) {
        case .condition: self = .condition
        case .follow: self = .follow
        case .dump: self = .dump(try container.decode(QMPDumpFormat.self, forKey: .format))
        case .dumpStored: self = .dumpStored(try container.decode(String.self, forKey: .path))
        case .injectNMI: self = .injectNMI
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Keys.self)
        switch self {
        case .stop(let limit): try container.encode(limit, forKey: .stopWithinMilliseconds)
        case .condition: try container.encode(Kind.condition, forKey: .request)
        case .follow: try container.encode(Kind.follow, forKey: .request)
        case .dump(let format):
            try container.encode(Kind.dump, forKey: .request)
            try container.encode(format, forKey: .format)
        case .dumpStored(let path):
            try container.encode(Kind.dumpStored, forKey: .request)
            try container.encode(path, forKey: .path)
        case .injectNMI: try container.encode(Kind.injectNMI, forKey: .request)
        }
    }
}
