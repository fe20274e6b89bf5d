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

/*
 * The files that are open right now, for whoever has to close them when their
 * opener cannot: a helper (helper.h). -1: free.
 */
#define HAYWIRE_OPENED_MAX 4

typedef struct HaywireProcOpened {
    int fd[HAYWIRE_OPENED_MAX];
} HaywireProcOpened;

void haywire_proc_opened_init(HaywireProcOpened *opened);
void haywire_proc_close_opened(HaywireProcOpened *opened);
/* From now on haywire_proc_open() and haywire_proc_close() keep this. */
void haywire_proc_note_opened(HaywireProcOpened *opened);

/* What an errno value of reading /proc means. */
HaywireCollect haywire_proc_result(int error);

/* GONE, DENIED, FAILED; *ret_fd is the caller's to close, as below. */
HaywireCollect haywire_proc_open(int folder, const char *name, int flags,
                                 int *ret_fd);

/* Also of one that the other did not open; less than 0 is fine. */
void haywire_proc_close(int fd);

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
 * Add to a text. False when it would be longer
 * than @limit, or without memory.
 */
bool haywire_proc_text_append(HaywireProcText *text, size_t limit,
                              const char *data, size_t length);

#endif
