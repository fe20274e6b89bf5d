/*
 * Process records in two banks: docs/protocol.md, section 5.5.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HAYWIRE_ROUNDROBIN_H
#define HAYWIRE_ROUNDROBIN_H

#include "table/roster.h"
#include "engine/task.h"

typedef struct HaywireRoundrobin {
    HaywirePublisher *publisher;
    HaywireCollector *collector;
    HaywireRoster roster;  /* a result's place: where in the other bank */
    HaywireWriter *staged; /* the bank being filled */
    uint32_t bank_pages;
    uint32_t used;       /* staged pages */
    uint32_t written;    /* records */
    uint32_t fresh;      /* of these, not carried over */
    uint32_t resume_pid; /* the next cycle starts with it */
    uint64_t cycle;      /* number of the newest */
    uint64_t denied;     /* executables, in this cycle */
    bool collecting;
    HaywireDetails details; /* scratch */
} HaywireRoundrobin;

/* False without memory; it is then still to be destroyed. */
bool haywire_roundrobin_init(HaywireRoundrobin *robin,
                             HaywirePublisher *publisher,
                             HaywireCollector *collector);
void haywire_roundrobin_destroy(HaywireRoundrobin *robin);

/* One process, or the publication. */
HaywireStep haywire_roundrobin_step(void *opaque);

/* These changed: the next cycle reads them anew. */
void haywire_roundrobin_hear(HaywireRoundrobin *robin,
                             const HaywireHeard *heard);

/*
 * A cycle that reads only those anew that changed, and carries the records of
 * the others over. False when that cannot be, or not now.
 */
bool haywire_roundrobin_update(HaywireRoundrobin *robin);

/* Where the ring of sections begins, and how long it is. */
uint32_t haywire_roundrobin_ring_first(const HaywirePublisher *publisher);
uint32_t haywire_roundrobin_ring_pages(const HaywirePublisher *publisher);

#endif
