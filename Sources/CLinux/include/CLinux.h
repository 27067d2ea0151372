#ifndef DEVBOX_CLINUX_H
#define DEVBOX_CLINUX_H

// What Swift's Glibc module cannot reach: system calls without a wrapper, variadic functions, and function-like macros.

#include <spawn.h>
#include <sys/types.h>

/// fcntl(2) F_DUPFD_CLOEXEC: a copy of `fd` that is at least `minimum`.
int devbox_dup_above(int fd, int minimum);
/// fcntl(2) F_SETFD: sets or clears FD_CLOEXEC.
int devbox_set_cloexec(int fd, int on);
/// fcntl(2) O_NONBLOCK.
int devbox_set_nonblocking(int fd, int on);

/// fcntl(2) F_SETLK: locks one byte of a file for this process. Returns 0; 1 and the process that holds it, which is 0 for one of
/// another PID namespace; or -1 with errno set.
int devbox_lock_byte(int fd, off_t byte, pid_t *holder);

/// memmem(3): the first place of some bytes among others; NULL where there is none.
const void *devbox_find(const void *text, size_t length, const void *wanted, size_t size);

/// renameat2(2) with RENAME_NOREPLACE: fails with EEXIST where `to` is there already.
int devbox_rename_new(const char *from, const char *to);
/// pipe2(2) with O_CLOEXEC, and O_NONBLOCK where asked for.
int devbox_pipe(int ends[2], int nonblocking);

/// A file that is only in memory; see memfd_create(2).
int devbox_memory_file(const char *name);

/// posix_spawn_file_actions_addchdir_np(3).
int devbox_spawn_chdir(posix_spawn_file_actions_t *actions, const char *path);
/// posix_spawn_file_actions_addclosefrom_np(3).
int devbox_spawn_close_from(posix_spawn_file_actions_t *actions, int first);

/// Waits for a process to end without reaping any other; see waitid(2) P_PIDFD. Returns a pidfd, or -1 with errno set.
int devbox_pidfd_open(pid_t pid);

/// waitpid(2) status macros.
int devbox_wait_exit_status(int status);
int devbox_wait_signal(int status);

/// mount(2) and umount2(2) of the few kinds that devbox makes, in private namespaces only. Return -1 with errno set.
int devbox_mount_tmpfs(const char *target, const char *options);
int devbox_mount_bind(const char *source, const char *target, int read_only);
/// The same through an id map of devbox_open_id_map, or none for -1. A symbolic link at the end of `source` is refused.
int devbox_mount_bind_mapped(const char *source, const char *target, int read_only, int id_map);
/// A user namespace for an idmapped mount (mount_setattr(2)): what belongs to `uid` and `gid` on the disk is shown as
/// the `outside` ones', and the other way round for what is made. No other id is mapped. Returns a descriptor, or -1.
int devbox_open_id_map(unsigned int uid, unsigned int outside_uid, unsigned int gid, unsigned int outside_gid);
/// Binds a directory to itself, read-only, with what is mounted below it left as it is.
int devbox_remount_readonly_after_bind(const char *target);
int devbox_mount_cgroup2(const char *target);

/// sendmsg(2) without blocking and without SIGPIPE, with a descriptor beside the bytes (SCM_RIGHTS, see unix(7)) unless it is -1.
/// Returns how many bytes were taken; the descriptor goes with the first of them.
ssize_t devbox_send(int socket, const void *bytes, size_t length, int descriptor);
/// recvmsg(2) without blocking. Of descriptors that come along one is kept, close-on-exec, in `descriptor`; -1 where there is none.
ssize_t devbox_receive(int socket, void *bytes, size_t length, int *descriptor);
/// fallocate(2) with FALLOC_FL_PUNCH_HOLE: a stretch of a file becomes zero and takes no room.
int devbox_punch_hole(int fd, off_t offset, off_t length);
/// sync_file_range(2) with SYNC_FILE_RANGE_WRITE: the disk begins to take what was written there. Nothing is known of it afterwards; a
/// later fsync(2) has less to wait for.
void devbox_begin_writing_out(int fd, off_t offset, off_t length);
/// mallopt(3): memory that was let go of is kept for what comes next, and taken in large pieces; for a process that ends soon.
void devbox_keep_memory(void);
/// fcntl(2) F_SETPIPE_SZ.
int devbox_set_pipe_size(int fd, int bytes);
/// fcntl(2) F_GETPIPE_SZ.
int devbox_pipe_size(int fd);
/// tee(2): copies bytes of a pipe into another one, and takes none out of the first. Waits for nothing.
ssize_t devbox_tee(int from, int to, size_t length);
/// Whether nobody can write into a pipe any more; what it holds can still be read.
int devbox_hung_up(int fd);

/// A connected pair of stream sockets, close-on-exec.
int devbox_socketpair(int ends[2]);

/// The write end of a pipe that the handler of SIGINT, SIGTERM and SIGHUP writes to; -1 for none.
/// Only async-signal-safe functions run in a signal handler, so this one is C.
int devbox_install_signal_pipe(int write_fd);
/// Whether SIGINT is noted (1), as after devbox_install_signal_pipe, or passed over (0).
int devbox_note_interrupt(int on);

/// A descriptor that is readable when the terminal's window has changed its size (signalfd(2) of SIGWINCH), which the calling thread, and
/// those that it starts, are not interrupted by any more. -1 with errno where there is none.
int devbox_window_changes(void);

#endif
