import Glibc

/// A user of the host.
public struct Owner: Sendable, Equatable {
    /// The user's number.
    public let uid: uid_t
    /// The number of the user's group.
    public let gid: gid_t
    /// The home directory's path.
    public let home: String

    /// - Parameters:
    ///   - uid: the user's number.
    ///   - gid: the number of the user's group.
    ///   - home: the home directory's path.
    public init(uid: uid_t, gid: gid_t, home: String) {
        self.uid = uid
        self.gid = gid
        self.home = home
    }

    /// The first id of the range that containers of root are mapped to.
    public static let firstSubordinate: uid_t = 100_000
    /// How many ids a container may have: all for which there is one left on the host. 4294967295 is no id; see user_namespaces(7).
    public static let subordinateCount: uid_t = .max - firstSubordinate
    /// The ids that a container has, each the number of `firstSubordinate` further on outside of it. One is left out: for what LXC does as
    /// the host's root in between it looks for the first free id, and takes it for a number with a sign.
    public static let subordinates: [Range<uid_t>] = [0..<0x7FFF_FFFF, 0x8000_0000..<subordinateCount]

    /// Who runs devbox: under sudo the invoking user (SUDO_UID, SUDO_GID), whose files stay theirs.
    ///
    /// - Parameters:
    ///   - environment: the process's environment.
    ///   - uid: the process's effective user.
    ///   - gid: and group.
    public static func invoking(
        _ environment: [String: String], uid: uid_t = geteuid(), gid: gid_t = getegid()
    ) -> Owner {
        var owner = (uid: uid, gid: gid)
        if uid == 0, let user = environment["SUDO_UID"].flatMap(uid_t.init),
            let group = environment["SUDO_GID"].flatMap(gid_t.init)
        {
            owner = (user, group)
        }
        if owner.uid == uid, let home = environment["HOME"], !home.isEmpty {
            return Owner(uid: owner.uid, gid: owner.gid, home: home)
        }
        let home = getpwuid(owner.uid).flatMap { $0.pointee.pw_dir }.map { String(cString: $0) }
        return Owner(uid: owner.uid, gid: owner.gid, home: home ?? "/")
    }
}
