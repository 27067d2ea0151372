import Boot
import DevboxCore
import FoundationEssentials
import Images

// Written out, for the members besides the known ones are part of the record: sections of features.

extension GuestRecord {
    /// Sections lie in it: what is not there any more must not come back out of the file that is replaced.
    public static var keepsOtherMembers: Bool { true }

    private static let known = Set(Keys.allCases.map(\.stringValue))

    /// Reads guest.json.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Keys.self)
        version = try values.decode(Int.self, forKey: .version)
        id = try values.decode(String.self, forKey: .id)
        name = try values.decode(String.self, forKey: .name)
        createdAt = try values.decode(Date.self, forKey: .createdAt)
        command = try values.decode(String.self, forKey: .command)
        image = try values.decode(ImageReference.self, forKey: .image)
        clonedFrom = try values.decodeIfPresent(String.self, forKey: .clonedFrom)
        architecture = try values.decode(Architecture.self, forKey: .architecture)
        release = try values.decode(Release.self, forKey: .release)
        root = try values.decode(RootFileSystem.self, forKey: .root)
        mode = try values.decode(GuestMode.self, forKey: .mode)
        identity = try values.decode(Identity.self, forKey: .identity)
        memory = try values.decode(Int64.self, forKey: .memory)
        cpus = try values.decode(Int.self, forKey: .cpus)
        kernels = try values.decode([BootKernel].self, forKey: .kernels)
        defaultKernel = try values.decodeIfPresent(String.self, forKey: .defaultKernel)
        kernelArguments = try values.decode([String].self, forKey: .kernelArguments)
        packages = try values.decodeIfPresent([InstalledFile].self, forKey: .packages)
        snapshots = try values.decode([Snapshot].self, forKey: .snapshots)
        lastStartedAt = try values.decodeIfPresent(Date.self, forKey: .lastStartedAt)
        lastTransaction = try values.decodeIfPresent(String.self, forKey: .lastTransaction)
        members = try OtherMembers.decode(from: decoder, besides: Self.known)
        for (key, value) in [(Keys.memory, memory), (.cpus, Int64(cpus))] where value <= 0 {
            throw DecodingError.dataCorruptedError(forKey: key, in: values, debugDescription: "it is not positive")
        }
    }

    /// Writes guest.json.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Keys.self)
        try values.encode(version, forKey: .version)
        try values.encode(id, forKey: .id)
        try values.encode(name, forKey: .name)
        try values.encode(createdAt, forKey: .createdAt)
        try values.encode(command, forKey: .command)
        try values.encode(image, forKey: .image)
        try values.encodeIfPresent(clonedFrom, forKey: .clonedFrom)
        try values.encode(architecture, forKey: .architecture)
        try values.encode(release, forKey: .release)
        try values.encode(root, forKey: .root)
        try values.encode(mode, forKey: .mode)
        try values.encode(identity, forKey: .identity)
        try values.encode(memory, forKey: .memory)
        try values.encode(cpus, forKey: .cpus)
        try values.encode(kernels, forKey: .kernels)
        try values.encodeIfPresent(defaultKernel, forKey: .defaultKernel)
        try values.encode(kernelArguments, forKey: .kernelArguments)
        try values.encodeIfPresent(packages, forKey: .packages)
        try values.encode(snapshots, forKey: .snapshots)
        try values.encodeIfPresent(lastStartedAt, forKey: .lastStartedAt)
        try values.encodeIfPresent(lastTransaction, forKey: .lastTransaction)
        try OtherMembers.encode(members, to: encoder)
    }
}

extension GuestRecord.Snapshot {
    private enum Keys: String, CodingKey, CaseIterable {
        case name, createdAt, layer, mode, kernels, defaultKernel, kernelArguments, memory, packages
    }

    private static let known = Set(Keys.allCases.map(\.stringValue))

    /// Reads one of guest.json's snapshots.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Keys.self)
        name = try values.decode(String.self, forKey: .name)
        createdAt = try values.decode(Date.self, forKey: .createdAt)
        layer = try values.decode(String.self, forKey: .layer)
        mode = try values.decode(GuestMode.self, forKey: .mode)
        kernels = try values.decode([BootKernel].self, forKey: .kernels)
        defaultKernel = try values.decodeIfPresent(String.self, forKey: .defaultKernel)
        kernelArguments = try values.decode([String].self, forKey: .kernelArguments)
        memory = try values.decodeIfPresent(Int64.self, forKey: .memory)
        packages = try values.decodeIfPresent([GuestRecord.InstalledFile].self, forKey: .packages)
        sections = try OtherMembers.decode(from: decoder, besides: Self.known)
    }

    /// Writes one of guest.json's snapshots.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Keys.self)
        try values.encode(name, forKey: .name)
        try values.encode(createdAt, forKey: .createdAt)
        try values.encode(layer, forKey: .layer)
        try values.encode(mode, forKey: .mode)
        try values.encode(kernels, forKey: .kernels)
        try values.encodeIfPresent(defaultKernel, forKey: .defaultKernel)
        try values.encode(kernelArguments, forKey: .kernelArguments)
        try values.encodeIfPresent(memory, forKey: .memory)
        try values.encodeIfPresent(packages, forKey: .packages)
        try OtherMembers.encode(sections, to: encoder)
    }
}
