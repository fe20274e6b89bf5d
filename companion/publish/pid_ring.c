/*
 * PID snapshots.
 *
 * A generation takes at least a tenth of the ring, so that ten are kept while
 * snapshots are small, and at most half, so that the newest complete one is
 * never overwritten by the next.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "haywire/bytes.h"
#include "publish/pid_ring.h"
#include "os/platform.h"

/*
 * The end of a process is told before it has ended, and none tells when its
 * parent has taken note: so it is looked at a few times more.
 */
#define ENDING_LOOKS 3

bool haywire_pid_ring_init(HaywirePidRing *ring, HaywirePublisher *publisher,
                           HaywireCollector *collector)
{
    uint32_t pages = haywire_publisher_pages(publisher, HAYWIRE_CATEGORY_PID);

    memset(ring, 0, sizeof(*ring));
    ring->publisher = publisher;
    ring->collector = collector;
    ring->capacity = pages / 2 * HAYWIRE_PIDS_PER_PAGE;
    ring->entry = calloc(ring->capacity, sizeof(*ring->entry));
    ring->before = calloc(ring->capacity, sizeof(*ring->before));
    haywire_roster_init(&ring->roster, collector);
    return ring->entry && ring->before;
}

void haywire_pid_ring_destroy(HaywirePidRing *ring)
{
    free(ring->entry);
    free(ring->before);
    haywire_roster_destroy(&ring->roster);
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

static HaywireCollect read_entry(HaywirePidRing *ring, uint32_t pid,
                                 HaywireWirePidEntry *ret_entry,
                                 HaywireMark *mark)
{
    HaywireCollector *collector = ring->collector;
    HaywireBrief brief;
    HaywireCollect result = collector->ops->brief(collector, pid, &brief);

    haywire_publisher_count(ring->publisher, result);
    if (result == HAYWIRE_COLLECT_OK) {
        set_entry(ret_entry, &brief);
        haywire_roster_doubt(&brief, mark);
    }
    return result;
}

static void collect_one(HaywirePidRing *ring)
{
    uint32_t pid = haywire_roster_next(&ring->roster);
    HaywireSeen seen = { .pid = pid };
    const HaywireSeen *kept =
        haywire_roster_keep(&ring->roster, pid, &seen.mark);

    if (kept) {
        seen = *kept;
        ring->entry[ring->count] = ring->before[kept->place];
    } else if (read_entry(ring, pid, &ring->entry[ring->count], &seen.mark) ==
               HAYWIRE_COLLECT_OK) {
        seen.read_ns = ring->roster.now_ns;
    } else {
        return;
    }
    seen.place = ring->count++;
    haywire_roster_note(&ring->roster, &seen);
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

/* State and threads, behind these, change with every breath. */
static bool is_news(const HaywireWirePidEntry *entry,
                    const HaywireWirePidEntry *before)
{
    return memcmp(entry, before, offsetof(HaywireWirePidEntry, state)) != 0 ||
           memcmp(entry->name, before->name, sizeof(entry->name)) != 0;
}

/* Has a process come, gone, or become another program since the last one? */
static bool has_news(const HaywirePidRing *ring)
{
    bool news = ring->count != ring->count_before;

    for (size_t i = 0; i < ring->count && !news; i++) {
        news = is_news(&ring->entry[i], &ring->before[i]);
    }
    return news;
}

static void publish(HaywirePidRing *ring, size_t dropped)
{
    uint32_t ring_pages =
        haywire_publisher_pages(ring->publisher, HAYWIRE_CATEGORY_PID);
    uint32_t tenth =
        (ring_pages + HAYWIRE_PID_GENERATIONS - 1) / HAYWIRE_PID_GENERATIONS;
    uint32_t pages = (uint32_t)((ring->count + HAYWIRE_PIDS_PER_PAGE - 1) /
                                HAYWIRE_PIDS_PER_PAGE);

    pages = pages > 0 ? pages : 1;
    ring->generation++;
    for (uint32_t i = 0; i < pages; i++) {
        put_page(ring, i, pages, dropped);
    }
    ring->next_index =
        (ring->next_index + (pages > tenth ? pages : tenth)) % ring_pages;
    ring->publisher->counter[HAYWIRE_COUNTER_PROCESSES] = ring->count + dropped;
    ring->publisher->counter[HAYWIRE_COUNTER_PROCESSES_DROPPED] = dropped;
    if (has_news(ring)) {
        haywire_publisher_ring(ring->publisher);
    }
}

static int compare_entries(const void *a, const void *b)
{
    uint32_t left = haywire_le32_get(((const HaywireWirePidEntry *)a)->pid);
    uint32_t right = haywire_le32_get(((const HaywireWirePidEntry *)b)->pid);

    return (left > right) - (left < right);
}

/* Entries are in the order of the list: ascending. */
static HaywireWirePidEntry *find_entry(HaywirePidRing *ring, uint32_t pid)
{
    HaywireWirePidEntry key = { .pid = haywire_le32(pid) };

    return bsearch(&key, ring->entry, ring->count, sizeof(key),
                   compare_entries);
}

/* Has it a parent that lives? A parent of 0 is none, or not to be seen. */
static bool has_parent(HaywirePidRing *ring, uint32_t ppid)
{
    const HaywireWirePidEntry *parent = find_entry(ring, ppid);

    return ppid == 0 ||
           (parent && parent->state != 'Z' && parent->state != 'X');
}

/*
 * A process whose parent ends gets another, without running itself. Those
 * that were read in this round are up to date.
 */
static void follow_parents(HaywirePidRing *ring)
{
    HaywireSeenList *list = &ring->roster.seen;
    uint32_t last = 0;

    for (size_t i = 0; i < list->count; i++) {
        HaywireSeen *seen = &list->seen[i];
        HaywireWirePidEntry *entry = &ring->entry[seen->place];
        uint32_t ppid = haywire_le32_get(entry->ppid);

        if (ppid == last || has_parent(ring, ppid)) {
            last = ppid;
        } else if (seen->read_ns != ring->roster.now_ns) {
            /* One that has just ended as well is for the next round. */
            (void)read_entry(ring, seen->pid, entry, &seen->mark);
        }
    }
}

static void begin_snapshot(HaywirePidRing *ring)
{
    ring->taken_ns = ring->roster.now_ns;
    ring->count = 0;
}

static void collect_more(HaywirePidRing *ring, size_t most)
{
    while (most-- > 0 && haywire_roster_left(&ring->roster) &&
           ring->count < ring->capacity) {
        collect_one(ring);
    }
}

static bool is_collected(const HaywirePidRing *ring)
{
    return !haywire_roster_left(&ring->roster) || ring->count == ring->capacity;
}

static size_t left_out(const HaywirePidRing *ring)
{
    return ring->roster.list.count - ring->roster.position;
}

static bool differs(const HaywirePidRing *ring)
{
    return ring->count != ring->count_before ||
           memcmp(ring->entry, ring->before,
                  ring->count * sizeof(*ring->entry)) != 0;
}

static void end_snapshot(HaywirePidRing *ring, bool whole)
{
    HaywireWirePidEntry *entry = ring->entry;

    haywire_roster_end(&ring->roster, whole);
    ring->entry = ring->before;
    ring->before = entry;
    ring->count_before = ring->count;
}

static HaywireStep begin(HaywirePidRing *ring)
{
    HaywireCollect result = haywire_roster_begin(&ring->roster, 0);

    haywire_publisher_count(ring->publisher, result);
    begin_snapshot(ring);
    ring->collecting = result == HAYWIRE_COLLECT_OK;
    return ring->collecting ? HAYWIRE_STEP_MORE : HAYWIRE_STEP_IDLE;
}

HaywireStep haywire_pid_ring_step(void *opaque)
{
    HaywirePidRing *ring = opaque;
    size_t dropped;

    if (!ring->collecting) {
        return begin(ring);
    }
    if (!is_collected(ring)) {
        collect_more(ring, 1);
        return HAYWIRE_STEP_MORE;
    }
    dropped = left_out(ring);
    if (dropped == 0) {
        follow_parents(ring);
    }
    publish(ring, dropped);
    end_snapshot(ring, dropped == 0);
    ring->collecting = false;
    return HAYWIRE_STEP_DONE;
}

void haywire_pid_ring_hear(HaywirePidRing *ring, const HaywireHeard *heard)
{
    haywire_changes_add_all(&ring->roster.pending, &heard->begun);
    haywire_changes_add_all(&ring->roster.pending, &heard->ended);
    if (heard->ended.count > 0) {
        haywire_changes_add_all(&ring->ending, &heard->ended);
        ring->ending_looks = 0;
    }
}

/* After a snapshot: who of those that should have ended is still there? */
static void look_at_ending(HaywirePidRing *ring)
{
    HaywireChanges still = { 0 };

    for (size_t i = 0; i < ring->ending.count; i++) {
        if (find_entry(ring, ring->ending.pid[i])) {
            haywire_changes_add(&still, ring->ending.pid[i]);
        }
    }
    if (++ring->ending_looks >= ENDING_LOOKS) {
        haywire_changes_clear(&still);
    }
    ring->ending = still;
    haywire_changes_add_all(&ring->roster.pending, &still);
}

bool haywire_pid_ring_update(HaywirePidRing *ring)
{
    if (ring->collecting || !haywire_roster_begin_changes(&ring->roster)) {
        return false;
    }
    begin_snapshot(ring);
    collect_more(ring, ring->roster.list.count);
    follow_parents(ring);
    look_at_ending(ring);
    if (differs(ring)) {
        publish(ring, left_out(ring));
        ring->publisher->counter[HAYWIRE_COUNTER_PID_ROUNDS]++;
    }
    end_snapshot(ring, left_out(ring) == 0);
    return true;
}

bool haywire_pid_ring_waits(const HaywirePidRing *ring)
{
    return ring->roster.pending.count > 0;
}
