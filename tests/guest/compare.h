/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers of Haywire (JSON, as QMP and the host tool give it) against the
 * guest's own words. A difference fails the test and names process and field.
 */
#ifndef HAYWIRE_TESTS_COMPARE_H
#define HAYWIRE_TESTS_COMPARE_H

#include "truth.h"

/*
 * The guest at two moments, with the answers in between. A field is stable
 * when both agree on it; then the answer must too.
 */
typedef struct {
    GHashTable *before; /* of truth_processes() */
    GHashTable *after;
    guint32 keeper; /* pid of the menagerie: its children stand still */
} CompareTruth;

/*
 * Every process that was there at both moments must be in @processes, with
 * equal fields; none may be there that the guest did not have at either.
 * @who names the answer in messages.
 *
 * Tolerances: rss 64 pages or a quarter; processor time 50 ms beyond the two
 * moments; state, rss and vsize only of processes that stand still.
 */
void compare_processes(const char *who, JsonArray *processes,
                       const CompareTruth *truth);

/* All sections, field by field, in order. @sections is the whole answer. */
void compare_sections(const char *who, JsonObject *sections, GPtrArray *truth);

/* Undo \xNN: the bytes that an answer's string stands for. */
GBytes *compare_unescape(const char *text);

/* The process of this pid in an answer, or NULL. */
JsonObject *compare_find(JsonArray *processes, guint32 pid);

/* A member that must be there. */
gint64 compare_int(JsonObject *object, const char *member);
const char *compare_string(JsonObject *object, const char *member);
gboolean compare_bool(JsonObject *object, const char *member);

#endif
