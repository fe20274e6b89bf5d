/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making a model out of verified copies: docs/protocol.md, section 5.
 *
 * The process table comes from the newest complete snapshot in the PID ring,
 * with what the process records of ROUNDROBIN say besides.
 */

#include "fill.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static int compare_copies(const void *left, const void *right)
{
    const HaywireCopy *a = *(const HaywireCopy *const *)left;
    const HaywireCopy *b = *(const HaywireCopy *const *)right;

    return a->info.index < b->info.index ? -1 : a->info.index > b->info.index;
}

/* Mostly they are handed over in order. */
static void sort_list(HaywireCopyList *list)
{
    for (size_t i = 1; i < list->count; i++) {
        if (list->copy[i - 1]->info.index > list->copy[i]->info.index) {
            qsort(list->copy, list->count, sizeof(*list->copy), compare_copies);
            return;
        }
    }
}

/* The copies by category; @pointer has room for all. */
static void sort_copies(HaywireFill *fill, const HaywireCopy **pointer)
{
    const HaywireBeaconInput *input = fill->input;
    HaywireCopyList *list = fill->copies;

    for (size_t i = 0; i < input->copy_count; i++) {
        list[input->copy[i]->info.category].count++;
        fill->builder->host->bytes_decoded +=
            input->copy[i]->info.payload_length;
    }
    for (int c = 0; c < HAYWIRE_CATEGORY_COUNT; c++) {
        list[c].copy = pointer;
        pointer += list[c].count;
        list[c].count = 0;
    }
    for (size_t i = 0; i < input->copy_count; i++) {
        HaywireCopyList *of = &list[input->copy[i]->info.category];

        of->copy[of->count++] = input->copy[i];
    }
    for (int c = 0; c < HAYWIRE_CATEGORY_COUNT; c++) {
        sort_list(&list[c]);
    }
}

/* A page of a snapshot, or of a cycle of process records. */
typedef struct TablePage {
    const HaywireCopy *copy;
    uint32_t ordinal; /* of so many */
    uint32_t pages;
    union {
        HaywirePidPage pid;
        HaywireCycleRecord cycle;
    };
} TablePage;

/* The pages of process records, by cycles. */
typedef struct Cycles {
    size_t count;
    TablePage page[]; /* the newest cycle first; within one, by ordinal */
} Cycles;

/* There are two banks, and the one being written may hold a third's rest. */
#define CYCLES_MAX 3

static uint64_t generation(const TablePage *page)
{
    return page->copy->info.generation;
}

/* The newest generation first; within one, by ordinal. */
static int compare_pages(const void *left, const void *right)
{
    const TablePage *a = left;
    const TablePage *b = right;

    if (generation(a) != generation(b)) {
        return generation(a) > generation(b) ? -1 : 1;
    }
    return a->ordinal < b->ordinal ? -1 : a->ordinal > b->ordinal;
}

/* How many pages, of @count sorted ones, are of the first one's generation. */
static size_t generation_length(const TablePage *page, size_t count)
{
    size_t length = 0;

    while (length < count && generation(&page[length]) == generation(page)) {
        length++;
    }
    return length;
}

/* Each ordinal is there, once. */
static bool has_all_pages(const TablePage *page, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (page[i].ordinal != i || page[i].pages != count) {
            return false;
        }
    }
    return true;
}

static size_t decode_pages(HaywireFill *fill, TablePage *out)
{
    const HaywireCopyList *copies = &fill->copies[HAYWIRE_CATEGORY_PID];
    size_t count = 0;

    for (size_t i = 0; i < copies->count; i++) {
        TablePage *page = &out[count];
        HaywireStatus status;

        page->copy = copies->copy[i];
        if (page->copy->info.kind == HAYWIRE_KIND_EMPTY) {
            continue;
        }
        haywire_fill_at(fill, page->copy);
        status = haywire_decode_pid_page(page->copy->page, &page->copy->info,
                                         &page->pid, NULL);
        if (status != HAYWIRE_OK) {
            haywire_builder_reject(fill->builder, status);
            continue;
        }
        page->ordinal = page->pid.ordinal;
        page->pages = page->pid.pages;
        count++;
    }
    return count;
}

/* All of a snapshot, in the places of the ring that it says. */
static bool is_complete(const TablePage *page, size_t count, uint32_t ring)
{
    uint32_t first = page->pid.first_index;

    for (size_t i = 0; i < count; i++) {
        if (page[i].pid.first_index != first ||
            page[i].copy->info.index != ((uint64_t)first + i) % ring) {
            return false;
        }
    }
    return first < ring && has_all_pages(page, count);
}

