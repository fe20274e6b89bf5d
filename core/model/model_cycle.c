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

static bool add_record(HaywireModelBuilder *builder,
                       const HaywireProcessRecord *record)
{
    HaywireProcess *process = haywire_table_add(builder);

    if (!process) {
        return false;
    }
    *process = (HaywireProcess){
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
        .number = haywire_no_fields,
        .cgroup = "",
    };
    process->name =
        haywire_builder_text(builder, record->name.data, record->name.length,
                             &process->name_truncated);
    return !builder->no_memory;
}

/* The next process record behind the cycle's; false at the end. */
static bool next_process(HaywireRecordReader *reader, HaywireRecord *ret_record)
{
    HaywireStatus status;

    do {
        status = haywire_record_next(reader, ret_record, NULL);
        if (status == HAYWIRE_OK &&
            ret_record->type == HAYWIRE_RECORD_PROCESS) {
            return true;
        }
    } while (status != HAYWIRE_NOT_FOUND && status != HAYWIRE_BAD_RECORD &&
             status != HAYWIRE_SHORT_PAYLOAD);
    return false;
}

static bool read_page(HaywireModelBuilder *builder, const CyclePage *page)
{
    HaywireRecordReader reader = page->reader;
    HaywireRecord record;

    while (next_process(&reader, &record)) {
        if (!add_record(builder, &record.process)) {
            return false;
        }
    }
    return true;
}

static size_t count_processes(const CyclePage *page, size_t count)
{
    size_t processes = 0;

    for (size_t i = 0; i < count; i++) {
        HaywireRecordReader reader = page[i].reader;
        HaywireRecord record;

        while (next_process(&reader, &record)) {
            processes++;
        }
    }
    return processes;
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

static size_t cycle_length(const CyclePage *page, size_t left)
{
    size_t count = 0;

    while (count < left && page[count].generation == page->generation) {
        count++;
    }
    return count;
}

/*
 * How many pages to read: those of the newest cycle and of older ones, until
 * one holds every process there was.
 */
static size_t choose_pages(const CyclePage *page, size_t count)
{
    size_t end = 0;

    for (int cycles = 0; cycles < CYCLES_MAX && end < count; cycles++) {
        size_t length = cycle_length(page + end, count - end);
        bool all = holds_all(page + end, length);

        end += length;
        if (all) {
            break;
        }
    }
    return end;
}

/* The newest first: a process's newest record is the one that stays. */
static void read_pages(HaywireModelBuilder *builder, const CyclePage *page,
                       size_t count)
{
    if (!haywire_table_begin(builder, count_processes(page, count))) {
        return;
    }
    for (size_t i = 0; i < count && read_page(builder, &page[i]); i++) {
    }
}

void haywire_table_from_cycles(HaywireModelBuilder *builder)
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
        builder->model->overview.processes = page[0].cycle.processes;
        read_pages(builder, page, choose_pages(page, count));
    }
    free(page);
}
