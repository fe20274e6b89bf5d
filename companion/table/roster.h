/*
 * Whose turn it is in a round over all processes, and of whom an earlier
 * result still holds.
 *
 * A round looks at all processes, or only at those that are known to have
 * changed. What was read before is kept while its process has not run since
 * (HaywireMark), for half a minute: others can change a process, too.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HAYWIRE_ROSTER_H
#define HAYWIRE_ROSTER_H

#include "os/collector.h"

/* A process whose result is kept. */
typedef struct HaywireSeen {
    uint32_t pid;
    uint32_t size;    /* of the result, bytes */
    uint64_t place;   /* of the result, as its owner counts */
    uint64_t read_ns; /* monotonic */
    HaywireMark mark; /* from before it was read */
} HaywireSeen;

typedef struct HaywireSeenList {
    HaywireSeen *seen;
    size_t count;
    size_t allocated;
} HaywireSeenList;

typedef struct HaywireRoster {
    HaywireCollector *collector;
    HaywireChanges pending; /* for the next round */
    HaywireChanges changed; /* in this round: to be read in any case */
    HaywirePidList list;    /* of this round */
    size_t first;           /* where in the list it began */
    size_t position;        /* how many have had their turn */
    bool partial;           /* a round over what changed */
    bool whole;             /* the last round left nobody out */
    bool lost;              /* a result could not be noted */
    uint64_t now_ns;        /* when the round began */
    HaywireSeenList before; /* by the round before, ascending by pid */
    HaywireSeenList seen;   /* in this round */
} HaywireRoster;

void haywire_roster_init(HaywireRoster *roster, HaywireCollector *collector);
void haywire_roster_destroy(HaywireRoster *roster);

/* Begin with a list of all processes, with @first_pid or the next above. */
HaywireCollect haywire_roster_begin(HaywireRoster *roster, uint32_t first_pid);

/*
 * Begin with those that are kept, and read those that are pending. False when
 * that cannot be: it takes a round over all.
 */
bool haywire_roster_begin_changes(HaywireRoster *roster);

bool haywire_roster_left(const HaywireRoster *roster);
/* The next pid; there must be one left. */
uint32_t haywire_roster_next(HaywireRoster *roster);

/* What the round before has of @pid; NULL: nothing. The roster's. */
const HaywireSeen *haywire_roster_before(const HaywireRoster *roster,
                                         uint32_t pid);

/*
 * What the round before has of @pid, when it still holds; the roster's. NULL:
 * read it, then note it with *ret_mark.
 */
const HaywireSeen *haywire_roster_keep(HaywireRoster *roster, uint32_t pid,
                                       HaywireMark *ret_mark);

/*
 * Forget @mark where an equal one would not mean that @brief still holds: the
 * mark is of one thread, and a process that runs is about to change.
 */
void haywire_roster_doubt(const HaywireBrief *brief, HaywireMark *mark);

/* Remember a result, new or kept; one that is not is read again next time. */
void haywire_roster_note(HaywireRoster *roster, const HaywireSeen *seen);

/* The round is over. @whole: all processes had their turn. */
void haywire_roster_end(HaywireRoster *roster, bool whole);

#endif
