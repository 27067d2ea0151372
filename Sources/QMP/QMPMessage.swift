import DevboxCore

/// What a QEMU monitor says: a line of JSON. Source: QEMU's docs/interop/qmp-spec.rst.
public enum QMPMessage: Sendable, Equatable {
    /// The first line, before the client has negotiated.
    case greeting(JSONValue)
    /// A command's answer.
    case success(id: JSONValue?, JSONValue)
    /// A command's refusal.
    case failure(id: JSONValue?, errorClass: String, description: String)
    /// Something happened: SHUTDOWN, GUEST_PANICKED, …
    case event(name: String, data: JSONValue)

    /// Reads a line; nil for one that is none of these.
    public init?(line: some Sequence<UInt8>) {
        guard let value = try? RecordFile.decode(JSONValue.self, from: line) else { return nil }
        if let greeting = value["QMP"] {
            self = .greeting(greeting)
        } else if let result = value["return"] {
            self = .success(id: value["id"], result)
        } else if let error = value["error"] {
            self = .failure(
                id: value["id"], errorClass: error["class"]?.string ?? "GenericError",
                description: error["desc"]?.string ?? "")
        } else if let name = value["event"]?.string {
            self = .event(name: name, data: value["data"] ?? .object([:]))
        } else {
            return nil
        }
    }
}

/// A command for a QEMU monitor.
public struct QMPCommand: Sendable, Equatable {
    /// "system_powerdown", as QEMU calls it.
    public var name: String
    /// Its arguments by name; none are sent where it is empty.
    public var arguments: [String: JSONValue]

    /// - Parameters:
    ///   - name: the command, as QEMU calls it.
    ///   - arguments: its arguments by name.
    public init(_ name: String, _ arguments: [String: JSONValue] = [:]) {
        (self.name, self.arguments) = (name, arguments)
    }

    /// The command as a line with the id that its answer will bear.
    public func line(id: JSONValue) -> [UInt8] {
        var members: [String: JSONValue] = ["execute": .string(name), "id": id]
        if !arguments.isEmpty { members["arguments"] = .object(arguments) }
        return (try? RecordFile.json(JSONValue.object(members), pretty: false)) ?? []
    }

    /// The power button, which a guest that runs answers by shutting down.
    public static let powerdown = QMPCommand("system_powerdown")
    /// Ends QEMU at once.
    public static let quit = QMPCommand("quit")
    /// Whether the machine runs, is paused, has panicked.
    public static let status = QMPCommand("query-status")
    /// Stops the processors.
    public static let pause = QMPCommand("stop")
    /// Lets stopped processors go on.
    public static let resume = QMPCommand("cont")
    /// The reset button.
    public static let reset = QMPCommand("system_reset")
    /// A non-maskable interrupt on every processor. Not every machine has one.
    public static let injectNMI = QMPCommand("inject-nmi")
}

/// Why a QEMU monitor did not do something.
public enum QMPError: ReportableError {
    /// The monitor's own words.
    case refused(command: String, reason: String)
    /// It said nothing for too long.
    case silent(command: String)
    /// It closed the connection: the machine has ended.
    case ended

    /// Always 1: QEMU is outside devbox.
    public var exitCode: ExitCode { .failure }

    /// Which command, and what QEMU said to it.
    public var message: String {
        switch self {
        case .refused(let command, let reason): "QEMU refused \(command): \(Names.printable(reason))"
        case .silent(let command): "QEMU did not answer \(command)"
        case .ended: "the virtual machine has ended"
        }
    }

    /// None: the message says all that is known.
    public var hint: String? { nil }
}
