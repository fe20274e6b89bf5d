/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Process records in two banks: docs/protocol.md, section 5.5. */

#ifndef HAYWIRE_ROUNDROBIN_H
#define HAYWIRE_ROUNDROBIN_H

#include "table/table.h"

typedef struct HaywireRoundrobin {
    HaywirePublisher *publisher;
    HaywireCollector *collector;
    HaywireTable *table;
    HaywireWriter *staged; /* the bank being filled */
    uint32_t bank_pages;
    uint64_t since_ns;      /* for haywire_table_look() */
    bool collecting;        /* a cycle is under way: */
    bool partial;           /* it reads only those that the system told of */
    HaywireTurn turn;       /* whose turn it is */
    uint32_t used;          /* staged pages */
    uint32_t written;       /* records */
    uint32_t fresh;         /* of these, just read */
    uint64_t denied;        /* executables */
    uint64_t blocked;       /* processes */
    uint64_t cycle;         /* number of the newest */
    uint32_t resume_pid;    /* found no room: the next cycle starts with it */
    uint32_t published;     /* records of the newest cycle */
    HaywireDetails details; /* scratch */
    HaywireFields fields;   /* scratch */
    HaywireWriter process;  /* scratch: its record */
    HaywireWriter more;     /* scratch: its record of fields */
} HaywireRoundrobin;

/* False without memory; it is then still to be destroyed. */
bool haywire_roundrobin_init(HaywireRoundrobin *robin,
                             HaywirePublisher *publisher, HaywireTable *table);
void haywire_roundrobin_destroy(HaywireRoundrobin *robin);

/* A step of a look, one process, or the publication. */
HaywireStep haywire_roundrobin_step(void *opaque);

/*
 * The table was updated: a cycle that reads only those anew that the system
 * told of, and takes the records of the others as they are. False when that
 * cannot be, or not now.
 */
bool haywire_roundrobin_update(HaywireRoundrobin *robin);

/* Where the ring of sections begins, and how long it is. */
uint32_t haywire_roundrobin_ring_first(const HaywirePublisher *publisher);
uint32_t haywire_roundrobin_ring_pages(const HaywirePublisher *publisher);

#endif
