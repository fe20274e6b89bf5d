/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ROUNDROBIN: process records, and the sets of sections.
 */

#include "fill.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* A page of process records, standing behind its cycle record. */
typedef struct CyclePage {
    const HaywireCopy *copy;
    HaywireCycleRecord cycle;
} CyclePage;

struct HaywireCycles {
    size_t count;
    CyclePage page[]; /* the newest cycle first; within one, by ordinal */
};

/* There are two banks, and the one being written may hold a third's rest. */
#define CYCLES_MAX 3

static uint64_t generation(const CyclePage *page)
{
    return page->copy->info.generation;
}

static int compare_pages(const void *left, const void *right)
{
    const CyclePage *a = left;
    const CyclePage *b = right;

    if (generation(a) != generation(b)) {
        return generation(a) > generation(b) ? -1 : 1;
    }
    if (a->cycle.ordinal != b->cycle.ordinal) {
        return a->cycle.ordinal < b->cycle.ordinal ? -1 : 1;
    }
    return 0;
}

/* False for other pages; malformed records are counted when all are read. */
static bool read_cycle(const HaywireCopy *copy, HaywireCycleRecord *ret_cycle)
{
    HaywireRecordReader reader;
    HaywireRecord record;

    if (haywire_record_reader_init(&reader, copy->page, &copy->info) !=
            HAYWIRE_OK ||
        haywire_record_next(&reader, &record, NULL) != HAYWIRE_OK ||
        record.type != HAYWIRE_RECORD_CYCLE) {
        return false;
    }
    *ret_cycle = record.cycle;
    return true;
}

HaywireCycles *haywire_cycles_new(HaywireFill *fill)
{
    HaywireCopyList *list = &fill->copies[HAYWIRE_CATEGORY_ROUNDROBIN];
    HaywireCycles *cycles =
        malloc(sizeof(*cycles) + list->count * sizeof(*cycles->page));
    size_t others = 0;

    if (!cycles) {
        return NULL;
    }
    cycles->count = 0;
    for (size_t i = 0; i < list->count; i++) {
        CyclePage *page = &cycles->page[cycles->count];

        page->copy = list->copy[i];
        if (page->copy->info.kind == HAYWIRE_KIND_EMPTY) {
            continue;
        }
        if (read_cycle(page->copy, &page->cycle)) {
            cycles->count++;
        } else {
            list->copy[others++] = page->copy;
        }
    }
    list->count = others;
    qsort(cycles->page, cycles->count, sizeof(*cycles->page), compare_pages);
    return cycles;
}

static bool add_record(HaywireFill *fill, const HaywireProcessRecord *record)
{
    HaywireProcess process = {
        .pid = record->pid,
        .ppid = record->ppid,
        .start_time = record->start_time_ns,
        .uid = record->uid,
        .state = (char)record->state,
        .threads = record->threads,
        .kernel_thread = record->flags & HAYWIRE_PROCESS_KERNEL,
        .name_truncated = record->flags & HAYWIRE_PROCESS_NAME_TRUNCATED,
        .source = HAYWIRE_PROVIDER_COMPANION,
    };

    return haywire_builder_add_process(fill->builder, &process, record->name);
}

/* The next process record; false at the end. */
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

/*
 * The processes of @count pages to the table, or only how many they are. The
 * newest come first: a process's newest record is the one that stays.
 */
