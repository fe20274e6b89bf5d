/*
 * The sections of all processes in turn.
 *
 * A sweep writes each process at most once, and overwrites what was written
 * longest ago. While everything fits the ring, the newest sections of each
 * process are therefore always there. What does not fit one sweep is counted
 * and comes first in the next.
 *
 * What a process had written stays where it is while the process has not run,
 * unless this sweep might come to overwrite it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdlib.h>
#include <string.h>

#include "publish/roundrobin.h"
#include "publish/section_ring.h"

void haywire_section_ring_init(HaywireSectionRing *ring,
                               HaywirePublisher *publisher,
                               HaywireCollector *collector)
{
    memset(ring, 0, sizeof(*ring));
    ring->publisher = publisher;
    ring->collector = collector;
    ring->ring_first = haywire_roundrobin_ring_first(publisher);
    ring->ring_pages = haywire_roundrobin_ring_pages(publisher);
    haywire_roster_init(&ring->roster, collector);
}

void haywire_section_ring_destroy(HaywireSectionRing *ring)
{
    haywire_roster_destroy(&ring->roster);
    memset(ring, 0, sizeof(*ring));
}

static void flush_page(HaywireSectionRing *ring)
{
    if (ring->writer.used == 0) {
        return;
    }
    haywire_publisher_put(ring->publisher, HAYWIRE_CATEGORY_ROUNDROBIN,
                          ring->ring_first +
                              (uint32_t)(ring->page_count % ring->ring_pages),
                          HAYWIRE_KIND_ROUNDROBIN, ring->sweep,
                          ring->writer.payload, ring->writer.used);
    ring->writer.used = 0;
    ring->page_count++;
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
        ring->resume_pid = ring->roster.position == 1 ? pid + 1 : pid;
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

/* Bytes that the ring has taken so far. */
static uint64_t bytes_written(const HaywireSectionRing *ring)
{
    return ring->page_count * HAYWIRE_PAYLOAD_MAX + ring->writer.used;
}

static HaywireCollect put_open(HaywireSectionRing *ring,
                               HaywireOpenProcess *process, bool kernel,
                               bool *ret_complete)
{
    size_t count = 0;
    uint32_t written;
    HaywireCollect result = read_sections(ring, process, kernel, &count);

    if (result == HAYWIRE_COLLECT_OK && count > 0) {
        written = put_sections(ring, process, (uint32_t)count);
        note_dropped(ring, process->pid, (uint32_t)count - written);
        *ret_complete = written == count;
    } else if (result == HAYWIRE_COLLECT_OK) {
        *ret_complete = haywire_pack_empty(&ring->packer, process, 0);
    } else if (result == HAYWIRE_COLLECT_DENIED) {
        *ret_complete = haywire_pack_empty(&ring->packer, process,
                                           HAYWIRE_SECTION_SET_UNREADABLE);
    }
    return result;
}

/* @seen: pid and mark are there, the rest is filled in */
static void put_process(HaywireSectionRing *ring, HaywireSeen *seen)
{
    HaywireCollector *collector = ring->collector;
    uint64_t bytes = bytes_written(ring);
    bool complete = false;
    HaywireOpenProcess process;
    HaywireBrief brief;
    HaywireCollect result =
        collector->ops->open(collector, seen->pid, &process, &brief);

    seen->place = ring->page_count;
    if (result == HAYWIRE_COLLECT_OK) {
        result = put_open(ring, &process, brief.kernel, &complete);
        collector->ops->close(collector, &process);
    }
    haywire_publisher_count(ring->publisher, result);
    if (complete) {
        haywire_roster_doubt(&brief, &seen->mark);
        seen->size = (uint32_t)(bytes_written(ring) - bytes);
        seen->read_ns = ring->roster.now_ns;
        haywire_roster_note(&ring->roster, seen);
    }
}

/* Pages that so many bytes take, as sections leave pages partly filled. */
static uint64_t pages_for(uint64_t bytes)
{
    return bytes / (HAYWIRE_PAYLOAD_MAX - HAYWIRE_PAYLOAD_MAX / 8) + 1;
}

