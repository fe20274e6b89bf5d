/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading files of /proc: no buffering, one read for a small file. */

#ifndef HAYWIRE_PROC_FILE_H
#define HAYWIRE_PROC_FILE_H

#include <stddef.h>

#include "os/os.h"

/* Text that grows as a file needs it. Owned by its holder; free(data). */
typedef struct HaywireProcText {
    char *data;
    size_t length;
    size_t allocated;
} HaywireProcText;

/* What an errno value of reading /proc means. */
HaywireCollect haywire_proc_result(int error);

/* GONE, DENIED, FAILED; *ret_fd is the caller's to close. */
HaywireCollect haywire_proc_open(int folder, const char *name, int flags,
                                 int *ret_fd);

/*
 * Read a file of which @size bytes are enough; what is longer is cut.
 * *ret_length may be 0: kernel threads have empty files.
 */
HaywireCollect haywire_proc_read(int folder, const char *name, void *buffer,
                                 size_t size, size_t *ret_length);

/* The same from the start of an open file. */
HaywireCollect haywire_proc_read_kept(int fd, void *buffer, size_t size,
                                      size_t *ret_length);

/*
 * Read a file of any length up to @limit, calling the collector's tick in
 * between. FAILED when it is longer or memory is short.
 */
HaywireCollect haywire_proc_read_all(HaywireCollector *collector, int folder,
                                     const char *name, size_t limit,
                                     HaywireProcText *text);

#endif
