#define _GNU_SOURCE
#include <pthread.h>
#include <sys/signalfd.h>
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int devbox_dup_above(int fd, int minimum) { return fcntl(fd, F_DUPFD_CLOEXEC, minimum); }

int devbox_set_cloexec(int fd, int on) { return fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0); }

int devbox_set_nonblocking(int fd, int on) {
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0) return -1;
    return fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
}

int devbox_lock_byte(int fd, off_t byte, pid_t *holder) {
    for (;;) {
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};
        if (fcntl(fd, F_SETLK, &lock) == 0) return 0;
        if ((errno != EACCES && errno != EAGAIN) || fcntl(fd, F_GETLK, &lock) != 0) return -1;
        // It may have been unlocked since.
        if (lock.l_type == F_UNLCK) continue;
        *holder = lock.l_pid;
        return 1;
    }
}

const void *devbox_find(const void *text, size_t length, const void *wanted, size_t size) {
    return memmem(text, length, wanted, size);
}

int devbox_rename_new(const char *from, const char *to) {
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
}

int devbox_memory_file(const char *name) { return memfd_create(name, MFD_CLOEXEC); }

int devbox_pipe(int ends[2], int nonblocking) { return pipe2(ends, O_CLOEXEC | (nonblocking ? O_NONBLOCK : 0)); }

int devbox_punch_hole(int fd, off_t offset, off_t length) {
    return fallocate(fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, offset, length);
}

void devbox_begin_writing_out(int fd, off_t offset, off_t length) {
    sync_file_range(fd, offset, length, SYNC_FILE_RANGE_WRITE);
}

void devbox_keep_memory(void) {
    mallopt(M_TOP_PAD, 1 << 20);
    mallopt(M_TRIM_THRESHOLD, 32 << 20);
    mallopt(M_MMAP_THRESHOLD, 4 << 20);
}

int devbox_set_pipe_size(int fd, int bytes) { return fcntl(fd, F_SETPIPE_SZ, bytes); }

int devbox_pipe_size(int fd) { return fcntl(fd, F_GETPIPE_SZ); }

ssize_t devbox_tee(int from, int to, size_t length) { return tee(from, to, length, SPLICE_F_NONBLOCK); }

int devbox_hung_up(int fd) {
    struct pollfd polled = {.fd = fd};
    return poll(&polled, 1, 0) == 1 && polled.revents & (POLLHUP | POLLERR | POLLNVAL);
}

ssize_t devbox_send(int socket, const void *bytes, size_t length, int descriptor) {
    struct iovec vector = {.iov_base = (void *)bytes, .iov_len = length};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    if (descriptor >= 0) {
        memset(&control, 0, sizeof control);
        message.msg_control = &control;
        message.msg_controllen = sizeof control.space;
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(&control.header), &descriptor, sizeof descriptor);
    }
    return sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

ssize_t devbox_receive(int socket, void *bytes, size_t length, int *descriptor) {
    struct iovec vector = {.iov_base = bytes, .iov_len = length};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    // Not all of the space: its padding would have room for a second descriptor, which nobody would close.
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_LEN(sizeof(int))};
    *descriptor = -1;
    ssize_t count = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (count < 0) return count;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
        header->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(descriptor, CMSG_DATA(header), sizeof *descriptor);
    return count;
}

int devbox_spawn_chdir(posix_spawn_file_actions_t *actions, const char *path) {
    return posix_spawn_file_actions_addchdir_np(actions, path);
}

int devbox_spawn_close_from(posix_spawn_file_actions_t *actions, int first) {
    return posix_spawn_file_actions_addclosefrom_np(actions, first);
}

int devbox_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int devbox_wait_exit_status(int status) { return WEXITSTATUS(status); }
int devbox_wait_signal(int status) { return WIFSIGNALED(status) ? WTERMSIG(status) : 0; }

int devbox_mount_tmpfs(const char *target, const char *options) {
    return mount("devbox", target, "tmpfs", MS_NOSUID | MS_NODEV, options);
}

