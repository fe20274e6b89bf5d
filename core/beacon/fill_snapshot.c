/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process table, from the newest complete snapshot in the PID ring.
 */

#include "fill.h"

#include <stdlib.h>

typedef struct SnapshotPage {
    const HaywireCopy *copy;
    HaywirePidPage page;
} SnapshotPage;

static uint64_t generation(const SnapshotPage *page)
{
    return page->copy->info.generation;
}

/* A run of pages of one generation, sorted by ordinal. */
typedef struct Snapshot {
    SnapshotPage *page;
    size_t count;
} Snapshot;

/* The newest generation first; within one, by ordinal. */
static int compare_pages(const void *left, const void *right)
{
    const SnapshotPage *a = left;
    const SnapshotPage *b = right;

    if (generation(a) != generation(b)) {
        return generation(a) > generation(b) ? -1 : 1;
    }
    if (a->page.ordinal != b->page.ordinal) {
        return a->page.ordinal < b->page.ordinal ? -1 : 1;
    }
    return 0;
}

static size_t decode_pages(HaywireFill *fill, SnapshotPage *out)
{
    const HaywireCopyList *copies = &fill->copies[HAYWIRE_CATEGORY_PID];
    size_t count = 0;

    for (size_t i = 0; i < copies->count; i++) {
        const HaywireCopy *copy = copies->copy[i];
        SnapshotPage *page = &out[count];
        HaywireStatus status;

        if (copy->info.kind == HAYWIRE_KIND_EMPTY) {
            continue;
        }
        haywire_fill_at(fill, copy);
        status =
            haywire_decode_pid_page(copy->page, &copy->info, &page->page, NULL);
        if (status != HAYWIRE_OK) {
            haywire_builder_reject(fill->builder, status);
            continue;
        }
        page->copy = copy;
        count++;
    }
    return count;
}

static bool is_complete(const Snapshot *snapshot, uint32_t ring)
{
    const HaywirePidPage *first = &snapshot->page[0].page;

    if (snapshot->count != first->pages || first->first_index >= ring) {
        return false;
    }
    for (size_t i = 0; i < snapshot->count; i++) {
        const HaywirePidPage *page = &snapshot->page[i].page;

        if (page->ordinal != i || page->pages != first->pages ||
            page->first_index != first->first_index ||
            snapshot->page[i].copy->info.index !=
                (first->first_index + i) % ring) {
            return false;
        }
    }
    return true;
}

/*
 * The newest complete snapshot; without one, the one with most pages, so that
 * a guest is not empty only because one page is out of sight.
 */
static Snapshot choose(SnapshotPage *page, size_t count, uint32_t ring)
{
    Snapshot best = { NULL, 0 };
    size_t first = 0;

    while (first < count) {
        Snapshot candidate = { page + first, 0 };

        while (first < count &&
               generation(&page[first]) == generation(candidate.page)) {
            candidate.count++;
            first++;
        }
        if (is_complete(&candidate, ring)) {
            return candidate;
        }
        if (candidate.count > best.count) {
            best = candidate;
        }
    }
    return best;
}

static bool add_entry(HaywireFill *fill, const HaywirePidEntry *entry)
{
    HaywireProcess process = {
        .pid = entry->pid,
        .ppid = entry->ppid,
        .start_time = entry->start_time_ns,
        .uid = entry->uid,
        .state = (char)entry->state,
        .threads = entry->threads,
        .kernel_thread = entry->flags & HAYWIRE_PID_FLAG_KERNEL,
        .name_truncated = entry->flags & HAYWIRE_PID_FLAG_NAME_TRUNCATED,
        .source = HAYWIRE_PROVIDER_COMPANION,
    };
    HaywireString name = { entry->name, entry->name_length };

    return haywire_builder_add_process(fill->builder, &process, name);
}

/* True when one of its pages is new. */
static bool add_entries(HaywireFill *fill, Snapshot snapshot)
{
    bool fresh = false, room = true;

    for (size_t i = 0; i < snapshot.count; i++) {
        HaywirePidPage page = snapshot.page[i].page;
        HaywirePidEntry entry;

        fresh |= !snapshot.page[i].copy->counted;
        while (room && haywire_decode_pid_entry(&page, &entry) == HAYWIRE_OK) {
            room = add_entry(fill, &entry);
        }
    }
    return fresh;
}

static void add_snapshot(HaywireFill *fill, Snapshot snapshot)
{
    HaywireBuilder *builder = fill->builder;
    HaywireOverview *overview = &builder->told->overview;
    size_t count = 0;

    overview->processes = snapshot.page[0].page.total;
    overview->snapshot_generation = generation(&snapshot.page[0]);
    overview->snapshot_time = snapshot.page[0].page.taken_ns;
    for (size_t i = 0; i < snapshot.count; i++) {
        count += snapshot.page[i].page.count;
    }
    haywire_builder_begin_table(builder, count);
    builder->fresh = add_entries(fill, snapshot);
    haywire_builder_end_table(builder, true);
}

bool haywire_fill_snapshot(HaywireFill *fill)
{
    size_t room = fill->copies[HAYWIRE_CATEGORY_PID].count;
    uint32_t ring = fill->input->discovery->geometry[HAYWIRE_CATEGORY_PID];
    SnapshotPage *page = calloc(room + 1, sizeof(*page));
    Snapshot chosen;
    size_t count;

    if (!page) {
        fill->builder->no_memory = true;
        return true;
    }
    count = decode_pages(fill, page);
    qsort(page, count, sizeof(*page), compare_pages);
    chosen = choose(page, count, ring);
    if (chosen.count > 0) {
        add_snapshot(fill, chosen);
    }
    free(page);
    return chosen.count > 0;
}
