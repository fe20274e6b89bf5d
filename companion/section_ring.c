/*
 * The sections of all processes in turn.
 *
 * A sweep writes each process at most once, and overwrites what was written
 * longest ago. While everything fits the ring, the newest sections of each
 * process are therefore always there. What does not fit one sweep is counted
 * and comes first in the next.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdlib.h>
#include <string.h>

#include "roundrobin.h"
#include "section_ring.h"

void haywire_section_ring_init(HaywireSectionRing *ring,
                               HaywirePublisher *publisher,
                               HaywireCollector *collector)
{
    memset(ring, 0, sizeof(*ring));
    ring->publisher = publisher;
    ring->collector = collector;
    ring->ring_first = haywire_roundrobin_ring_first(publisher);
    ring->ring_pages = haywire_roundrobin_ring_pages(publisher);
}

void haywire_section_ring_destroy(HaywireSectionRing *ring)
{
    free(ring->list.pid);
    memset(ring, 0, sizeof(*ring));
}

static void flush_page(HaywireSectionRing *ring)
{
    if (ring->writer.used == 0) {
        return;
    }
    haywire_publisher_put(ring->publisher, HAYWIRE_CATEGORY_ROUNDROBIN,
                          ring->ring_first + ring->next_page,
                          HAYWIRE_KIND_ROUNDROBIN, ring->sweep,
                          ring->writer.payload, ring->writer.used);
    ring->writer.used = 0;
    ring->next_page = (ring->next_page + 1) % ring->ring_pages;
    ring->pages_left--;
}

static HaywireWriter *next_page(void *opaque)
{
    HaywireSectionRing *ring = opaque;

    flush_page(ring);
    return ring->pages_left > 0 ? &ring->writer : NULL;
}

/* Returns how many were written. */
static uint32_t put_sections(HaywireSectionRing *ring,
                             const HaywireOpenProcess *process, uint32_t total)
{
    uint32_t truncated;
    uint32_t written = haywire_pack_sections(&ring->packer, ring->collector,
                                             process, total, &truncated);

    ring->publisher->counter[HAYWIRE_COUNTER_STRINGS_TRUNCATED] += truncated;
    return written;
}

/*
 * What did not fit comes first in the next sweep; but a process that had the
 * whole ring for itself would only keep the others out.
 */
static void note_dropped(HaywireSectionRing *ring, uint32_t pid,
                         uint32_t dropped)
{
    ring->dropped += dropped;
    if (dropped > 0 && ring->resume_pid == 0) {
        ring->resume_pid = ring->seen == 0 ? pid + 1 : pid;
    }
}

static HaywireCollect read_sections(HaywireSectionRing *ring,
                                    HaywireOpenProcess *process, bool kernel,
                                    size_t *ret_count)
{
    *ret_count = 0;
    return kernel ? HAYWIRE_COLLECT_OK
                  : ring->collector->ops->sections(ring->collector, process,
                                                   ret_count);
}

static void put_process(HaywireSectionRing *ring, uint32_t pid)
{
    HaywireCollector *collector = ring->collector;
    HaywireOpenProcess process;
    HaywireBrief brief;
    size_t count = 0;
    uint32_t written = 0;
    HaywireCollect result =
        collector->ops->open(collector, pid, &process, &brief);

    if (result == HAYWIRE_COLLECT_OK) {
        result = read_sections(ring, &process, brief.kernel, &count);
        if (result == HAYWIRE_COLLECT_OK && count > 0) {
            written = put_sections(ring, &process, (uint32_t)count);
            note_dropped(ring, pid, (uint32_t)count - written);
        } else if (result == HAYWIRE_COLLECT_OK) {
            (void)haywire_pack_empty(&ring->packer, &process, 0);
        } else if (result == HAYWIRE_COLLECT_DENIED) {
            (void)haywire_pack_empty(&ring->packer, &process,
                                     HAYWIRE_SECTION_SET_UNREADABLE);
        }
        collector->ops->close(collector, &process);
    }
    haywire_publisher_count(ring->publisher, result);
}

static size_t find_pid(const HaywirePidList *list, uint32_t pid)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->pid[i] >= pid) {
            return i;
        }
    }
    return 0;
}

static HaywireStep begin(HaywireSectionRing *ring)
{
    HaywireCollect result =
        ring->collector->ops->list(ring->collector, &ring->list);

    haywire_publisher_count(ring->publisher, result);
    if (result != HAYWIRE_COLLECT_OK) {
        return HAYWIRE_STEP_IDLE;
    }
    ring->sweep++;
    ring->first = find_pid(&ring->list, ring->resume_pid);
    ring->seen = 0;
    ring->dropped = 0;
    ring->resume_pid = 0;
    ring->pages_left = ring->ring_pages;
    ring->packer = (HaywireSectionPacker){
        .writer = &ring->writer,
        .next_page = next_page,
        .opaque = ring,
        .generation = ring->sweep,
    };
    ring->collecting = true;
    return HAYWIRE_STEP_MORE;
}

HaywireStep haywire_section_ring_step(void *opaque)
{
    HaywireSectionRing *ring = opaque;

    if (!ring->collecting) {
        return begin(ring);
    }
    if (ring->seen < ring->list.count) {
        put_process(
            ring,
            ring->list.pid[(ring->first + ring->seen) % ring->list.count]);
        ring->seen++;
        return HAYWIRE_STEP_MORE;
    }
    flush_page(ring);
    ring->publisher->counter[HAYWIRE_COUNTER_SECTIONS_DROPPED] = ring->dropped;
    ring->collecting = false;
    return HAYWIRE_STEP_DONE;
}
