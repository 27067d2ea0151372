#ifndef DEVBOX_CEXT2FS_SHIM_H
#define DEVBOX_CEXT2FS_SHIM_H

#include <ext2fs/ext2_fs.h>
#include <ext2fs/ext2fs.h>
#include <et/com_err.h>

// Macros of libext2fs with arguments or casts, which Swift does not import.
static inline int devbox_ext2_has_journal_to_replay(ext2_filsys fs) {
    return ext2fs_has_feature_journal_needs_recovery(fs->super) ? 1 : 0;
}
// With a journal a file system counts as in order as long as the kernel has it; fuse2fs, which writes none, says so in its state.
static inline int devbox_ext2_was_cut_off(ext2_filsys fs) { return fs->super->s_state & EXT2_VALID_FS ? 0 : 1; }
static inline errcode_t devbox_ext2_io_manager_magic(void) { return EXT2_ET_MAGIC_IO_MANAGER; }
static inline errcode_t devbox_ext2_io_channel_magic(void) { return EXT2_ET_MAGIC_IO_CHANNEL; }
static inline int devbox_ext2_has_blocks(ext2_filsys fs, struct ext2_inode *inode) {
    return ext2fs_inode_has_valid_blocks2(fs, inode);
}
static inline int devbox_ext2_has_inline_data(ext2_filsys fs) { return ext2fs_has_feature_inline_data(fs->super) ? 1 : 0; }
static inline int devbox_ext2_has_extents(ext2_filsys fs) { return ext2fs_has_feature_extents(fs->super) ? 1 : 0; }
static inline int devbox_ext2_has_mmp(ext2_filsys fs) { return ext2fs_has_feature_mmp(fs->super) ? 1 : 0; }
static inline void devbox_ext2_clear_mmp(struct ext2_super_block *super) { ext2fs_clear_feature_mmp(super); }
static inline unsigned devbox_ext2_mmp_magic(void) { return EXT4_MMP_MAGIC; }
// The master superblock alone is written otherwise.
static inline void devbox_ext2_write_all(ext2_filsys fs) {
    fs->flags &= ~(EXT2_FLAG_SUPER_ONLY | EXT2_FLAG_MASTER_SB_ONLY);
    ext2fs_mark_super_dirty(fs);
}

#endif
