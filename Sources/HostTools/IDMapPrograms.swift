/// newuidmap(1) and newgidmap(1), which give a user's namespace the ids that the user may have.
public enum IDMapPrograms {
    /// For users.
    public static let users = Program("newuidmap", package: "uidmap", for: "guests as containers without root")
    /// For groups.
    public static let groups = Program("newgidmap", package: "uidmap", for: "guests as containers without root")
}
