/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes that hold their locks in the kernel for as long as they live, so
 * that whoever asks for them in /proc waits with them.
 *
 *     silent map   a file system of their own, in a user namespace, that never
 *                  answers: the lock of the memory map is held
 *     silent exec  the same, while executing a program
 *     frozen FOLDER      on a frozen file system
 *
 * No privilege is needed but for the last. Ends when it is killed, and then
 * all of it is gone.
 */
#include "menagerie.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NODE  2
#define FILE_SIZE  (1 << 20)
#define PAGE       4096
#define SETTLE_US  300000
#define WAY_TO_MNT "/tmp/haywire-silent"

static uint8_t *page; /* of the file, mapped */

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "haywire-menagerie: %s: %s\n", what, strerror(errno));
    _exit(EXIT_FAILURE);
}

static void write_text(const char *path, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void write_text(const char *path, const char *format, ...)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    va_list arguments;

    va_start(arguments, format);
    if (fd < 0 || vdprintf(fd, format, arguments) < 0) {
        fail(path);
    }
    va_end(arguments);
    close(fd);
}

static int mount_silent(void)
{
    unsigned uid = getuid(), gid = getgid();
    char options[128];
    int fd;

    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
        fail("unshare");
    }
    write_text("/proc/self/setgroups", "deny");
    write_text("/proc/self/uid_map", "0 %u 1", uid);
    write_text("/proc/self/gid_map", "0 %u 1", gid);
    fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        fail("/dev/fuse");
    }
    snprintf(options, sizeof(options),
             "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
    (void)mkdir(WAY_TO_MNT, 0777);
    if (mount("silent", WAY_TO_MNT, "fuse", MS_NOSUID | MS_NODEV, options) !=
        0) {
        fail("mount");
    }
    return fd;
}

static void answer(int fuse, uint64_t unique, int error, const void *data,
                   size_t length)
{
    uint8_t reply[512];
    struct fuse_out_header head = {
        .len = (uint32_t)(sizeof(head) + length),
        .error = -error,
        .unique = unique,
    };

    memcpy(reply, &head, sizeof(head));
    memcpy(reply + sizeof(head), data, length);
    (void)!write(fuse, reply, head.len);
}

static struct fuse_attr attributes(uint64_t node)
{
    return (struct fuse_attr){
        .ino = node,
        .size = FILE_SIZE,
        .blocks = FILE_SIZE / 512,
        .mode = node == FILE_NODE ? S_IFREG | 0700 : S_IFDIR | 0700,
        .nlink = 1,
    };
}

/* Reads and flushes are never answered. */
static void serve_one(int fuse, const struct fuse_in_header *in)
{
    struct fuse_init_out init = {
        .major = FUSE_KERNEL_VERSION,
        .minor = 31,
        .max_write = PAGE,
        .max_readahead = PAGE,
    };
    struct fuse_entry_out entry = {
        .nodeid = FILE_NODE,
        .attr_valid = 1000000,
        .entry_valid = 1000000,
        .attr = attributes(FILE_NODE),
    };
    struct fuse_attr_out attr = {
        .attr_valid = 1000000,
        .attr = attributes(in->nodeid),
    };
    struct fuse_open_out opened = { 0 };

    switch (in->opcode) {
    case FUSE_INIT:
        answer(fuse, in->unique, 0, &init, sizeof(init));
        break;
    case FUSE_LOOKUP:
        answer(fuse, in->unique, 0, &entry, sizeof(entry));
        break;
    case FUSE_GETATTR:
        answer(fuse, in->unique, 0, &attr, sizeof(attr));
        break;
    case FUSE_OPEN:
        answer(fuse, in->unique, 0, &opened, sizeof(opened));
        break;
    case FUSE_READ:
    case FUSE_FLUSH:
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
    case FUSE_INTERRUPT:
        break;
    default:
        answer(fuse, in->unique, ENOSYS, NULL, 0);
        break;
    }
}

