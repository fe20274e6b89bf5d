/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The process table without PID snapshots (a companion that publishes only
 * ROUNDROBIN): from the newest cycles.
 */

#include "model_private.h"

#include <stdlib.h>

/* A page of process records, standing behind its cycle record. */
typedef struct CyclePage {
    uint64_t generation;
    HaywireCycleRecord cycle;
    HaywireRecordReader reader;
} CyclePage;

/* There are two banks, and the one being written may hold a third's rest. */
#define CYCLES_MAX 3

static int compare_pages(const void *left, const void *right)
{
    const CyclePage *a = left;
    const CyclePage *b = right;

    if (a->generation != b->generation) {
        return a->generation > b->generation ? -1 : 1;
    }
    if (a->cycle.ordinal != b->cycle.ordinal) {
        return a->cycle.ordinal < b->cycle.ordinal ? -1 : 1;
    }
    return 0;
}

static size_t find_pages(HaywireModelBuilder *builder, CyclePage *out)
{
    const HaywireCopyList *copies =
        &builder->copies[HAYWIRE_CATEGORY_ROUNDROBIN];
    size_t count = 0;

    for (size_t i = 0; i < copies->count; i++) {
        CyclePage *page = &out[count];
        HaywireRecord record;

        /* Malformed records are counted when details are read. */
        if (haywire_record_reader_init(&page->reader, copies->copy[i]->page,
                                       &copies->copy[i]->info) == HAYWIRE_OK &&
            haywire_record_next(&page->reader, &record, NULL) == HAYWIRE_OK &&
            record.type == HAYWIRE_RECORD_CYCLE) {
            page->generation = copies->copy[i]->info.generation;
            page->cycle = record.cycle;
            count++;
        }
    }
    return count;
}

static bool add_record(HaywireModelBuilder *builder, HaywireVector *table,
                       const HaywireProcessRecord *record)
{
    HaywireProcess process = {
        .pid = record->pid,
        .ppid = record->ppid,
        .start_time = record->start_time_ns,
        .uid = record->uid,
        .state = haywire_table_state(record->state),
        .threads = record->threads,
        .kernel_thread = record->flags & HAYWIRE_PROCESS_KERNEL,
        .name_truncated = record->flags & HAYWIRE_PROCESS_NAME_TRUNCATED,
        .exe = "",
        .cmdline = "",
    };

    process.name =
        haywire_builder_text(builder, record->name.data, record->name.length,
                             &process.name_truncated);
    return haywire_builder_check(builder, haywire_vector_push(table, &process));
}

static void read_page(HaywireModelBuilder *builder, HaywireVector *table,
                      const CyclePage *page)
{
    HaywireRecordReader reader = page->reader;
    HaywireRecord record;
    HaywireStatus status;

    do {
        status = haywire_record_next(&reader, &record, NULL);
        if (status == HAYWIRE_OK && record.type == HAYWIRE_RECORD_PROCESS &&
            !add_record(builder, table, &record.process)) {
            return;
        }
    } while (status != HAYWIRE_NOT_FOUND && status != HAYWIRE_BAD_RECORD &&
             status != HAYWIRE_SHORT_PAYLOAD);
}

/* All pages of this cycle are there, and all processes on them. */
static bool holds_all(const CyclePage *page, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (page[i].cycle.ordinal != i) {
            return false;
        }
    }
    return count == page->cycle.pages &&
           page->cycle.written >= page->cycle.processes;
}

/*
 * The newest cycle first, so that a process's newest record is the one that
 * stays; older ones until one holds every process there was.
 */
static void read_cycles(HaywireModelBuilder *builder, HaywireVector *table,
                        const CyclePage *page, size_t count)
{
    size_t first = 0;

    for (int cycles = 0; cycles < CYCLES_MAX && first < count; cycles++) {
        size_t end = first;

        while (end < count && page[end].generation == page[first].generation) {
            read_page(builder, table, &page[end++]);
        }
        if (builder->no_memory || holds_all(page + first, end - first)) {
            return;
        }
        first = end;
    }
}

void haywire_table_from_cycles(HaywireModelBuilder *builder,
                               HaywireVector *table)
{
    size_t room = builder->copies[HAYWIRE_CATEGORY_ROUNDROBIN].count;
    CyclePage *page;
    size_t count;

    if (room == 0) {
        return;
    }
    page = calloc(room, sizeof(*page));
    if (!page) {
        builder->no_memory = true;
        return;
    }
    count = find_pages(builder, page);
    if (count > 0) {
        qsort(page, count, sizeof(*page), compare_pages);
        builder->data->model.overview.processes = page[0].cycle.processes;
        read_cycles(builder, table, page, count);
    }
    free(page);
}
