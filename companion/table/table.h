/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one table of processes. Snapshots, process records and sections are made
 * from it; what was made of a process is kept with it for as long as it holds.
 *
 * A look goes over all processes, an update over those of which the system
 * told. A process that has not run since it was read (HaywireMark) is not read
 * again, for half a minute: others can change a process, too. Each reading
 * has a version of its own, and what was made of an older one is made again.
 */

#ifndef HAYWIRE_TABLE_H
#define HAYWIRE_TABLE_H

#include "engine/task.h"

/* The records of a process as they go to a page, one behind the other. */
typedef struct HaywireKeptRecord {
    uint64_t version; /* of the reading it belongs to; 0: there is none */
    uint8_t *data;
    size_t process_length;
    size_t fields_length;
    bool denied;  /* its executable */
    bool blocked; /* to be read again: something is missing */
} HaywireKeptRecord;

/* Where the sections of a process lie in the ring. */
typedef struct HaywireKeptSections {
    uint64_t version; /* 0: they do not, or not all of them */
    uint64_t place;   /* pages that the ring had taken before */
    uint32_t size;    /* bytes */
} HaywireKeptSections;

typedef struct HaywireEntry {
    uint32_t pid;
    bool known; /* it has been read, and was there */
    HaywireBrief brief;
    HaywireMark mark; /* from before it was read */
    uint64_t read_ns; /* monotonic */
    uint64_t version; /* of that reading, from 1 */
    uint64_t told;    /* version when the system told of it; 0: never */
    HaywireKeptRecord record;
    HaywireKeptSections sections;
} HaywireEntry;

typedef struct HaywireTable {
    HaywirePublisher *publisher; /* counts what could not be read */
    HaywireCollector *collector;
    HaywireEntry *entry; /* ascending by pid; some are not known */
    HaywireEntry *spare; /* of the same room */
    size_t count;
    size_t room;
    HaywireVector pids;    /* the newest list */
    HaywireHeard pending;  /* told of, for the next look or update */
    HaywireHeard changed;  /* of this one: to be read in any case */
    HaywireChanges ending; /* said to end, but still there when looked at */
    unsigned ending_looks;
    bool looking;        /* a look is under way: */
    size_t position;     /* how many had their turn */
    uint64_t taken_ns;   /* when the newest look or update began */
    uint64_t looked_ns;  /* when the newest complete look began; 0: none */
    uint64_t versions;   /* given so far */
    uint64_t keep_times; /* how long readings hold; 0: as long as usual */
    uint64_t content;    /* grows with each change that a snapshot can show */
} HaywireTable;

/* Zeroed memory becomes a table. */
void haywire_table_init(HaywireTable *table, HaywirePublisher *publisher,
                        HaywireCollector *collector);
void haywire_table_destroy(HaywireTable *table);

/*
 * See to it that the newest look is not older than @age_ns: a step of one, if
 * it takes one. Tasks that want one at a time share it.
 *
 * @since_ns: the caller's, 0 at first: when the look must have begun
 *
 * DONE: it is not. MORE: call again. IDLE: a look cannot be done now.
 */
HaywireStep haywire_table_look(HaywireTable *table, uint64_t age_ns,
                               uint64_t *since_ns);

/*
 * Readings of processes that have not run hold @times as long as usual: where
 * a round costs much, reading all anew costs most.
 */
void haywire_table_keep(HaywireTable *table, uint64_t times);

/* The system told of these. */
void haywire_table_hear(HaywireTable *table, const HaywireHeard *heard);

/*
 * Read those that the system told of. False when that cannot be, or not now:
 * it takes a look.
 */
bool haywire_table_update(HaywireTable *table);

/* Is there something to update? */
bool haywire_table_waits(const HaywireTable *table);

/* Processes that are known. */
size_t haywire_table_known(const HaywireTable *table);

/* NULL: not known. */
const HaywireEntry *haywire_table_find(const HaywireTable *table, uint32_t pid);

/* A round over the table that may begin anywhere, and goes once around. */
typedef struct HaywireTurn {
    uint32_t first; /* pid, or the next above */
    uint32_t next;
    uint32_t taken; /* how many had their turn */
    bool wrapped;
} HaywireTurn;

HaywireTurn haywire_turn(uint32_t first_pid);

/*
 * The next that is known; NULL: the round is over. Between two calls the table
 * may be updated; the entry stays valid until then.
 */
HaywireEntry *haywire_table_next(HaywireTable *table, HaywireTurn *turn);

#endif
