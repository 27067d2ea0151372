import DevboxCore
import Images
import Sandbox

/// What commands in stopped guests are to run in: what the user wants, what devbox.yaml says, and what fits the guest where neither says
/// anything.
public struct SandboxPolicy: Sendable {
    /// What `--in` says; nil where it is not given.
    public var wanted: SandboxKind?
    /// What devbox.yaml says; nil where it says nothing.
    public var configured: SandboxKind?

    /// - Parameters:
    ///   - wanted: what `--in` says.
    ///   - configured: what devbox.yaml says.
    public init(wanted: SandboxKind? = nil, configured: SandboxKind? = nil) {
        (self.wanted, self.configured) = (wanted, configured)
    }

    /// What a guest's commands run in. Root gets a container, which is faster; who is not root has only the appliance, and of what came
    /// from elsewhere the host's kernel mounts nothing unasked.
    ///
    /// - Parameter isTrusted: whether the guest's image is.
    public func kind(isTrusted: Bool) -> SandboxKind { kind(isTrusted: isTrusted, asRoot: isRoot) }

    func kind(isTrusted: Bool, asRoot: Bool) -> SandboxKind {
        wanted ?? configured ?? (isTrusted && asRoot ? .container : .appliance)
    }

    /// Throws `usage` where `--in` was given though nothing is worked on in a sandbox: it would be passed over.
    ///
    /// - Parameters:
    ///   - reason: why not.
    ///   - hint: what to do.
    package func refuseIfUnused(_ reason: String, hint: String? = nil) throws {
        guard wanted != nil else { return }
        throw Failure(.usage, "--in is for a stopped guest, but \(reason)", hint: hint ?? "leave --in away")
    }

    /// Throws `needsRoot` for a container that somebody asked for who is not root.
    func check(_ kind: SandboxKind, asRoot: Bool) throws {
        guard kind == .container, !asRoot else { return }
        let who = wanted == nil ? "devbox.yaml has commands in stopped guests run in a container" : "--in container"
        throw Failure(
            .needsRoot, "\(who), which needs root", hint: "--in appliance needs none; else run the command with sudo")
    }
}

extension GuestStore {
    /// What commands in a stopped guest run in.
    ///
    /// - Parameter record: the guest's.
    /// - Throws: `needsRoot` where it is to be a container, and this is not root.
    public func sandboxKind(for record: GuestRecord) throws -> SandboxKind {
        let kind = sandboxes.kind(isTrusted: hasTrustedImage(record))
        try sandboxes.check(kind, asRoot: isRoot)
        return kind
    }

    /// Whether the image at the bottom of a guest, or of the guests that it was cloned from, is trusted.
    ///
    /// What is not known is not trusted: an image whose record is gone or cannot be read, and another one that has got its name since.
    /// devbox itself removes no image that a guest stands on, so only who did it by hand comes here.
    func hasTrustedImage(_ record: GuestRecord) -> Bool {
        guard let image = try? ImageStore(work).load(record.image.name) else { return false }
        return image.disk.sha256 == record.image.sha256 && image.origin.isTrusted
    }
}
