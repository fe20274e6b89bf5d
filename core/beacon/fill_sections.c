/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sections: sets of records into lists.
 */

#include "fill.h"

#include <stdlib.h>
#include <string.h>

void haywire_sets_init(const HaywireFill *fill, HaywireVector *sets)
{
    haywire_vector_init(sets, sizeof(HaywireSetSeen),
                        haywire_fill_room(fill, 2 * sizeof(HaywireSetSeen)));
}

_Static_assert(HAYWIRE_PAYLOAD_MAX / sizeof(HaywireWireSection) <= UINT8_MAX,
               "a set's sections can be counted");

void haywire_sets_add(HaywireFill *fill, HaywireVector *sets,
                      const HaywireCopy *copy, const HaywireSetRecord *set,
                      HaywireRecordReader *reader)
{
    HaywireSetSeen seen = {
        .generation = set->generation,
        .copy = copy,
        .start_time = set->start_time_ns,
        .pid = set->pid,
        .first = set->first,
        .total = set->total,
        .at = (uint16_t)reader->cursor.position,
        .readable = !(set->flags & HAYWIRE_SECTION_SET_UNREADABLE),
        .blocked = set->flags & HAYWIRE_SECTION_SET_BLOCKED,
    };

    /* Where it ends early, the caller reads what comes next, and counts it. */
    while (seen.count < set->count &&
           haywire_record_skip(reader, HAYWIRE_RECORD_SECTION)) {
        seen.count++;
    }
    seen.whole = seen.count == set->count;
    (void)haywire_builder_check(fill->builder,
                                haywire_vector_push(sets, &seen));
}

static int compare_u64(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

/* By process, newest generation first, then by ordinal. */
static int compare_sets(const void *left, const void *right)
{
    const HaywireSetSeen *a = left;
    const HaywireSetSeen *b = right;
    int order = compare_u64(a->pid, b->pid);

    if (order == 0) {
        order = compare_u64(a->start_time, b->start_time);
    }
    if (order == 0) {
        order = compare_u64(b->generation, a->generation);
    }
    return order ? order : compare_u64(a->first, b->first);
}

/* A companion writes them in order, and goes round. */
static void sort_sets(HaywireVector *sets)
{
    HaywireSetSeen *set = sets->data;

    for (size_t i = 1; i < sets->count; i++) {
        if (compare_sets(&set[i - 1], &set[i]) > 0) {
            qsort(set, sets->count, sizeof(*set), compare_sets);
            return;
        }
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

/* A malformed section ends the set on this page, and is counted. */
static void add_set(HaywireFill *fill, const HaywireSetSeen *set,
                    HaywireSectionList *list)
{
    HaywireRecordReader reader;
    HaywireRecord record;

    haywire_fill_at(fill, set->copy);
    haywire_cursor_init(&reader.cursor, set->copy->page->payload,
                        set->copy->info.payload_length);
    reader.cursor.position = set->at;
    for (uint32_t i = 0; i < set->count; i++) {
        const HaywireSectionRecord *from = &record.section;
        HaywireSection section;
        HaywireStatus status = haywire_record_next(&reader, &record, NULL);

        if (status != HAYWIRE_OK) {
            haywire_builder_reject(fill->builder, status);
            return;
        }
        section = (HaywireSection){
            .start = from->start.value,
            .end = from->end.value,
            .permissions = permissions(from->flags),
            .offset = from->offset,
            .device_major = from->device_major,
            .device_minor = from->device_minor,
            .inode = from->inode,
            .path_truncated = from->flags & HAYWIRE_SECTION_PATH_TRUNCATED,
        };
        haywire_builder_add_section(fill->builder, list, &section, from->path);
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

/* Sets of one process and generation. False when there was no room. */
static bool add_sets(HaywireFill *fill, const HaywireSetSeen *set, size_t count,
                     HaywireSectionList *list)
{
    bool room = haywire_builder_begin_sections(fill->builder, list,
                                               count_sections(set, count));

    for (size_t i = 0; i < count && room; i++) {
        add_set(fill, &set[i], list);
    }
    list->provider = HAYWIRE_PROVIDER_COMPANION;
    list->generation = count ? set->generation : 0;
    list->readable = count == 0 || set->readable;
    list->blocked = count > 0 && !set->readable && set->blocked;
    list->total = count ? set->total : 0;
    list->complete =
        room && is_complete(set, count) && list->count == list->total;
    return room;
}

static bool same_process(const HaywireSetSeen *a, const HaywireSetSeen *b)
{
    return a->pid == b->pid && a->start_time == b->start_time;
}

/* How many sets from @set on are of its process and generation. */
static size_t generation_length(const HaywireSetSeen *set, size_t left)
{
    size_t count = 0;

    while (count < left && same_process(&set[count], set) &&
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
    while (at < left && same_process(&set[at], set)) {
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
        lists += !same_process(&set[i], &set[i - 1]);
    }
    return lists;
}

void haywire_fill_sections(HaywireFill *fill, HaywireVector *sets,
                           uint64_t digest)
{
    const HaywireSetSeen *set = sets->data;
    bool room = true;
    size_t at = 0;

    sort_sets(sets);
    haywire_builder_begin_lists(fill->builder, count_lists(sets), digest);
    while (at < sets->count && room) {
        const HaywireSetSeen *first;
        HaywireSectionList *list;
        size_t count;

        at += choose_generation(set + at, sets->count - at, &first, &count);
        list = haywire_builder_add_list(fill->builder, first->pid,
                                        first->start_time);
        room = list && add_sets(fill, first, count, list);
    }
    haywire_vector_clear(sets);
}

void haywire_fill_camera_sections(HaywireFill *fill, HaywireVector *sets,
                                  HaywireSectionList *ret_list)
{
    bool any = sets->count > 0;

    sort_sets(sets);
    (void)add_sets(fill, sets->data, sets->count, ret_list);
    ret_list->complete |= !any && ret_list->count == 0;
    haywire_vector_clear(sets);
}