static _Noreturn void serve(int fuse)
{
    static _Alignas(8) uint8_t request[1 << 16];

    for (;;) {
        ssize_t length = read(fuse, request, sizeof(request));

        if (length >= (ssize_t)sizeof(struct fuse_in_header)) {
            serve_one(fuse, (const struct fuse_in_header *)request);
        } else if (length >= 0 || (errno != EINTR && errno != EAGAIN)) {
            fail("serve");
        }
    }
}

static int open_silent(void)
{
    int fd = open(WAY_TO_MNT "/file", O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        fail(WAY_TO_MNT "/file");
    }
    return fd;
}

static void start_thread(void *(*work)(void *))
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, work, NULL) != 0) {
        fail("pthread_create");
    }
    usleep(SETTLE_US);
}

/* Reading a page by this way, the kernel holds the map until it is there. */
static void *read_own_memory(void *unused)
{
    int fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    char byte;

    (void)unused;
    (void)!pread(fd, &byte, 1, (off_t)(uintptr_t)page);
    fail("the page was read");
}

/* From now on nobody else gets the map either. */
static void *change_map(void *unused)
{
    (void)unused;
    (void)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    fail("the map was changed");
}

static void *report(void *pid)
{
    usleep(3 * SETTLE_US);
    printf("stuck %d\n", *(int *)pid);
    fflush(stdout);
    return NULL;
}

static void silent_map(void)
{
    page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, open_silent(), 0);
    if (page == MAP_FAILED) {
        fail("mmap");
    }
    start_thread(read_own_memory);
    start_thread(change_map);
}

static void silent_exec(void)
{
    static char *const arguments[] = { (char *)"never", NULL };

    (void)open_silent();
    execv("/proc/self/exe", arguments);
    fail("exec");
}

static const struct {
    const char *name;
    void (*live)(void);
} kinds[] = {
    { "map", silent_map },
    { "exec", silent_exec },
};

int menagerie_silent(char **kind)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        pthread_t reporter;
        static int pid;
        int fuse;

        if (strcmp(kind[0], kinds[i].name) != 0) {
            continue;
        }
        fuse = mount_silent();
        pid = fork();
        if (pid == 0) {
            /* The server's end alone lets go of all of them. */
            close(fuse);
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            prctl(PR_SET_NAME, "silent");
            kinds[i].live();
            animal_sit();
        }
        prctl(PR_SET_NAME, "silent-server");
        (void)pthread_create(&reporter, NULL, report, &pid);
        serve(fuse);
    }
    fprintf(stderr, "haywire-menagerie: no kind %s\n", kind[0]);
    return EXIT_FAILURE;
}

static void *store(void *unused)
{
    (void)unused;
    *(volatile uint8_t *)page = 1;
    return NULL;
}

static void *protect(void *unused)
{
    (void)unused;
    (void)mprotect(page, PAGE, PROT_READ);
    return NULL;
}

static _Noreturn void live_frozen(const char *file, int ready)
{
    int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    char byte;

    if (fd < 0 || ftruncate(fd, PAGE) != 0) {
        fail(file);
    }
    page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED || read(ready, &byte, 1) != 1) {
        fail("mmap");
    }
    start_thread(store);
    start_thread(protect);
    animal_sit();
}

int menagerie_frozen(const char *folder)
{
    char file[4096];
    int ready[2];
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    pid_t pid;

    snprintf(file, sizeof(file), "%s/frozen", folder);
    if (fd < 0 || pipe2(ready, O_CLOEXEC) != 0) {
        fail(folder);
    }
    pid = fork();
    if (pid == 0) {
        prctl(PR_SET_NAME, "frozen");
        live_frozen(file, ready[0]);
    }
    usleep(SETTLE_US);
    if (ioctl(fd, FIFREEZE, 0) != 0 || write(ready[1], "", 1) != 1) {
        fail("FIFREEZE");
    }
    (void)report(&pid);
    return EXIT_SUCCESS;
}
