import DevboxCore

/// One thing that devbox wants of the host, and whether it is there.
public struct Check: Sendable, Codable, Equatable {
    /// How far the host has it.
    public enum State: String, Sendable, Codable {
        case ok
        case missing
        /// It is there, and does less than it should.
        case limited
        /// It could not be tried here.
        case untried
    }

    /// "lxc-start", "FUSE".
    public var name: String
    /// How far the host has it.
    public var state: State
    /// What devbox does with it, in words that stand behind "for".
    public var purpose: String
    /// Whether devbox's main job needs it: to clone guests, and to run them as virtual machines and as containers.
    public var isNeeded: Bool
    /// The version that a program tells.
    public var version: String?
    /// A program's absolute path; nil for what is none.
    public var path: String?
    /// Why it is not as it should be, or what was measured: a clause without a full stop.
    public var detail: String?
    /// The Debian packages that bring it, where there are any.
    public var packages: [String]

    enum CodingKeys: String, CodingKey {
        case name, state, purpose, version, path, detail, packages
        case isNeeded = "needed"
    }

    /// - Parameters:
    ///   - name: what it is called.
    ///   - state: what was found.
    ///   - purpose: what it is needed for.
    ///   - isNeeded: whether devbox's main job needs it.
    ///   - version: the version that a program tells.
    ///   - path: where a program is.
    ///   - detail: what there is to say about it.
    ///   - packages: the Debian packages that bring it.
    public init(
        _ name: String, _ state: State, for purpose: String, isNeeded: Bool, version: String? = nil,
        path: String? = nil,
        detail: String? = nil, packages: [String] = []
    ) {
        self.name = name
        self.state = state
        self.purpose = purpose
        self.isNeeded = isNeeded
        self.version = version
        self.path = path
        self.detail = detail
        self.packages = packages
    }
}
