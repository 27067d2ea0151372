import Images

/// What `--json` prints of an image: its record, in which `origin.trusted` is always there.
struct ImageReport: Encodable {
    private let record: ImageRecord

    init(_ record: ImageRecord) {
        var record = record
        record.origin.trusted = record.origin.isTrusted
        self.record = record
    }

    func encode(to encoder: any Encoder) throws { try record.encode(to: encoder) }
}
