import DevboxCore

extension ImageStore {
    /// Notes the user's word on whether the host's kernel may mount an image's disk, and those of the guests on it, unasked.
    ///
    /// - Parameters:
    ///   - name: the image.
    ///   - trusted: false takes the word back, also of an image that devbox built.
    /// - Returns: the image's record then.
    /// - Throws: `notFound`; `busy` where somebody does not let go of the image.
    public func setTrust(of name: String, to trusted: Bool) throws -> ImageRecord {
        _ = try load(name)
        let lock = try lock(name, for: "image trust")
        defer { _ = lock.descriptor }
        // While somebody waited for the lock, it may have been removed.
        var record = try load(name)
        record.origin.trusted = trusted
        try RecordFile.write(record, to: image(name).record)
        try work.give(image(name).record)
        return record
    }
}
