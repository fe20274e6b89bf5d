/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Sections: sets of records into lists.
 */

#include "model_private.h"

#include <stdlib.h>
#include <string.h>

void haywire_sets_add(HaywireModelBuilder *builder, HaywireVector *sets,
                      size_t process, const HaywireSetRecord *set,
                      HaywireRecordReader *reader)
{
    HaywireSetSeen seen = {
        .process = process,
        .generation = set->generation,
        .first = set->first,
        .total = set->total,
        .readable = !(set->flags & HAYWIRE_SECTION_SET_UNREADABLE),
        .sections = *reader,
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
    HaywireVector sections;
    HaywireString last_path; /* as it lies in the copy */
    const char *last_text;   /* what came of it; NULL: none yet */
    uint64_t last_end;
} ListMaker;

/* Programs map a file several times in a row: one text serves for all. */
static const char *path_text(ListMaker *maker, HaywireString path,
                             bool *ret_cut)
{
    if (maker->last_text && path.length == maker->last_path.length &&
        memcmp(path.data, maker->last_path.data, path.length) == 0) {
        return maker->last_text;
    }
    maker->last_path = path;
    maker->last_text =
        haywire_builder_text(maker->builder, path.data, path.length, ret_cut);
    return maker->last_text;
}

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
    section->path = path_text(maker, record->path, &section->path_truncated);
}

/* False when nothing more can be taken. */
static bool add_section(ListMaker *maker, const HaywireSectionRecord *record)
{
    void *section;

    if (record->start.value < maker->last_end) {
        haywire_builder_reject(maker->builder, HAYWIRE_BAD_RANGE);
        return true;
    }
    maker->last_end = record->end.value;
    if (!haywire_builder_check(
            maker->builder,
            haywire_vector_extend(&maker->sections, &section))) {
        return false;
    }
    fill_section(maker, record, section);
    return true;
}

/* Each set was read once: its records are good sections. */
static bool add_set(ListMaker *maker, const HaywireSetSeen *set)
{
    HaywireRecordReader reader = set->sections;
    HaywireRecord record;

    for (uint32_t i = 0; i < set->count; i++) {
        if (haywire_record_next(&reader, &record, NULL) != HAYWIRE_OK ||
            !add_section(maker, &record.section)) {
            return false;
        }
    }
    return true;
}

#define SECTIONS_MAX (HAYWIRE_MODEL_BYTES_MAX / sizeof(HaywireSection))

bool haywire_sets_decode(HaywireModelBuilder *builder,
                         const HaywireSetSeen *set, size_t count,
                         HaywireSectionList *ret_list)
{
    ListMaker maker = { .builder = builder };
    bool fine = true;
    size_t taken;

    haywire_vector_init(&maker.sections, sizeof(HaywireSection), SECTIONS_MAX);
    for (size_t i = 0; i < count && fine; i++) {
        fine = add_set(&maker, &set[i]);
    }
    taken = maker.sections.count;
    ret_list->generation = count ? set->generation : 0;
    ret_list->readable = count == 0 || set->readable;
    ret_list->total = count ? set->total : 0;
    ret_list->section =
        haywire_builder_move(builder, &maker.sections, &ret_list->count);
    fine = fine && ret_list->count == taken;
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

static bool add_list(HaywireModelBuilder *builder, HaywireVector *lists,
                     const HaywireSetSeen *set, size_t count)
{
    const HaywireProcess *process = &builder->process[set->process];
    HaywireSectionList list = {
        .pid = process->pid,
        .start_time = process->start_time,
        .source = HAYWIRE_ORIGIN_ROUNDROBIN,
    };
    bool fine = haywire_sets_decode(builder, set, count, &list);

    return haywire_builder_check(builder, haywire_vector_push(lists, &list)) &&
           fine;
}

void haywire_build_sections(HaywireModelBuilder *builder, HaywireVector *sets)
{
    const HaywireSetSeen *set;
    HaywireVector lists;
    size_t at = 0;
    bool fine = true;

    haywire_sets_sort(sets);
    set = sets->data;
    haywire_vector_init(&lists, sizeof(HaywireSectionList),
                        HAYWIRE_PROCESSES_MAX);
    while (at < sets->count && fine && !builder->no_memory) {
        const HaywireSetSeen *first;
        size_t count;

        at += choose_generation(set + at, sets->count - at, &first, &count);
        fine = add_list(builder, &lists, first, count);
    }
    builder->data->list =
        haywire_builder_move(builder, &lists, &builder->data->list_count);
}
