/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a RAM file is at rest: see rest.h.
 */
#include "rest.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/vfs.h>

/* File systems that nobody can write to but through this kernel. */
static gboolean is_local(int fd)
{
    struct statfs system;

    if (fstatfs(fd, &system) != 0) {
        return FALSE;
    }
    switch ((unsigned long)system.f_type) {
    case TMPFS_MAGIC:
    case HUGETLBFS_MAGIC:
    case EXT4_SUPER_MAGIC:
    case XFS_SUPER_MAGIC:
    case BTRFS_SUPER_MAGIC:
        return TRUE;
    default:
        return FALSE;
    }
}

/* The kernel does not count who writes to a file that never had a name. */
static gboolean has_name(int fd)
{
    struct stat found;

    return fstat(fd, &found) == 0 && found.st_nlink > 0;
}

/*
 * The kernel grants a read lease only while no open file, mapped or not, can
 * write. Who opens the file just then waits until the lease is given back,
 * at once, and we are told by SIGIO.
 */
static gboolean has_no_writer(int fd)
{
    signal(SIGIO, SIG_IGN);
    return fcntl(fd, F_SETLEASE, F_RDLCK) == 0 &&
           fcntl(fd, F_SETLEASE, F_UNLCK) == 0;
}

gboolean haywire_file_at_rest(int fd)
{
    return is_local(fd) && has_name(fd) && has_no_writer(fd);
}

/* The kernel says EAGAIN of a file with a writer, another word if it may not
   tell us. */
gboolean haywire_file_in_use(int fd)
{
    return !has_name(fd) || (!has_no_writer(fd) && errno == EAGAIN);
}