/*
 * The newest complete snapshot; without one, the one with most pages, so that
 * a guest is not empty only because one page is out of sight. Returns how many
 * pages from *ret_first on it has.
 */
static size_t choose_snapshot(const TablePage *page, size_t count,
                              uint32_t ring, const TablePage **ret_first)
{
    size_t best = 0, length;

    for (size_t at = 0; at < count; at += length) {
        length = generation_length(page + at, count - at);
        if (is_complete(page + at, length, ring)) {
            *ret_first = page + at;
            return length;
        }
        if (length > best) {
            *ret_first = page + at;
            best = length;
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
static bool add_entries(HaywireFill *fill, const TablePage *page, size_t count)
{
    bool fresh = false, room = true;

    for (size_t i = 0; i < count; i++) {
        HaywirePidPage entries = page[i].pid;
        HaywirePidEntry entry;

        fresh |= !page[i].copy->counted;
        while (room &&
               haywire_decode_pid_entry(&entries, &entry) == HAYWIRE_OK) {
            room = add_entry(fill, &entry);
        }
    }
    return fresh;
}

static void add_snapshot(HaywireFill *fill, const TablePage *page, size_t count)
{
    HaywireBuilder *builder = fill->builder;
    HaywireOverview *overview = &builder->told->overview;
    size_t entries = 0;

    overview->processes = page->pid.total;
    overview->snapshot_generation = generation(page);
    overview->snapshot_time = page->pid.taken_ns;
    for (size_t i = 0; i < count; i++) {
        entries += page[i].pid.count;
    }
    haywire_builder_begin_table(builder, entries);
    builder->fresh = add_entries(fill, page, count);
    haywire_builder_end_table(builder, true);
}

/* False without a snapshot. */
static bool fill_snapshot(HaywireFill *fill)
{
    size_t room = fill->copies[HAYWIRE_CATEGORY_PID].count;
    uint32_t ring = fill->input->discovery->geometry[HAYWIRE_CATEGORY_PID];
    TablePage *page = calloc(room + 1, sizeof(*page));
    const TablePage *first;
    size_t count;

    if (!page) {
        fill->builder->no_memory = true;
        return true;
    }
    count = decode_pages(fill, page);
    qsort(page, count, sizeof(*page), compare_pages);
    count = choose_snapshot(page, count, ring, &first);
    if (count > 0) {
        add_snapshot(fill, first, count);
    }
    free(page);
    return count > 0;
}

/* False for other pages; malformed records are counted when all are read. */
static bool read_cycle(const HaywireCopy *copy, TablePage *ret_page)
{
    HaywireRecordReader reader;
    HaywireRecord record;

    if (haywire_record_reader_init(&reader, copy->page, &copy->info) !=
            HAYWIRE_OK ||
        haywire_record_next(&reader, &record, NULL) != HAYWIRE_OK ||
        record.type != HAYWIRE_RECORD_CYCLE) {
        return false;
    }
    *ret_page = (TablePage){ .copy = copy,
                             .ordinal = record.cycle.ordinal,
                             .pages = record.cycle.pages,
                             .cycle = record.cycle };
    return true;
}

static Cycles *find_cycles(HaywireFill *fill)
{
    HaywireCopyList *list = &fill->copies[HAYWIRE_CATEGORY_ROUNDROBIN];
    Cycles *cycles =
        malloc(sizeof(*cycles) + list->count * sizeof(*cycles->page));
    size_t others = 0;

    if (!cycles) {
        return NULL;
    }
    cycles->count = 0;
    for (size_t i = 0; i < list->count; i++) {
        const HaywireCopy *copy = list->copy[i];

        if (read_cycle(copy, &cycles->page[cycles->count])) {
            cycles->count++;
        } else if (copy->info.kind != HAYWIRE_KIND_EMPTY) {
            list->copy[others++] = copy;
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

/*
 * The processes of @count pages to the table, or only how many they are. The
 * newest come first: a process's newest record is the one that stays.
 */
static size_t read_processes(HaywireFill *fill, const TablePage *page,
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
        while (haywire_next_record(&reader, HAYWIRE_RECORD_PROCESS, &record)) {
            processes++;
            if (add && !add_record(fill, &record.process)) {
                return processes;
            }
        }
    }
    return processes;
}

/*
 * How many pages to read: those of the newest cycle and of older ones, until
 * one holds every process there was.
 */
static size_t choose_cycles(const Cycles *cycles)
{
    size_t end = 0;

    for (int i = 0; i < CYCLES_MAX && end < cycles->count; i++) {
        const TablePage *first = &cycles->page[end];
        size_t length = generation_length(first, cycles->count - end);

        end += length;
        if (has_all_pages(first, length) &&
            first->cycle.written >= first->cycle.processes) {
            break;
        }
    }
    return end;
}

static void fill_cycles(HaywireFill *fill, const Cycles *cycles)
{
    HaywireBuilder *builder = fill->builder;
    size_t pages = choose_cycles(cycles);

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
    process->blocked = record->flags & HAYWIRE_PROCESS_BLOCKED;
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

static void fill_details(HaywireFill *fill, const Cycles *cycles)
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

static const char *add_text(HaywireBuilder *builder, const char *text,
                            int length)
{
    HaywireString bytes = { (const uint8_t *)text, (size_t)length };
    bool cut;

    return haywire_builder_text(builder, bytes, &cut);
}

static void add_version(HaywireFill *fill)
{
    const uint16_t *version = fill->input->discovery->version;
    char text[32];
    int length =
        snprintf(text, sizeof(text), "%" PRIu16 ".%" PRIu16 ".%" PRIu16,
                 version[0], version[1], version[2]);

    fill->builder->told->overview.companion_version =
        add_text(fill->builder, text, length);
}

/* As the guest's own /proc/sys/kernel/random/boot_id is written. */
static void add_boot_id(HaywireFill *fill)
{
    const uint8_t *id = fill->input->discovery->boot_id;
    char text[2 * HAYWIRE_BOOT_ID_SIZE + 5];
    int length = 0;

    for (int i = 0; i < HAYWIRE_BOOT_ID_SIZE; i++) {
        length +=
            snprintf(text + length, sizeof(text) - (size_t)length, "%s%02x",
                     i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", id[i]);
    }
    fill->builder->told->overview.boot_id =
        add_text(fill->builder, text, length);
}

static void fill_all(HaywireFill *fill)
{
    HaywireBuilder *builder = fill->builder;
    Cycles *cycles = find_cycles(fill);

    if (!cycles) {
        builder->no_memory = true;
        return;
    }
    haywire_builder_begin(builder, HAYWIRE_BUILDER_TABLE);
    if (!fill_snapshot(fill)) {
        fill_cycles(fill, cycles);
    }
    haywire_builder_begin(builder, HAYWIRE_BUILDER_FACTS);
    add_version(fill);
    add_boot_id(fill);
    haywire_fill_manifest(fill);
    haywire_fill_cameras(fill);
    haywire_builder_begin(builder, HAYWIRE_BUILDER_REST);
    fill_details(fill, cycles);
    free(cycles);
}

static HaywireMoment moment_of(const HaywireBeaconInput *input)
{
    const HaywireDiscovery *discovery = input->discovery;

    return (HaywireMoment){
        .overview = input->overview,
        .layout = discovery ? input->layout : NULL,
        .host = input->host,
        .beat_ns = input->beat_monotonic_ns,
        .started_ns = discovery ? discovery->started_monotonic_ns : 0,
    };
}

HaywireStatus haywire_beacon_build(const HaywireBeaconInput *input,
                                   HaywireModel **ret_model)
{
    HaywireShares shares = input->shares
                               ? *input->shares
                               : haywire_shares_divide(HAYWIRE_MEMORY_DEFAULT);
    HaywireMoment moment = moment_of(input);
    HaywireBuilder builder;
    HaywireFill fill = { .input = input, .builder = &builder };
    HaywireStatus status =
        haywire_builder_init(&builder, &shares, input->last, input->host);

    if (status != HAYWIRE_OK) {
        return status;
    }
    if (input->discovery) {
        const HaywireCopy **pointer =
            calloc(input->copy_count + 1, sizeof(*pointer));

        if (pointer) {
            sort_copies(&fill, pointer);
            fill_all(&fill);
        } else {
            builder.no_memory = true;
        }
        free(pointer);
    }
    return haywire_builder_finish(&builder, &moment, ret_model);
}

HaywireStatus haywire_beacon_renew(HaywireModel *last,
                                   const HaywireBeaconInput *input,
                                   HaywireModel **ret_model)
{
    HaywireMoment moment = moment_of(input);

    return haywire_model_renew(last, &moment, ret_model);
}
