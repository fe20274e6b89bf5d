/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PID snapshots.
 *
 * A generation takes at least a tenth of the ring, so that ten are kept while
 * snapshots are small, and at most half, so that the newest complete one is
 * never overwritten by the next.
 */

#include <string.h>

#include "haywire/bytes.h"
#include "publish/pid_ring.h"

/* A snapshot while it is published. */
typedef struct Snapshot {
    HaywireTurn turn;
    uint32_t processes; /* in the guest */
    uint32_t dropped;   /* of these, without room */
    uint32_t pages;
} Snapshot;

void haywire_pid_ring_init(HaywirePidRing *ring, HaywirePublisher *publisher,
                           HaywireTable *table)
{
    ring->publisher = publisher;
    ring->table = table;
}

static HaywireWirePidEntry make_entry(const HaywireBrief *brief)
{
    uint32_t threads =
        brief->threads > UINT16_MAX ? UINT16_MAX : brief->threads;
    bool cut = brief->name_length > HAYWIRE_SHORT_NAME_SIZE;
    HaywireWirePidEntry entry = {
        .pid = haywire_le32(brief->pid),
        .ppid = haywire_le32(brief->ppid),
        .start_time_ns = haywire_le64(brief->start_time_ns),
        .uid = haywire_le32(brief->uid),
        .state = brief->state,
        .flags = (brief->kernel ? HAYWIRE_PID_FLAG_KERNEL : 0) |
                 (cut ? HAYWIRE_PID_FLAG_NAME_TRUNCATED : 0),
        .threads = haywire_le16((uint16_t)threads),
    };

    memcpy(entry.name, brief->name,
           cut ? HAYWIRE_SHORT_NAME_SIZE : brief->name_length);
    return entry;
}

static void put_page(HaywirePidRing *ring, Snapshot *snapshot, uint32_t ordinal)
{
    uint32_t ring_pages =
        haywire_publisher_pages(ring->publisher, HAYWIRE_CATEGORY_PID);
    const HaywireEntry *entry;
    uint32_t count = 0;
    struct {
        HaywireWirePidPage head;
        HaywireWirePidEntry entry[HAYWIRE_PIDS_PER_PAGE];
    } wire;

    while (count < HAYWIRE_PIDS_PER_PAGE &&
           (entry = haywire_table_next(ring->table, &snapshot->turn))) {
        wire.entry[count++] = make_entry(&entry->brief);
    }
    wire.head = (HaywireWirePidPage){
        .ordinal = haywire_le32(ordinal),
        .pages = haywire_le32(snapshot->pages),
        .count = haywire_le32(count),
        .total = haywire_le32(snapshot->processes),
        .dropped = haywire_le32(snapshot->dropped),
        .first_index = haywire_le32(ring->next_index),
        .taken_ns = haywire_le64(ring->table->taken_ns),
    };
    haywire_publisher_put(ring->publisher, HAYWIRE_CATEGORY_PID,
                          (ring->next_index + ordinal) % ring_pages,
                          HAYWIRE_KIND_PID, ring->generation, &wire,
                          sizeof(wire.head) + count * sizeof(wire.entry[0]));
}

static void publish(HaywirePidRing *ring)
{
    uint64_t *counter = ring->publisher->counter;
    uint32_t ring_pages =
        haywire_publisher_pages(ring->publisher, HAYWIRE_CATEGORY_PID);
    uint32_t tenth =
        (ring_pages + HAYWIRE_PID_GENERATIONS - 1) / HAYWIRE_PID_GENERATIONS;
    uint32_t room = ring_pages / 2 * (uint32_t)HAYWIRE_PIDS_PER_PAGE;
    Snapshot snapshot = {
        .processes = (uint32_t)haywire_table_known(ring->table),
    };
    uint32_t shown = snapshot.processes < room ? snapshot.processes : room;

    snapshot.dropped = snapshot.processes - shown;
    snapshot.pages = shown > 0 ? (shown - 1) / HAYWIRE_PIDS_PER_PAGE + 1 : 1;
    ring->generation++;
    ring->content = ring->table->content;
    for (uint32_t i = 0; i < snapshot.pages; i++) {
        put_page(ring, &snapshot, i);
    }
    ring->next_index =
        (ring->next_index + (snapshot.pages > tenth ? snapshot.pages : tenth)) %
        ring_pages;
    counter[HAYWIRE_COUNTER_PROCESSES] = snapshot.processes;
    counter[HAYWIRE_COUNTER_PROCESSES_DROPPED] = snapshot.dropped;
}

HaywireStep haywire_pid_ring_step(void *opaque)
{
    HaywirePidRing *ring = opaque;
    HaywireStep step = haywire_table_look(ring->table, 0, &ring->since_ns);

    if (step == HAYWIRE_STEP_DONE) {
        publish(ring);
    }
    return step;
}

void haywire_pid_ring_update(HaywirePidRing *ring)
{
    if (ring->generation > 0 && ring->content != ring->table->content) {
        publish(ring);
        ring->publisher->counter[HAYWIRE_COUNTER_PID_ROUNDS]++;
    }
}
