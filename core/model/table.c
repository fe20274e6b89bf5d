/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making a model: the process table.
 */

#include <stdlib.h>
#include <string.h>

#include "content.h"
#include "haywire/builder.h"

/* For a process of which no more is known. */
static const uint64_t no_numbers[HAYWIRE_FIELD_COUNT];

/* Half of the share: its names, and what else is told, need room as well. */
bool haywire_builder_begin_table(HaywireBuilder *builder, size_t count)
{
    size_t room = builder->shares.model / 2 / sizeof(*builder->process);

    room = room < HAYWIRE_PROCESSES_MAX ? room : HAYWIRE_PROCESSES_MAX;
    room = count < room ? count : room;
    builder->process =
        haywire_builder_array(builder, room, sizeof(*builder->process));
    builder->process_room = builder->process ? room : 0;
    builder->told->process = builder->process;
    builder->told->process_count = 0;
    return builder->process;
}

bool haywire_builder_add_process(HaywireBuilder *builder,
                                 const HaywireProcess *process,
                                 HaywireString name)
{
    HaywireModel *told = builder->told;
    HaywireProcess *added;

    if (told->process_count == builder->process_room) {
        return haywire_builder_check(builder, HAYWIRE_LIMIT);
    }
    added = &builder->process[told->process_count++];
    *added = *process;
    if (added->state <= 0x20 || added->state >= 0x7f) {
        added->state = '?';
    }
    added->exe = "";
    added->cmdline = "";
    added->number = no_numbers;
    added->cgroup = "";
    added->name = haywire_builder_text(builder, name, &added->name_truncated);
    return !builder->no_memory;
}

/* Pid above, position in the table below: a stable order. */
static int compare_keys(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;

    return a < b ? -1 : a > b;
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

static bool sort(HaywireProcess *process, size_t count)
{
    uint64_t *key = calloc(count, sizeof(*key));

    if (!key) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        key[i] = (uint64_t)process[i].pid << 32 | i;
    }
    qsort(key, count, sizeof(*key), compare_keys);
    put_in_order(process, count, key);
    free(key);
    return true;
}

static bool is_ascending(const HaywireProcess *process, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (process[i - 1].pid >= process[i].pid) {
            return false;
        }
    }
    return true;
}

/* Returns how many are left. */
static size_t drop_duplicates(HaywireProcess *process, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || process[kept - 1].pid != process[i].pid) {
            process[kept++] = process[i];
        }
    }
    return kept;
}

/* Guests mostly list their processes in order. */
void haywire_builder_end_table(HaywireBuilder *builder, bool count_duplicates)
{
    HaywireOverview *overview = &builder->told->overview;
    size_t count = builder->told->process_count;
    size_t kept;

    if (!is_ascending(builder->process, count)) {
        if (!sort(builder->process, count)) {
            builder->no_memory = true;
            return;
        }
        kept = drop_duplicates(builder->process, count);
        for (size_t i = kept; count_duplicates && i < count; i++) {
            haywire_builder_reject(builder, HAYWIRE_BAD_VALUE);
        }
        count = kept;
    }
    builder->told->process_count = count;
    if (overview->processes < count) {
        overview->processes = count;
    }
    overview->processes_missing = overview->processes - count;
}

HaywireProcess *haywire_builder_process(const HaywireBuilder *builder,
                                        uint32_t pid, uint64_t start_time)
{
    const HaywireProcess *found = haywire_process_find(
        builder->process, builder->told->process_count, pid);

    return found && found->start_time == start_time
               ? &builder->process[found - builder->process]
               : NULL;
}

void haywire_builder_add_fields(HaywireBuilder *builder,
                                HaywireProcess *process, uint64_t known,
                                const uint64_t *number, HaywireString cgroup)
{
    uint64_t *copy =
        haywire_builder_array(builder, HAYWIRE_FIELD_COUNT, sizeof(*copy));
    bool cut = false;

    if (!copy) {
        return;
    }
    process->number = memcpy(copy, number, HAYWIRE_FIELD_COUNT * sizeof(*copy));
    process->cgroup = haywire_builder_shared_text(builder, cgroup, &cut);
    process->known = cut ? known & ~HAYWIRE_FIELD_TEXTS : known;
}