// The mount is complete, its flags and its id map included, before anybody can see it. mount_setattr(2) adds flags and
// leaves the others as they are; a remount by mount(2) would have to repeat those that a user namespace may not clear.
static int bind_tree(const char *source, const char *target, int read_only, int id_map, int lookup) {
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV};
    if (read_only) attributes.attr_set |= MOUNT_ATTR_RDONLY;
    if (id_map >= 0) {
        attributes.attr_set |= MOUNT_ATTR_IDMAP;
        attributes.userns_fd = (unsigned long long)id_map;
    }
    int tree = open_tree(AT_FDCWD, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | lookup);
    if (tree < 0) return -1;
    int result = mount_setattr(tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes);
    if (result == 0) result = move_mount(tree, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH);
    int saved = errno;
    close(tree);
    errno = saved;
    return result;
}

int devbox_mount_bind(const char *source, const char *target, int read_only) {
    return bind_tree(source, target, read_only, -1, 0);
}

int devbox_mount_bind_mapped(const char *source, const char *target, int read_only, int id_map) {
    return bind_tree(source, target, read_only, id_map, AT_SYMLINK_NOFOLLOW);
}

static int write_id_map(pid_t child, const char *file, unsigned int inside, unsigned int outside) {
    char path[64], line[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)child, file);
    int length = snprintf(line, sizeof line, "%u %u 1\n", inside, outside);
    int map = open(path, O_WRONLY | O_CLOEXEC);
    if (map < 0) return -1;
    ssize_t written = write(map, line, (size_t)length);
    int saved = errno;
    close(map);
    errno = saved;
    return written == length ? 0 : -1;
}

int devbox_open_id_map(unsigned int uid, unsigned int outside_uid, unsigned int gid, unsigned int outside_gid) {
    // A user namespace exists as long as somebody is in it or holds it open: a child that waits, until we hold it.
    pid_t child = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);
    if (child < 0) return -1;
    if (child == 0) {
        // Nothing but system calls: this is a copy of one thread of a process that may have had more.
        for (;;) pause();
    }
    int space = -1;
    if (write_id_map(child, "uid_map", uid, outside_uid) == 0 &&
        write_id_map(child, "gid_map", gid, outside_gid) == 0) {
        char path[64];
        snprintf(path, sizeof path, "/proc/%d/ns/user", (int)child);
        space = open(path, O_RDONLY | O_CLOEXEC);
    }
    int saved = errno;
    kill(child, SIGKILL);
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
    errno = saved;
    return space;
}

int devbox_remount_readonly_after_bind(const char *target) {
    if (mount(target, target, NULL, MS_BIND | MS_REC, NULL) != 0) return -1;
    return mount(NULL, target, NULL, MS_REMOUNT | MS_BIND | MS_NOSUID | MS_NODEV | MS_RDONLY, NULL);
}

int devbox_mount_cgroup2(const char *target) { return mount("none", target, "cgroup2", 0, NULL); }

int devbox_socketpair(int ends[2]) { return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends); }

static volatile int signal_pipe = -1;

static void note_signal(int number) {
    int saved = errno;
    unsigned char byte = (unsigned char)number;
    if (signal_pipe >= 0) (void)!write(signal_pipe, &byte, 1);
    errno = saved;
}

int devbox_install_signal_pipe(int write_fd) {
    signal_pipe = write_fd;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = note_signal;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGINT, &action, NULL) != 0) return -1;
    if (sigaction(SIGTERM, &action, NULL) != 0) return -1;
    return sigaction(SIGHUP, &action, NULL);
}

static void pass_over(int number) { (void)number; }

int devbox_note_interrupt(int on) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    // A handler and not SIG_IGN, which the programs started meanwhile would inherit.
    action.sa_handler = on ? note_signal : pass_over;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    return sigaction(SIGINT, &action, NULL);
}

int devbox_window_changes(void) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGWINCH);
    if (pthread_sigmask(SIG_BLOCK, &signals, NULL) != 0) return -1;
    return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}
