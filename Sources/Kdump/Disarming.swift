import Guests

/// What disarming a guest changes.
struct Disarming {
    /// The guest's files as they would be if it had not been armed.
    let before: [String: GuestFile]
    /// What brings them back.
    let edits: [(path: String, file: GuestFile)]
    /// Files that are neither as arming left them nor as they were before: they stay.
    let edited: [String]
    private let state: KdumpState

    init(_ state: KdumpState, found: [String: GuestFile]) {
        var before = found
        var edits: [(path: String, file: GuestFile)] = []
        var edited: [String] = []
        for file in state.files {
            let now = found[file.path] ?? .absent
            let then = GuestFile(file.before)
            if now.digest == file.after {
                before[file.path] = then
                edits.append((file.path, then))
            } else if now.digest != then.digest {
                edited.append(file.path)
            }
        }
        (self.before, self.edits, self.edited, self.state) = (before, edits, edited, state)
    }

    /// The memory that the guest had, in bytes; what it has where somebody changed it since.
    func memory(of record: GuestRecord) -> Int64 {
        state.raisedMemory.map { $0.to == record.memory ? $0.from : record.memory } ?? record.memory
    }
}
