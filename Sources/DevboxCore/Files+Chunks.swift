import SystemPackage

extension Files {
    /// Reads an open file from its position to its end, for what digests it.
    ///
    /// - Parameters:
    ///   - name: what messages call the file.
    ///   - body: is given each chunk; its memory is used again for the next.
    static func forEachChunk(
        of file: FileDescriptor, name: String, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws {
        // What stays in the processor's cache between being read and being digested; malloc(3) takes it from what the process has.
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 64)
        defer { buffer.deallocate() }
        while true {
            let count: Int
            do {
                count = try file.read(into: buffer)
            } catch let error as Errno {
                throw failure("read \(name)", error)
            }
            if count == 0 { return }
            body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }
}
