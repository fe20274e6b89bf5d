/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What ROUNDROBIN says of the processes in the table: one pass over its pages.
 */

#include "model_private.h"

#include <stdlib.h>
#include <string.h>

/* Where a record lies. */
typedef struct Place {
    const HaywireCopy *copy; /* NULL: nowhere */
    size_t position;         /* of a reader before it */
} Place;

/* A process's newest records. */
typedef struct Newest {
    Place process;
    Place fields;
} Newest;

/* The number of a process in the table; process_count when it is not there. */
static size_t find(const HaywireModelBuilder *builder, uint32_t pid,
                   uint64_t start_time)
{
    const HaywireProcess *process =
        haywire_process_find(builder->process, builder->process_count, pid);

    if (!process || process->start_time != start_time) {
        return builder->process_count;
    }
    return (size_t)(process - builder->process);
}

static void note(Place *place, const HaywireCopy *copy, size_t position)
{
    if (!place->copy || copy->info.generation > place->copy->info.generation) {
        *place = (Place){ copy, position };
    }
}

static void read_page(HaywireModelBuilder *builder, const HaywireCopy *copy,
                      Newest *newest, HaywireVector *sets)
{
    HaywireRecordReader reader;
    HaywireRecord record;
    size_t number, before;

    if (!haywire_builder_records(builder, copy, HAYWIRE_KIND_ROUNDROBIN,
                                 &reader)) {
        return;
    }
    for (before = reader.cursor.position;
         haywire_builder_record(builder, &reader, &record);
         before = reader.cursor.position) {
        switch (record.type) {
        case HAYWIRE_RECORD_PROCESS:
            number =
                find(builder, record.process.pid, record.process.start_time_ns);
            if (number < builder->process_count) {
                note(&newest[number].process, copy, before);
            }
            break;
        case HAYWIRE_RECORD_PROCESS_FIELDS:
            number =
                find(builder, record.fields.pid, record.fields.start_time_ns);
            if (number < builder->process_count) {
                note(&newest[number].fields, copy, before);
            }
            break;
        case HAYWIRE_RECORD_SECTION_SET:
            number = find(builder, record.section_set.pid,
                          record.section_set.start_time_ns);
            if (number < builder->process_count) {
                haywire_sets_add(builder, sets, number, copy,
                                 &record.section_set, &reader);
            }
            break;
        default:
            break; /* cycles, sections of processes that ended */
        }
    }
}

/* Arguments end with NUL each; people read them with spaces between. */
static const char *join_arguments(HaywireModelBuilder *builder,
                                  HaywireString cmdline, bool *ret_cut)
{
    uint8_t joined[HAYWIRE_CMDLINE_MAX];
    size_t length = cmdline.length;

    while (length > 0 && cmdline.data[length - 1] == '\0') {
        length--;
    }
    for (size_t i = 0; i < length; i++) {
        joined[i] = cmdline.data[i] ? cmdline.data[i] : ' ';
    }
    return haywire_builder_text(builder, joined, length, ret_cut);
}

/* The snapshot's name is newer; the record's may be longer. */
static void complete_name(HaywireModelBuilder *builder, HaywireProcess *process,
                          const HaywireProcessRecord *record)
{
    bool cut = record->flags & HAYWIRE_PROCESS_NAME_TRUNCATED;
    const char *name;

    if (!process->name_truncated) {
        return;
    }
    name = haywire_builder_text(builder, record->name.data, record->name.length,
                                &cut);
    if (strncmp(name, process->name, strlen(process->name)) == 0) {
        process->name = name;
        process->name_truncated = cut;
    }
}

static void fill(HaywireModelBuilder *builder, HaywireProcess *process,
                 const HaywireProcessRecord *record, uint64_t generation)
{
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
    complete_name(builder, process, record);
    process->exe = haywire_builder_shared_text(builder, record->exe,
                                               &process->exe_truncated);
    process->cmdline =
        join_arguments(builder, record->cmdline, &process->cmdline_truncated);
}

static void fill_fields(HaywireModelBuilder *builder, HaywireProcess *process,
                        const HaywireFieldsRecord *record)
{
    bool cut = false;
    const uint64_t *number =
        haywire_builder_copy(builder, record->number, sizeof(record->number));

    if (number) {
        process->number = number;
        process->known = record->known;
        process->cgroup =
            haywire_builder_shared_text(builder, record->cgroup, &cut);
    }
    if (cut) {
        process->known &= ~HAYWIRE_FIELD_TEXTS;
    }
}

static bool read_at(Place place, HaywireRecord *ret_record)
{
    HaywireRecordReader reader;

    if (!place.copy) {
        return false;
    }
    reader = haywire_records_at(place.copy, place.position);
    return haywire_record_next(&reader, ret_record, NULL) == HAYWIRE_OK;
}

static void fill_all(HaywireModelBuilder *builder, const Newest *newest)
{
    for (size_t i = 0; i < builder->process_count; i++) {
        HaywireProcess *process = &builder->process[i];
        HaywireRecord record;

        if (!read_at(newest[i].process, &record)) {
            continue;
        }
        fill(builder, process, &record.process,
             newest[i].process.copy->info.generation);
        if (read_at(newest[i].fields, &record) &&
            newest[i].fields.copy->info.generation ==
                process->details_generation) {
            fill_fields(builder, process, &record.fields);
        }
    }
}

void haywire_build_details(HaywireModelBuilder *builder, HaywireVector *sets)
{
    const HaywireCopyList *copies =
        &builder->copies[HAYWIRE_CATEGORY_ROUNDROBIN];
    Newest *newest;

    if (builder->process_count == 0) {
        return;
    }
    newest = calloc(builder->process_count, sizeof(*newest));
    if (!newest) {
        builder->no_memory = true;
        return;
    }
    for (size_t i = 0; i < copies->count && !builder->no_memory; i++) {
        read_page(builder, copies->copy[i], newest, sets);
    }
    fill_all(builder, newest);
    free(newest);
}
