import DevboxCore
import SystemPackage

/// A section of devbox.yaml: a name at its top, below which stands what one module reads. The module declares it; whoever reads the
/// file knows all of them.
public struct SettingsSection: Sendable, Hashable {
    /// The name in the file.
    public let name: String

    /// - Parameter name: the name in the file.
    public init(_ name: String) { self.name = name }
}

/// What a work directory's devbox.yaml says.
public struct Settings {
    /// Where relative paths in it begin.
    public let folder: FilePath
    private let top: SettingsNode?
    private let sections: [SettingsSection]

    /// Reads a work directory's devbox.yaml; one that is not there has nothing in it.
    ///
    /// - Parameters:
    ///   - work: the work directory.
    ///   - sections: all that there may be.
    /// - Throws: `badInput`, with the line, where the file is no YAML or has another section.
    public init(_ work: WorkDirectory, sections: [SettingsSection]) throws {
        let yaml = Files.exists(work.settings) ? try Files.text(work.settings, limit: 1 << 20) : ""
        try self.init(yaml: yaml, file: work.settings.string, folder: work.path, sections: sections)
    }

    /// Reads a text.
    ///
    /// - Parameters:
    ///   - file: what messages call it.
    ///   - folder: where relative paths in it begin.
    ///   - sections: all that there may be.
    /// - Throws: as above.
    public init(yaml: String, file: String, folder: FilePath, sections: [SettingsSection]) throws {
        self.folder = folder
        self.sections = sections
        top = try SettingsNode(yaml: yaml, file: file)
        try top?.check(keys: sections.map(\.name), noun: "section")
    }

    /// What stands in a section; nil where the file does not have it.
    ///
    /// - Parameter section: one of those that it was read with.
    public subscript(section: SettingsSection) -> SettingsNode? {
        precondition(sections.contains(section), "a section that every reader of the file takes for an error")
        return top?[section.name]
    }
}
