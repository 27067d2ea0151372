import DevboxCore

/// What a feature keeps of a guest: a member of guest.json that is an object, read and written by that feature's module alone.
///
/// A section tells of the guest's disk and machine. So a snapshot has those of its time, a rollback brings them back, and a clone
/// takes them along.
public protocol RecordSection: Codable, Sendable {
    /// The member's name in guest.json.
    static var key: String { get }
    /// What the guest's kernels are started with because of it, beside the guest's own arguments. It is stored with the section, so
    /// that who starts the guest need not know the feature.
    var kernelArguments: [String] { get }
    /// What has to be run in the guest, each a command and its arguments, where its kernel is started without its init, which would do the
    /// same. It is stored with the section, too.
    var startCommands: [[String]] { get }
}

extension RecordSection {
    /// None.
    public var kernelArguments: [String] { [] }
    /// None.
    public var startCommands: [[String]] { [] }
}

extension GuestRecord {
    /// A feature's section; nil where the guest has none.
    ///
    /// - Throws: `badInput` where it is not as the feature's module writes it.
    public func section<Section: RecordSection>(_ type: Section.Type) throws -> Section? {
        guard let value = members[type.key] else { return nil }
        do {
            return try RecordFile.decode(type, from: RecordFile.json(value, pretty: false))
        } catch let error as Failure {
            throw Failure(
                error.exitCode, "'\(type.key)' in guests/\(name)/guest.json cannot be used: \(error.message)",
                hint: error.hint)
        }
    }

    /// Puts a feature's section in the place of the one that is there.
    public mutating func set<Section: RecordSection>(_ section: Section) throws {
        guard case .object(var value) = try RecordFile.decode(JSONValue.self, from: RecordFile.json(section)) else {
            preconditionFailure("\(Section.self) is no object")
        }
        let arguments = section.kernelArguments
        if !arguments.isEmpty { value[Self.argumentsKey] = .array(arguments.map(JSONValue.string)) }
        let commands = section.startCommands
        if !commands.isEmpty { value[Self.commandsKey] = .array(commands.map { .array($0.map(JSONValue.string)) }) }
        members[Section.key] = .object(value)
    }

    /// Removes a feature's section; one that is not there is fine.
    public mutating func remove<Section: RecordSection>(_ type: Section.Type) { members[type.key] = nil }

    /// The sections of all features, known to this devbox or not.
    var sections: [String: JSONValue] {
        members.filter { if case .object = $0.value { true } else { false } }
    }

    /// Returns to the sections that a snapshot has; what else a newer devbox wrote, here or there, stays where it is.
    mutating func restoreSections(of snapshot: Snapshot) {
        for key in sections.keys { members[key] = nil }
        for case (let key, .object(let section)) in snapshot.sections where Keys(stringValue: key) == nil {
            members[key] = .object(section)
        }
    }

    /// What the features want the guest's kernels to be started with.
    var sectionArguments: [String] {
        sections.sorted { $0.key < $1.key }.flatMap { Self.arguments(of: $0.value, key: $0.key) }
    }

    /// What the features want to be run where a kernel is started without the guest's init.
    package var startCommands: [[String]] {
        sections.sorted { $0.key < $1.key }.flatMap { section in
            (section.value[Self.commandsKey]?.array ?? []).compactMap { $0.array?.compactMap(\.string) }
        }.filter { !$0.isEmpty }
    }

    private static let argumentsKey = "kernelArguments"
    private static let commandsKey = "startCommands"

    private static func arguments(of section: JSONValue, key: String) -> [String] {
        if let arguments = section[argumentsKey]?.array { return arguments.compactMap(\.string) }
        // A devbox up to 0.1 wrote none beside the only section that it knew, and drops them where it writes that one again.
        guard key == "kdump", let size = section["crashKernel"]?.string else { return [] }
        return ["crashkernel=\(size)"]
    }
}
