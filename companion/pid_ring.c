/*
 * PID snapshots.
 *
 * A generation takes at least a tenth of the ring, so that ten are kept while
 * snapshots are small, and at most half, so that the newest complete one is
 * never overwritten by the next.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdlib.h>
#include <string.h>

#include "haywire/bytes.h"
#include "pid_ring.h"
#include "platform.h"

bool haywire_pid_ring_init(HaywirePidRing *ring, HaywirePublisher *publisher,
                           HaywireCollector *collector)
{
    uint32_t pages = haywire_publisher_pages(publisher, HAYWIRE_CATEGORY_PID);

    memset(ring, 0, sizeof(*ring));
    ring->publisher = publisher;
    ring->collector = collector;
    ring->capacity = pages / 2 * HAYWIRE_PIDS_PER_PAGE;
    ring->entry = calloc(ring->capacity, sizeof(*ring->entry));
    return ring->entry != NULL;
}

void haywire_pid_ring_destroy(HaywirePidRing *ring)
{
    free(ring->entry);
    free(ring->list.pid);
    memset(ring, 0, sizeof(*ring));
}

static void set_entry(HaywireWirePidEntry *entry, const HaywireBrief *brief)
{
    size_t length = brief->name_length;
    uint32_t threads =
        brief->threads > UINT16_MAX ? UINT16_MAX : brief->threads;

    memset(entry, 0, sizeof(*entry));
    entry->pid = haywire_le32(brief->pid);
    entry->ppid = haywire_le32(brief->ppid);
    entry->start_time_ns = haywire_le64(brief->start_time_ns);
    entry->uid = haywire_le32(brief->uid);
    entry->state = brief->state;
    entry->threads = haywire_le16((uint16_t)threads);
    entry->flags = brief->kernel ? HAYWIRE_PID_FLAG_KERNEL : 0;
    if (length > sizeof(entry->name)) {
        length = sizeof(entry->name);
        entry->flags |= HAYWIRE_PID_FLAG_NAME_TRUNCATED;
    }
    memcpy(entry->name, brief->name, length);
}

static void collect_one(HaywirePidRing *ring)
{
    HaywireCollector *collector = ring->collector;
    HaywireBrief brief;
    HaywireCollect result = collector->ops->brief(
        collector, ring->list.pid[ring->position++], &brief);

    haywire_publisher_count(ring->publisher, result);
    if (result == HAYWIRE_COLLECT_OK) {
        set_entry(&ring->entry[ring->count++], &brief);
    }
}

static void put_page(HaywirePidRing *ring, uint32_t ordinal, uint32_t pages,
                     size_t dropped)
{
    uint32_t ring_pages =
        haywire_publisher_pages(ring->publisher, HAYWIRE_CATEGORY_PID);
    size_t first = ordinal * HAYWIRE_PIDS_PER_PAGE;
    size_t count = ring->count - first;
    struct {
        HaywireWirePidPage head;
        HaywireWirePidEntry entry[HAYWIRE_PIDS_PER_PAGE];
    } wire;

    if (count > HAYWIRE_PIDS_PER_PAGE) {
        count = HAYWIRE_PIDS_PER_PAGE;
    }
    wire.head = (HaywireWirePidPage){
        .ordinal = haywire_le32(ordinal),
        .pages = haywire_le32(pages),
        .count = haywire_le32((uint32_t)count),
        .total = haywire_le32((uint32_t)(ring->count + dropped)),
        .dropped = haywire_le32((uint32_t)dropped),
        .first_index = haywire_le32(ring->next_index),
        .taken_ns = haywire_le64(ring->taken_ns),
    };
    memcpy(wire.entry, &ring->entry[first], count * sizeof(wire.entry[0]));
    haywire_publisher_put(ring->publisher, HAYWIRE_CATEGORY_PID,
                          (ring->next_index + ordinal) % ring_pages,
                          HAYWIRE_KIND_PID, ring->generation, &wire,
                          sizeof(wire.head) + count * sizeof(wire.entry[0]));
}

static void publish(HaywirePidRing *ring)
{
    uint32_t ring_pages =
        haywire_publisher_pages(ring->publisher, HAYWIRE_CATEGORY_PID);
    uint32_t tenth =
        (ring_pages + HAYWIRE_PID_GENERATIONS - 1) / HAYWIRE_PID_GENERATIONS;
    uint32_t pages = (uint32_t)((ring->count + HAYWIRE_PIDS_PER_PAGE - 1) /
                                HAYWIRE_PIDS_PER_PAGE);
    size_t dropped = ring->list.count - ring->position;

    pages = pages > 0 ? pages : 1;
    ring->generation++;
    for (uint32_t i = 0; i < pages; i++) {
        put_page(ring, i, pages, dropped);
    }
    ring->next_index =
        (ring->next_index + (pages > tenth ? pages : tenth)) % ring_pages;
    ring->publisher->counter[HAYWIRE_COUNTER_PROCESSES] = ring->count + dropped;
    ring->publisher->counter[HAYWIRE_COUNTER_PROCESSES_DROPPED] = dropped;
}

static HaywireStep begin(HaywirePidRing *ring)
{
    HaywireCollector *collector = ring->collector;
    HaywireCollect result;

    ring->taken_ns = haywire_platform_monotonic_ns();
    ring->position = 0;
    ring->count = 0;
    result = collector->ops->list(collector, &ring->list);
    haywire_publisher_count(ring->publisher, result);
    ring->collecting = result == HAYWIRE_COLLECT_OK;
    return ring->collecting ? HAYWIRE_STEP_MORE : HAYWIRE_STEP_IDLE;
}

HaywireStep haywire_pid_ring_step(void *opaque)
{
    HaywirePidRing *ring = opaque;

    if (!ring->collecting) {
        return begin(ring);
    }
    if (ring->position < ring->list.count && ring->count < ring->capacity) {
        collect_one(ring);
        return HAYWIRE_STEP_MORE;
    }
    publish(ring);
    ring->collecting = false;
    return HAYWIRE_STEP_DONE;
}
