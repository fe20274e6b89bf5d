/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Sections: sets of records into lists.
 */

#include "model_private.h"

#include <stdlib.h>
#include <string.h>

/* Sorting takes as much again. */
#define SET_BYTES (2 * sizeof(HaywireSetSeen))

void haywire_sets_init(const HaywireModelBuilder *builder, HaywireVector *sets,
                       size_t part)
{
    haywire_vector_init(sets, sizeof(HaywireSetSeen),
                        haywire_builder_work(builder, part, SET_BYTES));
}

_Static_assert(HAYWIRE_PAYLOAD_MAX / sizeof(HaywireWireSection) <= UINT8_MAX,
               "a set's sections can be counted");

void haywire_sets_add(HaywireModelBuilder *builder, HaywireVector *sets,
                      size_t process, const HaywireCopy *copy,
                      const HaywireSetRecord *set, HaywireRecordReader *reader)
{
    HaywireSetSeen seen = {
        .generation = set->generation,
        .copy = copy,
        .process = (uint32_t)process,
        .first = set->first,
        .total = set->total,
        .at = (uint16_t)reader->cursor.position,
        .readable = !(set->flags & HAYWIRE_SECTION_SET_UNREADABLE),
    };

    while (seen.count < set->count) {
        size_t before = reader->cursor.position;
        HaywireRecord record;

        if (haywire_record_next(reader, &record, NULL) != HAYWIRE_OK ||
            record.type != HAYWIRE_RECORD_SECTION) {
            /* The caller reads it again, and counts it. */
            reader->cursor.position = before;
            break;
        }
        seen.count++;
    }
    seen.whole = seen.count == set->count;
    (void)haywire_builder_check(builder, haywire_vector_push(sets, &seen));
}

static int compare_u64(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

static int compare_sets(const void *left, const void *right)
{
    const HaywireSetSeen *a = left;
    const HaywireSetSeen *b = right;
    int order = compare_u64(a->process, b->process);

    if (order == 0) {
        order = compare_u64(b->generation, a->generation);
    }
    return order ? order : compare_u64(a->first, b->first);
}

void haywire_sets_sort(HaywireVector *sets)
{
    if (sets->count > 1) {
        qsort(sets->data, sets->count, sizeof(HaywireSetSeen), compare_sets);
    }
}

/* Sets of one generation that hold every ordinal, each once. */
static bool is_complete(const HaywireSetSeen *set, size_t count)
{
    uint32_t next = 0;

    if (count == 0) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (set[i].first != next || !set[i].whole ||
            set[i].total != set->total) {
            return false;
        }
        next += set[i].count;
    }
    return next == set->total;
}

static const char *permissions(uint32_t flags)
{
    static const char names[16][5] = {
        "---p", "r--p", "-w-p", "rw-p", "--xp", "r-xp", "-wxp", "rwxp",
        "---s", "r--s", "-w-s", "rw-s", "--xs", "r-xs", "-wxs", "rwxs",
    };

    return names[flags & 15];
}

_Static_assert(HAYWIRE_SECTION_READ == 1 && HAYWIRE_SECTION_WRITE == 2 &&
                   HAYWIRE_SECTION_EXEC == 4 && HAYWIRE_SECTION_SHARED == 8,
               "permissions() takes them as an index");

/* A list being made. */
typedef struct ListMaker {
    HaywireModelBuilder *builder;
    HaywireSection *section; /* in the arena, with room for all */
    size_t count;
    uint64_t last_end;
} ListMaker;

static void fill_section(ListMaker *maker, const HaywireSectionRecord *record,
                         HaywireSection *section)
{
    section->start = record->start.value;
    section->end = record->end.value;
    section->permissions = permissions(record->flags);
    section->offset = record->offset;
    section->device_major = record->device_major;
    section->device_minor = record->device_minor;
    section->inode = record->inode;
    section->path_truncated = record->flags & HAYWIRE_SECTION_PATH_TRUNCATED;
    section->path = haywire_builder_shared_text(maker->builder, record->path,
                                                &section->path_truncated);
}

