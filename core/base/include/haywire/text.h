/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest strings made fit for people, terminals and JSON.
 */

#ifndef HAYWIRE_TEXT_H
#define HAYWIRE_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of someone else's, not terminated. */
typedef struct HaywireString {
    const uint8_t *data;
    size_t length;
} HaywireString;

/*
 * Escape @length guest bytes into printable UTF-8: valid, printable UTF-8
 * stays; a backslash, every byte of control characters (C0, DEL, C1), of
 * invalid UTF-8, of noncharacters, of line and paragraph separators, of
 * bidirectional and other format controls becomes \xNN (lower-case hex). So
 * the text is unambiguous, one line, and harmless.
 *
 * @out: room for 4 * @length + 1 bytes; terminated
 * Returns the length without the terminator.
 */
size_t haywire_text_escape(const uint8_t *bytes, size_t length, char *out);

#endif
