/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PID snapshots: docs/protocol.md, section 5.4. */

#ifndef HAYWIRE_PID_RING_H
#define HAYWIRE_PID_RING_H

#include "table/table.h"

typedef struct HaywirePidRing {
    HaywirePublisher *publisher;
    HaywireTable *table;
    uint64_t since_ns;   /* for haywire_table_look() */
    uint64_t generation; /* of the newest snapshot; 0: none yet */
    uint64_t content;    /* of the table, when it was made */
    uint32_t next_index;
} HaywirePidRing;

void haywire_pid_ring_init(HaywirePidRing *ring, HaywirePublisher *publisher,
                           HaywireTable *table);

/* A step of a look over all processes, or the publication. */
HaywireStep haywire_pid_ring_step(void *opaque);

/* The table was updated: publish when a snapshot would now be another. */
void haywire_pid_ring_update(HaywirePidRing *ring);

#endif