static void add_section(ListMaker *maker, const HaywireSectionRecord *record)
{
    if (record->start.value < maker->last_end) {
        haywire_builder_reject(maker->builder, HAYWIRE_BAD_RANGE);
        return;
    }
    maker->last_end = record->end.value;
    fill_section(maker, record, &maker->section[maker->count++]);
}

/* Each set was read once: its records are good sections. */
static void add_set(ListMaker *maker, const HaywireSetSeen *set)
{
    HaywireRecordReader reader = haywire_records_at(set->copy, set->at);
    HaywireRecord record;

    haywire_builder_at(maker->builder, set->copy);
    for (uint32_t i = 0; i < set->count; i++) {
        if (haywire_record_next(&reader, &record, NULL) == HAYWIRE_OK) {
            add_section(maker, &record.section);
        }
    }
}

static size_t count_sections(const HaywireSetSeen *set, size_t count)
{
    size_t sections = 0;

    for (size_t i = 0; i < count; i++) {
        sections += set[i].count;
    }
    return sections;
}

bool haywire_sets_decode(HaywireModelBuilder *builder,
                         const HaywireSetSeen *set, size_t count,
                         HaywireSectionList *ret_list)
{
    size_t sections = count_sections(set, count);
    ListMaker maker = {
        .builder = builder,
        .section =
            haywire_builder_array(builder, sections, sizeof(HaywireSection)),
    };
    bool fine = maker.section || sections == 0;

    for (size_t i = 0; i < count && maker.section; i++) {
        add_set(&maker, &set[i]);
    }
    ret_list->generation = count ? set->generation : 0;
    ret_list->readable = count == 0 || set->readable;
    ret_list->total = count ? set->total : 0;
    ret_list->section = maker.section;
    ret_list->count = maker.count;
    ret_list->complete =
        fine && is_complete(set, count) && ret_list->count == ret_list->total;
    return fine;
}

/* How many sets from @set on are of its process and generation. */
static size_t generation_length(const HaywireSetSeen *set, size_t left)
{
    size_t count = 0;

    while (count < left && set[count].process == set->process &&
           set[count].generation == set->generation) {
        count++;
    }
    return count;
}

/*
 * Of all generations of @set's process, the newest complete one, else the
 * newest. Returns how many sets belong to the process.
 */
static size_t choose_generation(const HaywireSetSeen *set, size_t left,
                                const HaywireSetSeen **ret_first,
                                size_t *ret_count)
{
    size_t at = 0;
    bool found = false;

    *ret_first = set;
    *ret_count = generation_length(set, left);
    while (at < left && set[at].process == set->process) {
        size_t count = generation_length(set + at, left - at);

        if (!found && is_complete(set + at, count)) {
            *ret_first = set + at;
            *ret_count = count;
            found = true;
        }
        at += count;
    }
    return at;
}

static size_t count_lists(const HaywireVector *sets)
{
    const HaywireSetSeen *set = sets->data;
    size_t lists = sets->count > 0;

    for (size_t i = 1; i < sets->count; i++) {
        lists += set[i].process != set[i - 1].process;
    }
    return lists;
}

static bool make_list(HaywireModelBuilder *builder, const HaywireSetSeen *set,
                      size_t count, HaywireSectionList *ret_list)
{
    const HaywireProcess *process = &builder->process[set->process];

    *ret_list = (HaywireSectionList){
        .pid = process->pid,
        .start_time = process->start_time,
        .source = HAYWIRE_ORIGIN_ROUNDROBIN,
    };
    return haywire_sets_decode(builder, set, count, ret_list);
}

void haywire_build_sections(HaywireModelBuilder *builder, HaywireVector *sets)
{
    HaywireContent *content = builder->content;
    const HaywireSetSeen *set;
    HaywireSectionList *list;
    size_t at = 0;
    bool fine = true;

    haywire_sets_sort(sets);
    set = sets->data;
    list = haywire_builder_array(builder, count_lists(sets), sizeof(*list));
    while (list && at < sets->count && fine && !builder->no_memory) {
        const HaywireSetSeen *first;
        size_t count;

        at += choose_generation(set + at, sets->count - at, &first, &count);
        fine = make_list(builder, first, count, &list[content->list_count++]);
    }
    content->list = list;
}