/* Will it be there when @pages more are written, and some that are new? */
static bool survives(const HaywireSectionRing *ring, const HaywireSeen *seen,
                     uint64_t pages)
{
    uint64_t spare = ring->ring_pages / 32 + 2;

    return seen->place + ring->ring_pages > ring->page_count + pages + spare;
}

/* What a sweep over changes may take. */
static uint32_t small_sweep(const HaywireSectionRing *ring)
{
    return ring->ring_pages / 16 + 1;
}

/* Is there room for this sweep and two small ones before it is overwritten? */
static bool may_stay(const HaywireSectionRing *ring, const HaywireSeen *seen)
{
    return survives(ring, seen,
                    pages_for(ring->bytes_left) + 2 * small_sweep(ring));
}

static void sweep_one(HaywireSectionRing *ring)
{
    HaywireRoster *roster = &ring->roster;
    HaywireSeen seen = { .pid = haywire_roster_next(roster) };
    const HaywireSeen *before = haywire_roster_before(roster, seen.pid);
    const HaywireSeen *kept = haywire_roster_keep(roster, seen.pid, &seen.mark);

    ring->bytes_left -= before ? before->size : 0;
    if (kept && (roster->partial || may_stay(ring, kept))) {
        haywire_roster_note(roster, kept);
    } else {
        put_process(ring, &seen);
    }
}

static void begin_sweep(HaywireSectionRing *ring, uint32_t pages)
{
    ring->sweep++;
    ring->dropped = 0;
    ring->pages_left = pages;
    ring->packer = (HaywireSectionPacker){
        .writer = &ring->writer,
        .next_page = next_page,
        .opaque = ring,
        .generation = ring->sweep,
    };
}

static void end_sweep(HaywireSectionRing *ring)
{
    flush_page(ring);
    haywire_roster_end(&ring->roster, ring->dropped == 0);
}

static uint64_t bytes_before(const HaywireSectionRing *ring)
{
    const HaywireSeenList *before = &ring->roster.before;
    uint64_t bytes = 0;

    for (size_t i = 0; i < before->count; i++) {
        bytes += before->seen[i].size;
    }
    return bytes;
}

static HaywireStep begin(HaywireSectionRing *ring)
{
    HaywireCollect result =
        haywire_roster_begin(&ring->roster, ring->resume_pid);

    haywire_publisher_count(ring->publisher, result);
    if (result != HAYWIRE_COLLECT_OK) {
        return HAYWIRE_STEP_IDLE;
    }
    begin_sweep(ring, ring->ring_pages);
    ring->resume_pid = 0;
    ring->bytes_left = bytes_before(ring);
    ring->collecting = true;
    return HAYWIRE_STEP_MORE;
}

HaywireStep haywire_section_ring_step(void *opaque)
{
    HaywireSectionRing *ring = opaque;

    if (!ring->collecting) {
        return begin(ring);
    }
    if (haywire_roster_left(&ring->roster)) {
        sweep_one(ring);
        return HAYWIRE_STEP_MORE;
    }
    ring->publisher->counter[HAYWIRE_COUNTER_SECTIONS_DROPPED] = ring->dropped;
    ring->collecting = false;
    end_sweep(ring);
    return HAYWIRE_STEP_DONE;
}

void haywire_section_ring_hear(HaywireSectionRing *ring,
                               const HaywireHeard *heard)
{
    haywire_changes_add_all(&ring->roster.pending, &heard->begun);
}

/* Would a small sweep of @pages leave everybody's sections in place? */
static bool all_survive(const HaywireSectionRing *ring, uint64_t pages)
{
    const HaywireSeenList *before = &ring->roster.before;

    for (size_t i = 0; i < before->count; i++) {
        if (!survives(ring, &before->seen[i], pages)) {
            return false;
        }
    }
    return true;
}

bool haywire_section_ring_update(HaywireSectionRing *ring)
{
    uint32_t pages = small_sweep(ring);

    if (ring->collecting || !all_survive(ring, pages) ||
        !haywire_roster_begin_changes(&ring->roster)) {
        return false;
    }
    begin_sweep(ring, pages);
    ring->bytes_left = bytes_before(ring);
    while (haywire_roster_left(&ring->roster)) {
        sweep_one(ring);
    }
    end_sweep(ring);
    return true;
}
