/*
 * PID snapshots: docs/protocol.md, section 5.4.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HAYWIRE_PID_RING_H
#define HAYWIRE_PID_RING_H

#include "task.h"

typedef struct HaywirePidRing {
    HaywirePublisher *publisher;
    HaywireCollector *collector;
    HaywirePidList list;
    size_t position;            /* in the list */
    HaywireWirePidEntry *entry; /* of the snapshot being taken */
    size_t count;
    size_t capacity;
    uint64_t generation; /* of the newest snapshot */
    uint32_t next_index;
    uint64_t taken_ns;
    bool collecting;
} HaywirePidRing;

/* False without memory; the ring is then still to be destroyed. */
bool haywire_pid_ring_init(HaywirePidRing *ring, HaywirePublisher *publisher,
                           HaywireCollector *collector);
void haywire_pid_ring_destroy(HaywirePidRing *ring);

/* One process, or the publication. */
HaywireStep haywire_pid_ring_step(void *opaque);

#endif
