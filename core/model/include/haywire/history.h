/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * History: which processes started and exited from one process table of a
 * session to the next. Its size is fixed.
 */

#ifndef HAYWIRE_HISTORY_H
#define HAYWIRE_HISTORY_H

#include "haywire/model.h"

/* Changes of each kind that are kept at most; the rest is counted. */
#define HAYWIRE_HISTORY_NAMED 256

/* A process that started or exited; its name is escaped, as in a model. */
typedef struct HaywireChange {
    uint64_t start_time;
    uint32_t pid;
    uint32_t ppid;
    char name[4 * HAYWIRE_NAME_MAX + 1];
} HaywireChange;

typedef struct HaywireChanges {
    size_t total; /* that there were */
    size_t named; /* the first of them, by start time */
    HaywireChange change[HAYWIRE_HISTORY_NAMED];
} HaywireChanges;

/* A table, and what is different from the one before. */
typedef struct HaywirePastTable {
    uint64_t generation; /* of the snapshot */
    uint64_t time;       /* guest's monotonic clock when it was taken */
    uint64_t since;      /* the same of the table before */
    HaywireChanges exited;
    HaywireChanges started;
} HaywirePastTable;

typedef struct HaywireHistory HaywireHistory;

/* NULL without memory. */
HaywireHistory *haywire_history_new(void);
void haywire_history_free(HaywireHistory *history); /* NULL is fine */
/* Another session: nothing is known yet, and so nothing has changed. */
void haywire_history_clear(HaywireHistory *history);

/*
 * Look at a model. A process is (pid, start time): a pid that is used again is
 * one exit and one start. Only whole tables count, for what a table leaves out
 * has not exited; one that was seen before has nothing to tell. Holds a
 * reference of the newest model that counted.
 *
 * The new table, valid until the next call; NULL when there is none, or none
 * to compare it with, or no memory.
 */
const HaywirePastTable *haywire_history_add(HaywireHistory *history,
                                            HaywireModel *model);

#endif
