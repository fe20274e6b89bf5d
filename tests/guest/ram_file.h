/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The RAM file, looked at without any of Haywire's code.
 */
#ifndef HAYWIRE_TESTS_RAM_FILE_H
#define HAYWIRE_TESTS_RAM_FILE_H

#include <glib.h>

/* Whether @size bytes at @offset of the file are @wanted. */
gboolean ram_file_holds(const char *path, guint64 offset, const void *wanted,
                        gsize size);

/*
 * A digest of all that was ever written to the file; g_free() it. Holes are
 * skipped and count as what they read as, zeros.
 */
char *ram_file_digest(const char *path);

/*
 * Offset of the newest control page of @camera (1 or 2) in the file, by the
 * page format of docs/protocol.md. FALSE when there is none.
 */
gboolean ram_file_find_control(const char *path, unsigned int camera,
                               guint64 *ret_offset);

/*
 * The beacon pages that the guest is in the middle of writing, by their locks,
 * and how far each lock has come: as a text, "" for none; g_free() it. Of a
 * guest that is stopped.
 */
char *ram_file_open_writes(const char *path);

/* The 32-bit or 64-bit little-endian word at @offset. */
guint32 ram_file_word32(const char *path, guint64 offset);
guint64 ram_file_word64(const char *path, guint64 offset);

#endif
