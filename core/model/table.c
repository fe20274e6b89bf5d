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

/* By pid; those of one pid as they came, by the number that sort() gives. */
static int compare_processes(const void *left, const void *right)
{
    const HaywireProcess *a = left;
    const HaywireProcess *b = right;

    if (a->pid != b->pid) {
        return a->pid < b->pid ? -1 : 1;
    }
    return a->details_generation < b->details_generation ? -1 : 1;
}

static void sort(HaywireProcess *process, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        process[i].details_generation = i; /* has none yet */
    }
    qsort(process, count, sizeof(*process), compare_processes);
    for (size_t i = 0; i < count; i++) {
        process[i].details_generation = 0;
    }
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

    if (!is_ascending(builder->process, count)) {
        size_t kept;

        sort(builder->process, count);
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
