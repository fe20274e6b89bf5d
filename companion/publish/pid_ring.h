/*
 * PID snapshots: docs/protocol.md, section 5.4.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HAYWIRE_PID_RING_H
#define HAYWIRE_PID_RING_H

#include "table/roster.h"
#include "engine/task.h"

typedef struct HaywirePidRing {
    HaywirePublisher *publisher;
    HaywireCollector *collector;
    HaywireRoster roster;        /* a result's place: number of its entry */
    HaywireWirePidEntry *entry;  /* of the snapshot being taken */
    HaywireWirePidEntry *before; /* of the one before */
    size_t count;
    size_t count_before;
    size_t capacity;
    HaywireChanges ending; /* said to end, but still there when looked at */
    unsigned ending_looks;
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

/* These changed: the next snapshot reads them anew. */
void haywire_pid_ring_hear(HaywirePidRing *ring, const HaywireHeard *heard);

/*
 * A snapshot in which only those are read anew that changed; published when
 * it differs from the one before. False when that cannot be, or not now.
 */
bool haywire_pid_ring_update(HaywirePidRing *ring);

/* Is there something to read anew? */
bool haywire_pid_ring_waits(const HaywirePidRing *ring);

#endif
