/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file that is there as a whole or not at all: it is written under another
 * name beside, and renamed at the end. None that exists is touched; only its
 * owner may read it. What ends the program by a signal removes it.
 *
 * One at a time. Functions that return gboolean set @error (HAYWIRE_EXIT_IO).
 */
#ifndef HAYWIRE_TOOL_WHOLE_FILE_H
#define HAYWIRE_TOOL_WHOLE_FILE_H

#include <glib.h>

typedef struct HaywireWholeFile {
    const char *path; /* borrowed */
    char *temporary;  /* NULL: not begun, or finished */
    int fd;
} HaywireWholeFile;

/* FALSE also where @path exists. */
gboolean haywire_whole_file_begin(HaywireWholeFile *file, const char *path,
                                  GError **error);

/* What is never written is a hole. */
gboolean haywire_whole_file_write(HaywireWholeFile *file, const void *bytes,
                                  gsize length, guint64 offset, GError **error);

/* It is @size bytes long, and has its name. */
gboolean haywire_whole_file_finish(HaywireWholeFile *file, guint64 size,
                                   GError **error);

/* Take away what was not finished. One that is all zero is fine. */
void haywire_whole_file_clear(HaywireWholeFile *file);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HaywireWholeFile, haywire_whole_file_clear)

#endif
