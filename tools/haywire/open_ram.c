/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
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

static gboolean may_follow(const char *folder, int link)
{
    const mode_t shared = S_ISVTX | S_IWOTH;
    struct stat in, it;

    if (stat(folder, &in) != 0 || fstat(link, &it) != 0) {
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

/* Where the link @link at @path leads to; NULL: it must not be followed. */
static char *follow(const char *path, int link)
{
    g_autofree char *folder = g_path_get_dirname(path);
    char target[PATH_MAX];
    ssize_t length;

    if (!may_follow(folder, link)) {
        errno = EXDEV;
        return NULL;
    }
    length = readlinkat(link, "", target, sizeof(target));
    if (length <= 0 || (size_t)length == sizeof(target)) {
        errno = length < 0 ? errno : ENAMETOOLONG;
        return NULL;
    }
    target[length] = '\0';
    return target[0] == '/' ? g_strdup(target)
                            : g_build_filename(folder, target, NULL);
}

/*
 * As open() does; EXDEV: a link that must not be followed.  The link is held
 * meanwhile, so that what is judged is what is followed.
 */
static int open_path(const char *path)
{
    g_autofree char *at = g_strdup(path);

    for (int links = 0; links <= LINKS_MAX; links++) {
        int fd = open(at, FILE_FLAGS | O_NOFOLLOW), link, saved;
        char *next = NULL;

        if (fd >= 0 || errno != ELOOP) {
            return fd;
        }
        link = open(at, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (link < 0) {
            return -1;
        }
        if (is_magic(link)) {
            fd = open(at, FILE_FLAGS);
        } else {
            next = follow(at, link);
        }
        saved = errno;
        close(link);
        errno = saved;
        if (!next) {
            return fd;
        }
        g_free(at);
        at = next;
    }
    errno = ELOOP;
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
