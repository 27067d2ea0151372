import CArchive
import DevboxCore

/// One compressed file held in memory, as kernel modules and kernel images are: gzip, xz, lzma, zstd, bzip2, lz4.
public enum Decompression {
    /// The content of a compressed file; bytes in no known compression are given back as they are.
    ///
    /// - Parameters:
    ///   - bytes: the whole file.
    ///   - name: what messages call it.
    ///   - limit: how many bytes the content may have; a small file can be the beginning of an endless one.
    /// - Throws: `badInput` where it is damaged, or larger than the limit.
    public static func decode(_ bytes: [UInt8], name: String, limit: Int) throws -> [UInt8] {
        guard let archive = archive_read_new() else { throw Failure(.failure, "out of memory") }
        defer { archive_read_free(archive) }
        func damaged() -> Failure {
            let reason = archive_error_string(archive).map { Names.printable(String(cString: $0)).lowercasedFirst }
            return Failure(.badInput, "\(name) is damaged: \(reason ?? "its compression cannot be read")")
        }
        ArchiveFilters.enable(archive)
        archive_read_support_format_raw(archive)
        return try bytes.withUnsafeBytes { bytes in
            var entry: OpaquePointer?
            guard archive_read_open_memory(archive, bytes.baseAddress, bytes.count) == ARCHIVE_OK,
                archive_read_next_header(archive, &entry) == ARCHIVE_OK
            else { throw damaged() }
            // The first filter is the outermost; one that does nothing means that there is no compression.
            if archive_filter_code(archive, 0) == ARCHIVE_FILTER_NONE { return Array(bytes) }
            var content: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 256 << 10)
            while true {
                let count = buffer.withUnsafeMutableBytes { archive_read_data(archive, $0.baseAddress, $0.count) }
                if count == 0 { return content }
                guard count > 0 else { throw damaged() }
                content += buffer[0..<count]
                guard content.count <= limit else {
                    throw Failure(.badInput, "\(name) is larger than \(limit) bytes when decompressed")
                }
            }
        }
    }
}
