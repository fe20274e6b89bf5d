/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The process table: from the newest complete snapshot in the PID ring, and
 * what both ways of making a table share.
 */

#include "model_private.h"

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

static size_t decode_pages(HaywireModelBuilder *builder, SnapshotPage *out)
{
    const HaywireCopyList *copies = &builder->copies[HAYWIRE_CATEGORY_PID];
    size_t count = 0;

    for (size_t i = 0; i < copies->count; i++) {
        const HaywireCopy *copy = copies->copy[i];
        SnapshotPage *page = &out[count];
        HaywireStatus status;

        if (copy->info.kind == HAYWIRE_KIND_EMPTY) {
            continue;
        }
        haywire_builder_at(builder, copy);
        status =
            haywire_decode_pid_page(copy->page, &copy->info, &page->page, NULL);
        if (status != HAYWIRE_OK) {
            haywire_builder_reject(builder, status);
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

const uint64_t haywire_no_fields[HAYWIRE_FIELD_COUNT];

char haywire_table_state(uint8_t state)
{
    return state > 0x20 && state < 0x7f ? (char)state : '?';
}

static bool add_entry(HaywireModelBuilder *builder,
                      const HaywirePidEntry *entry)
{
    HaywireProcess *process = haywire_table_add(builder);

    if (!process) {
        return false;
    }
    *process = (HaywireProcess){
        .pid = entry->pid,
        .ppid = entry->ppid,
        .start_time = entry->start_time_ns,
        .uid = entry->uid,
        .state = haywire_table_state(entry->state),
        .threads = entry->threads,
        .kernel_thread = entry->flags & HAYWIRE_PID_FLAG_KERNEL,
        .name_truncated = entry->flags & HAYWIRE_PID_FLAG_NAME_TRUNCATED,
        .exe = "",
        .cmdline = "",
        .number = haywire_no_fields,
        .cgroup = "",
    };
    process->name = haywire_builder_text(
        builder, entry->name, entry->name_length, &process->name_truncated);
    return !builder->no_memory;
}

static void read_entries(HaywireModelBuilder *builder, Snapshot snapshot)
{
    for (size_t i = 0; i < snapshot.count; i++) {
        HaywirePidPage page = snapshot.page[i].page;
        HaywirePidEntry entry;

        builder->table_fresh |= !snapshot.page[i].copy->counted;
        while (haywire_decode_pid_entry(&page, &entry) == HAYWIRE_OK) {
            if (!add_entry(builder, &entry)) {
                return;
            }
        }
    }
}

static size_t count_entries(Snapshot snapshot)
{
    size_t count = 0;

    for (size_t i = 0; i < snapshot.count; i++) {
        count += snapshot.page[i].page.count;
    }
    return count;
}

static void describe(HaywireModelBuilder *builder, Snapshot snapshot)
{
    HaywireOverview *overview = &builder->model->overview;

    overview->processes = snapshot.page[0].page.total;
    overview->snapshot_generation = generation(&snapshot.page[0]);
    overview->snapshot_time = snapshot.page[0].page.taken_ns;
}

bool haywire_table_from_snapshot(HaywireModelBuilder *builder)
{
    size_t room = builder->copies[HAYWIRE_CATEGORY_PID].count;
    uint32_t ring = builder->input->discovery->geometry[HAYWIRE_CATEGORY_PID];
    SnapshotPage *page;
    Snapshot chosen;
    size_t count;

    if (room == 0) {
        return false;
    }
    page = calloc(room, sizeof(*page));
    if (!page) {
        builder->no_memory = true;
        return false;
    }
    count = decode_pages(builder, page);
    qsort(page, count, sizeof(*page), compare_pages);
    chosen = choose(page, count, ring);
    if (chosen.count > 0) {
        describe(builder, chosen);
        if (haywire_table_begin(builder, count_entries(chosen))) {
            read_entries(builder, chosen);
        }
    }
    free(page);
    return chosen.count > 0;
}

/* Pid above, position in the table below: a stable order. */
static int compare_keys(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;

    return a < b ? -1 : a > b;
}

/* Where the process for each place is now, in the order of pids. */
static uint64_t *sorted_keys(const HaywireModelBuilder *builder)
{
    size_t count = builder->process_count;
    uint64_t *key = calloc(count, sizeof(*key));

    if (key) {
        for (size_t i = 0; i < count; i++) {
            key[i] = (uint64_t)builder->process[i].pid << 32 | i;
        }
        qsort(key, count, sizeof(*key), compare_keys);
    }
    return key;
}

/*
 * Put the process for each place there, along the circle that each such move
 * opens: there may be no room for a second table.
 */
static void put_in_order(HaywireProcess *process, size_t count, uint64_t *key)
{
    for (size_t i = 0; i < count; i++) {
        HaywireProcess moved = process[i];
        size_t to = i, from;

        while ((from = (uint32_t)key[to]) != i) {
            process[to] = process[from];
            key[to] = to;
            to = from;
        }
        process[to] = moved;
        key[to] = to;
    }
}

static bool is_ascending(const HaywireModelBuilder *builder)
{
    for (size_t i = 1; i < builder->process_count; i++) {
        if (builder->process[i - 1].pid >= builder->process[i].pid) {
            return false;
        }
    }
    return true;
}

static void drop_duplicates(HaywireModelBuilder *builder, bool count_them)
{
    HaywireProcess *process = builder->process;
    size_t kept = 0;

    for (size_t i = 0; i < builder->process_count; i++) {
        if (kept > 0 && process[kept - 1].pid == process[i].pid) {
            if (count_them) {
                haywire_builder_reject(builder, HAYWIRE_BAD_VALUE);
            }
        } else {
            process[kept++] = process[i];
        }
    }
    builder->process_count = kept;
}

/* Guests mostly list their processes in order. */
void haywire_table_settle(HaywireModelBuilder *builder, bool count_duplicates)
{
    uint64_t *key;

    if (is_ascending(builder)) {
        return;
    }
    key = sorted_keys(builder);
    if (!key) {
        builder->no_memory = true;
        return;
    }
    builder->fresh = builder->table_fresh;
    put_in_order(builder->process, builder->process_count, key);
    free(key);
    drop_duplicates(builder, count_duplicates);
}
