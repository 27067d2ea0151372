import CArchive

/// The compressions that are read: those that libarchive decodes in this process.
///
/// archive_read_support_filter_all(3) brings others along, for which it starts programs of the host (grzip, lrzip, …), chosen by the
/// first bytes of a file that comes from outside.
enum ArchiveFilters {
    /// gzip, bzip2, xz, lzma, zstd and lz4, as far as libarchive was built with them: for one that is missing it would start a
    /// program too.
    static func enable(_ archive: OpaquePointer?) {
        if archive_zlib_version() != nil { archive_read_support_filter_gzip(archive) }
        if archive_bzlib_version() != nil { archive_read_support_filter_bzip2(archive) }
        if archive_liblzma_version() != nil {
            archive_read_support_filter_xz(archive)
            archive_read_support_filter_lzma(archive)
        }
        if archive_libzstd_version() != nil { archive_read_support_filter_zstd(archive) }
        if archive_liblz4_version() != nil { archive_read_support_filter_lz4(archive) }
    }
}
