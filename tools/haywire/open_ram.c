/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Opening the RAM file: see open_ram.h.
 */
#include "open_ram.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "exit_status.h"

/* As many links in a row as Linux follows. */
#define LINKS_MAX 40

/* O_NONBLOCK keeps a fifo from holding us up. */
#define FILE_FLAGS (O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

/* A name, and the folder in which it lies. */
typedef struct Step {
    int folder;
    char *name;
} Step;

static void step_clear(Step *step)
{
    if (step->folder >= 0) {
        close(step->folder);
    }
    g_free(step->name);
    *step = (Step){ .folder = -1 };
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Step, step_clear)

/* From @base, a folder, along @path up to its last name. */
static gboolean step_open(int base, const char *path, Step *ret_step)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    g_autofree char *folder =
        slash ? g_strndup(path, (gsize)(name - path)) : g_strdup(".");
    const int fd = openat(base, folder, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0) {
        return FALSE;
    }
    ret_step->folder = fd;
    ret_step->name = g_strdup(slash && !*name ? "." : name);
    return TRUE;
}

static gboolean may_follow(int folder, int link)
{
    const mode_t shared = S_ISVTX | S_IWOTH;
    struct stat in, it;

    if (fstat(folder, &in) != 0 || fstat(link, &it) != 0) {
        return FALSE;
    }
    return (in.st_mode & shared) != shared || it.st_uid == geteuid() ||
           it.st_uid == in.st_uid;
}

/* Links in /proc lead to what has no name of its own, such as a memfd. */
static gboolean is_magic(int link)
{
    struct statfs system;

    return fstatfs(link, &system) == 0 && system.f_type == PROC_SUPER_MAGIC;
}

/* Along the link @link, which @step names, to where it leads. */
static gboolean step_follow(Step *step, int link)
{
    char target[PATH_MAX];
    const ssize_t length = readlinkat(link, "", target, sizeof(target));
    Step next;

    if (length <= 0 || (size_t)length == sizeof(target)) {
        errno = length < 0 ? errno : ENAMETOOLONG;
        return FALSE;
    }
    target[length] = '\0';
    if (!step_open(step->folder, target, &next)) {
        return FALSE;
    }
    step_clear(step);
    *step = next;
    return TRUE;
}

/*
 * What the link at @step leads to: opened, or -1 with ELOOP and @step there.
 * It is held meanwhile, so that what is judged is what is followed.
 */
static int step_open_link(Step *step)
{
    const int link =
        openat(step->folder, step->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    int fd = -1;
    int saved;

    if (link < 0) {
        return -1;
    }
    if (!may_follow(step->folder, link)) {
        errno = EXDEV;
    } else if (is_magic(link)) {
        fd = openat(step->folder, step->name, FILE_FLAGS);
    } else if (step_follow(step, link)) {
        errno = ELOOP;
    }
    saved = errno;
    close(link);
    errno = saved;
    return fd;
}

/* As open() does; EXDEV: a link that must not be followed. */
static int open_path(const char *path)
{
    g_auto(Step) step = { .folder = -1 };
    int fd = -1;

    if (!step_open(AT_FDCWD, path, &step)) {
        return -1;
    }
    for (int links = 0; links <= LINKS_MAX; links++) {
        fd = openat(step.folder, step.name, FILE_FLAGS | O_NOFOLLOW);
        if (fd >= 0 || errno != ELOOP) {
            return fd;
        }
        fd = step_open_link(&step);
        if (fd >= 0 || errno != ELOOP) {
            return fd;
        }
    }
    return -1;
}

static const char *reason(int number)
{
    return number == EXDEV ? "A symbolic link of another user, in a folder "
                             "that is open to all"
                           : g_strerror(number);
}

int haywire_open_ram(const char *path, GError **error)
{
    const int fd = open_path(path);
    struct stat found;

    if (fd < 0 || fstat(fd, &found) != 0) {
        haywire_exit_fail(error, HAYWIRE_EXIT_IO, "%s: %s", path,
                          reason(errno));
    } else if (!S_ISREG(found.st_mode)) {
        haywire_exit_fail(error, HAYWIRE_EXIT_IO, "%s: Not a regular file",
                          path);
    } else {
        return fd;
    }
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}