static size_t read_processes(HaywireFill *fill, const CyclePage *page,
                             size_t count, bool add)
{
    size_t processes = 0;

    for (size_t i = 0; i < count; i++) {
        HaywireRecordReader reader;
        HaywireRecord record;

        if (haywire_record_reader_init(&reader, page[i].copy->page,
                                       &page[i].copy->info) != HAYWIRE_OK) {
            continue;
        }
        while (next_process(&reader, &record)) {
            processes++;
            if (add && !add_record(fill, &record.process)) {
                return processes;
            }
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

/*
 * How many pages to read: those of the newest cycle and of older ones, until
 * one holds every process there was.
 */
static size_t choose_pages(const HaywireCycles *cycles)
{
    size_t end = 0;

    for (int i = 0; i < CYCLES_MAX && end < cycles->count; i++) {
        const CyclePage *first = &cycles->page[end];
        size_t length = 0;

        while (end < cycles->count &&
               generation(&cycles->page[end]) == generation(first)) {
            length++;
            end++;
        }
        if (holds_all(first, length)) {
            break;
        }
    }
    return end;
}

void haywire_fill_cycles(HaywireFill *fill, const HaywireCycles *cycles)
{
    HaywireBuilder *builder = fill->builder;
    size_t pages = choose_pages(cycles);

    if (pages == 0) {
        return;
    }
    builder->told->overview.processes = cycles->page[0].cycle.processes;
    haywire_builder_begin_table(
        builder, read_processes(fill, cycles->page, pages, false));
    (void)read_processes(fill, cycles->page, pages, true);
    haywire_builder_end_table(builder, false);
}

/* The snapshot's name is newer; the record's may be longer. */
static void complete_name(HaywireFill *fill, HaywireProcess *process,
                          const HaywireProcessRecord *record)
{
    bool cut = record->flags & HAYWIRE_PROCESS_NAME_TRUNCATED;
    const char *name;

    if (!process->name_truncated) {
        return;
    }
    name = haywire_builder_text(fill->builder, record->name, &cut);
    if (strncmp(name, process->name, strlen(process->name)) == 0) {
        process->name = name;
        process->name_truncated = cut;
    }
}

static void add_details(HaywireFill *fill, HaywireProcess *process,
                        const HaywireProcessRecord *record, uint64_t generation)
{
    HaywireBuilder *builder = fill->builder;

    process->has_details = true;
    process->details_generation = generation;
    process->ids_known = !(record->flags & HAYWIRE_PROCESS_IDS_UNREADABLE);
    process->gid = record->gid;
    process->nice = record->nice;
    process->vsize = record->vsize;
    process->rss = record->rss;
    process->user_time = record->user_time_ns;
    process->system_time = record->system_time_ns;
    if (process->threads == UINT16_MAX) {
        process->threads = record->threads;
    }
    process->exe_readable = !(record->flags & HAYWIRE_PROCESS_EXE_UNREADABLE);
    process->exe_deleted = record->flags & HAYWIRE_PROCESS_EXE_DELETED;
    process->exe_truncated = record->flags & HAYWIRE_PROCESS_EXE_TRUNCATED;
    process->cmdline_truncated =
        record->flags & HAYWIRE_PROCESS_CMDLINE_TRUNCATED;
    complete_name(fill, process, record);
    process->exe = haywire_builder_shared_text(builder, record->exe,
                                               &process->exe_truncated);
    process->cmdline = haywire_builder_arguments(builder, record->cmdline,
                                                 &process->cmdline_truncated);
}

/* The first record that is met is the newest. */
static void take_process(HaywireFill *fill, const HaywireProcessRecord *record,
                         uint64_t generation)
{
    HaywireProcess *process = haywire_builder_process(
        fill->builder, record->pid, record->start_time_ns);

    if (process && !process->has_details) {
        add_details(fill, process, record, generation);
    }
}

/* They belong to the record of their own cycle. */
static void take_fields(HaywireFill *fill, const HaywireFieldsRecord *record,
                        uint64_t generation)
{
    HaywireProcess *process = haywire_builder_process(
        fill->builder, record->pid, record->start_time_ns);

    if (process && process->has_details && process->known == 0 &&
        process->details_generation == generation) {
        haywire_builder_add_fields(fill->builder, process, record->known,
                                   record->number, record->cgroup);
    }
}

/*
 * A page's records. True when it holds only what belongs there: process
 * records where there are @cycles, else sections.
 */
static bool read_page(HaywireFill *fill, const HaywireCopy *copy, bool cycles,
                      HaywireVector *sets)
{
    uint64_t generation = copy->info.generation;
    HaywireRecordReader reader;
    HaywireRecord record;
    bool pure = true;

    if (!haywire_fill_records(fill, copy, HAYWIRE_KIND_ROUNDROBIN, &reader)) {
        return true;
    }
    while (haywire_fill_record(fill, &reader, &record)) {
        switch (record.type) {
        case HAYWIRE_RECORD_PROCESS:
            take_process(fill, &record.process, generation);
            pure &= cycles;
            break;
        case HAYWIRE_RECORD_PROCESS_FIELDS:
            take_fields(fill, &record.fields, generation);
            pure &= cycles;
            break;
        case HAYWIRE_RECORD_SECTION_SET:
            haywire_sets_add(fill, sets, copy, &record.section_set, &reader);
            pure &= !cycles;
            break;
        default:
            break;
        }
    }
    return pure;
}

/* Whether pages are the same as before: each publication has its own stamp. */
static uint64_t digest(const HaywireCopyList *list)
{
    uint64_t sum = list->count;

    for (size_t i = 0; i < list->count; i++) {
        const HaywirePageInfo *info = &list->copy[i]->info;
        const uint64_t stamp[] = { info->index, info->sequence, info->lock,
                                   info->generation, info->monotonic_ns };

        sum = XXH3_64bits_withSeed(stamp, sizeof(stamp), sum);
    }
    return sum;
}

void haywire_fill_details(HaywireFill *fill, const HaywireCycles *cycles)
{
    const HaywireCopyList *others = &fill->copies[HAYWIRE_CATEGORY_ROUNDROBIN];
    HaywireBuilder *builder = fill->builder;
    HaywireVector sets;
    uint64_t sum = digest(others);
    bool pure = true;

    haywire_sets_init(fill, &sets);
    for (size_t i = 0; i < cycles->count && !builder->no_memory; i++) {
        pure &= read_page(fill, cycles->page[i].copy, true, &sets);
    }
    if (!pure || !haywire_builder_share_lists(builder, sum)) {
        for (size_t i = 0; i < others->count && !builder->no_memory; i++) {
            pure &= read_page(fill, others->copy[i], false, &sets);
        }
        haywire_fill_sections(fill, &sets, pure ? sum : 0);
    }
    haywire_vector_clear(&sets);
}
