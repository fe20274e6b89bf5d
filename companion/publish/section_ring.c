/* SPDX-License-Identifier: GPL-2.0-or-later */
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
 */

#include "publish/roundrobin.h"
#include "publish/section_ring.h"

void haywire_section_ring_init(HaywireSectionRing *ring,
                               HaywirePublisher *publisher, HaywireTable *table)
{
    ring->publisher = publisher;
    ring->collector = table->collector;
    ring->table = table;
    ring->ring_first = haywire_roundrobin_ring_first(publisher);
    ring->ring_pages = haywire_roundrobin_ring_pages(publisher);
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
        ring->resume_pid = ring->turn.taken == 1 ? pid + 1 : pid;
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
        *ret_complete = haywire_pack_empty(&ring->packer, process, result);
    } else if (result != HAYWIRE_COLLECT_GONE) {
        /* What blocks is asked for again. */
        *ret_complete = haywire_pack_empty(&ring->packer, process, result) &&
                        result != HAYWIRE_COLLECT_BLOCKED;
    }
    return result;
}

static void put_process(HaywireSectionRing *ring, HaywireEntry *entry)
{
    HaywireCollector *collector = ring->collector;
    uint64_t place = ring->page_count;
    uint64_t bytes = bytes_written(ring);
    HaywireOpenProcess *process = NULL;
    bool complete = false;
    HaywireBrief brief;
    HaywireCollect result =
        collector->ops->open(collector, entry->pid, &process, &brief);

    if (result == HAYWIRE_COLLECT_OK) {
        result = put_open(ring, process, brief.kernel, &complete);
        collector->ops->close(collector, process);
    }
    haywire_publisher_count(ring->publisher, result);
    entry->sections = (HaywireKeptSections){ 0 };
    if (complete) {
        entry->sections.version = entry->version;
        entry->sections.place = place;
        entry->sections.size = (uint32_t)(bytes_written(ring) - bytes);
    }
}

/* Pages that so many bytes take, as sections leave pages partly filled. */
static uint64_t pages_for(uint64_t bytes)
{
    return bytes / (HAYWIRE_PAYLOAD_MAX - HAYWIRE_PAYLOAD_MAX / 8) + 1;
}

/* Will it be there when @pages more are written, and some that are new? */
static bool survives(const HaywireSectionRing *ring,
                     const HaywireKeptSections *kept, uint64_t pages)
{
    uint64_t spare = ring->ring_pages / 32 + 2;

    return kept->place + ring->ring_pages > ring->page_count + pages + spare;
}

/* What a sweep over those told of may take. */
static uint32_t small_sweep(const HaywireSectionRing *ring)
{
    return ring->ring_pages / 16 + 1;
}

/* Is there room for this sweep and two small ones before it is overwritten? */
static bool may_stay(const HaywireSectionRing *ring,
                     const HaywireKeptSections *kept)
{
    return survives(ring, kept,
                    pages_for(ring->bytes_left) + 2 * small_sweep(ring));
}

static void begin_sweep(HaywireSectionRing *ring, uint32_t pages)
{
    ring->turn = haywire_turn(ring->resume_pid);
    ring->resume_pid = 0;
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

static uint64_t bytes_kept(const HaywireSectionRing *ring)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < ring->table->count; i++) {
        bytes += ring->table->entry[i].sections.size;
    }
    return bytes;
}

/* False when all had their turn. */
static bool sweep_one(HaywireSectionRing *ring)
{
    HaywireEntry *entry = haywire_table_next(ring->table, &ring->turn);
    HaywireKeptSections *kept;

    if (!entry) {
        return false;
    }
    kept = &entry->sections;
    ring->bytes_left -=
        kept->size < ring->bytes_left ? kept->size : ring->bytes_left;
    if (kept->version != entry->version || !may_stay(ring, kept)) {
        put_process(ring, entry);
    }
    return true;
}

HaywireStep haywire_section_ring_step(void *opaque)
{
    HaywireSectionRing *ring = opaque;
    HaywireStep step;

    if (!ring->collecting) {
        step = haywire_table_look(
            ring->table, ring->publisher->setup.roundrobin_interval_ns / 2,
            &ring->since_ns);
        if (step != HAYWIRE_STEP_DONE) {
            return step;
        }
        begin_sweep(ring, ring->ring_pages);
        ring->bytes_left = bytes_kept(ring);
        ring->collecting = true;
    }
    if (sweep_one(ring)) {
        return HAYWIRE_STEP_MORE;
    }
    flush_page(ring);
    ring->publisher->counter[HAYWIRE_COUNTER_SECTIONS_DROPPED] = ring->dropped;
    ring->collecting = false;
    return HAYWIRE_STEP_DONE;
}

/* Would a small sweep leave everybody's sections in place? */
static bool all_survive(const HaywireSectionRing *ring)
{
    const HaywireTable *table = ring->table;

    for (size_t i = 0; i < table->count; i++) {
        const HaywireKeptSections *kept = &table->entry[i].sections;

        if (kept->version > 0 && !survives(ring, kept, small_sweep(ring))) {
            return false;
        }
    }
    return true;
}

bool haywire_section_ring_update(HaywireSectionRing *ring)
{
    HaywireEntry *entry;

    if (ring->collecting || ring->sweep == 0 || ring->resume_pid != 0 ||
        !all_survive(ring)) {
        return false;
    }
    begin_sweep(ring, small_sweep(ring));
    while ((entry = haywire_table_next(ring->table, &ring->turn))) {
        if (entry->sections.version < entry->told) {
            put_process(ring, entry);
        }
    }
    flush_page(ring);
    return true;
}
