/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file that is there as a whole or not at all: see whole_file.h.
 */
#include "whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exit_status.h"

/* The name to be removed by a signal; NULL: none. */
static const char *volatile unfinished;

static const int endings[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

static void give_up(int number)
{
    if (unfinished) {
        unlink(unfinished);
    }
    signal(number, SIG_DFL);
    raise(number);
}

/* What is ignored, as by nohup, stays so. Too large a file is an error. */
static void watch_signals(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(endings); i++) {
        if (signal(endings[i], give_up) == SIG_IGN) {
            signal(endings[i], SIG_IGN);
        }
    }
    signal(SIGXFSZ, SIG_IGN);
}

static gboolean fail(const HaywireWholeFile *file, int reason, GError **error)
{
    return haywire_exit_fail(error, HAYWIRE_EXIT_IO, "%s: %s", file->path,
                             g_strerror(reason));
}

gboolean haywire_whole_file_begin(HaywireWholeFile *file, const char *path,
                                  GError **error)
{
    struct stat found;

    file->path = path;
    if (lstat(path, &found) == 0) {
        return haywire_exit_fail(error, HAYWIRE_EXIT_IO,
                                 "%s: exists already: give another name", path);
    }
    file->temporary = g_strconcat(path, ".XXXXXX", NULL);
    watch_signals();
    file->fd = mkostemp(file->temporary, O_CLOEXEC);
    if (file->fd < 0) {
        const int reason = errno;

        g_clear_pointer(&file->temporary, g_free);
        return fail(file, reason, error);
    }
    unfinished = file->temporary;
    return TRUE;
}

gboolean haywire_whole_file_write(HaywireWholeFile *file, const void *bytes,
                                  gsize length, guint64 offset, GError **error)
{
    const char *from = bytes;

    while (length > 0) {
        const ssize_t done = pwrite(file->fd, from, length, (off_t)offset);

        if (done < 0 && errno != EINTR) {
            return fail(file, errno, error);
        }
        if (done > 0) {
            from += done;
            offset += (guint64)done;
            length -= (gsize)done;
        }
    }
    return TRUE;
}

/* Where a file system cannot do it in one step, in two. */
static int give_name(const HaywireWholeFile *file)
{
    struct stat found;

    if (renameat2(AT_FDCWD, file->temporary, AT_FDCWD, file->path,
                  RENAME_NOREPLACE) == 0) {
        return 0;
    }
    if (errno != EINVAL && errno != ENOSYS) {
        return -1;
    }
    if (lstat(file->path, &found) == 0) {
        errno = EEXIST;
        return -1;
    }
    return rename(file->temporary, file->path);
}

gboolean haywire_whole_file_finish(HaywireWholeFile *file, guint64 size,
                                   GError **error)
{
    if (ftruncate(file->fd, (off_t)size) != 0 || fsync(file->fd) != 0 ||
        give_name(file) != 0) {
        return fail(file, errno, error);
    }
    unfinished = NULL;
    close(file->fd);
    g_clear_pointer(&file->temporary, g_free);
    return TRUE;
}

void haywire_whole_file_clear(HaywireWholeFile *file)
{
    if (file->temporary) {
        unlink(file->temporary);
        unfinished = NULL;
        close(file->fd);
        g_clear_pointer(&file->temporary, g_free);
    }
}
