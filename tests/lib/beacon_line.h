/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of a builder's text: command, words, KEY=VALUE pairs.
 *
 * Getters are sticky: the first thing that is wrong is kept, in the line.
 */

#ifndef HAYWIRE_BEACON_LINE_H
#define HAYWIRE_BEACON_LINE_H

#include <glib.h>
#include <stdint.h>

typedef struct BeaconLine {
    unsigned number; /* from 1 */
    GPtrArray *item; /* of BeaconItem */
    size_t next_word;
    GError *error;
} BeaconLine;

/* A word has no key. Values may hold any byte. */
typedef struct BeaconItem {
    char *key;
    GString *value;
    gboolean used;
} BeaconItem;

typedef struct BeaconFlag {
    const char *name;
    uint64_t bit;
} BeaconFlag;

/* NULL for an empty line. Errors are in the line's error. */
BeaconLine *beacon_line_parse(const char *text, unsigned number);
void beacon_line_free(BeaconLine *line);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(BeaconLine, beacon_line_free)

void beacon_line_fail(BeaconLine *line, const char *format, ...)
    G_GNUC_PRINTF(2, 3);

/* The next word; "" when there is none, which is an error. */
const char *beacon_line_word(BeaconLine *line);
/* The number of the next word in @names (NULL-terminated); 0 on error. */
size_t beacon_line_choice(BeaconLine *line, const char *const *names);

gboolean beacon_line_has(const BeaconLine *line, const char *key);
uint64_t beacon_line_number(BeaconLine *line, const char *key,
                            uint64_t otherwise);
/* As above; the key must be there. */
uint64_t beacon_line_need(BeaconLine *line, const char *key);
/* Borrowed; @otherwise when the key is not there. */
const char *beacon_line_string(BeaconLine *line, const char *key,
                               const char *otherwise, size_t *ret_length);
/* @flags ends with a NULL name. */
uint64_t beacon_line_flags(BeaconLine *line, const char *key,
                           const BeaconFlag *flags, uint64_t otherwise);

/* The next unused pair, marked used; NULL when there is none. */
const BeaconItem *beacon_line_next_pair(BeaconLine *line);
gboolean beacon_number_parse(const char *text, uint64_t *ret_value);

/* What nobody asked for is an error. */
void beacon_line_finish(BeaconLine *line);

#endif
