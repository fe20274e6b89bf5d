/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which processes started and exited from one table to the next.
 */

#include "haywire/history.h"

#include <stdlib.h>
#include <string.h>

struct HaywireHistory {
    HaywireModel *last; /* NULL: none yet */
    HaywirePastTable table;
};

HaywireHistory *haywire_history_new(void)
{
    return calloc(1, sizeof(HaywireHistory));
}

void haywire_history_clear(HaywireHistory *history)
{
    haywire_model_unref(history->last);
    history->last = NULL;
}

void haywire_history_free(HaywireHistory *history)
{
    if (history) {
        haywire_model_unref(history->last);
        free(history);
    }
}

static int compare_start_times(const void *left, const void *right)
{
    const HaywireProcess *a = *(const HaywireProcess *const *)left;
    const HaywireProcess *b = *(const HaywireProcess *const *)right;

    if (a->start_time != b->start_time) {
        return a->start_time < b->start_time ? -1 : 1;
    }
    return a->pid < b->pid ? -1 : a->pid > b->pid;
}

/* The processes of @in that are not in @other; both are sorted by pid. */
static size_t find_missing(const HaywireModel *in, const HaywireModel *other,
                           const HaywireProcess **out)
{
    size_t count = 0, at = 0;

    for (size_t i = 0; i < in->process_count; i++) {
        const HaywireProcess *process = &in->process[i];

        while (at < other->process_count &&
               other->process[at].pid < process->pid) {
            at++;
        }
        if (at == other->process_count ||
            other->process[at].pid != process->pid ||
            other->process[at].start_time != process->start_time) {
            out[count++] = process;
        }
    }
    return count;
}

static void keep(HaywireChange *change, const HaywireProcess *process)
{
    size_t length = strnlen(process->name, sizeof(change->name) - 1);

    change->start_time = process->start_time;
    change->pid = process->pid;
    change->ppid = process->ppid;
    memcpy(change->name, process->name, length);
    change->name[length] = '\0';
}

/* @room: for as many pointers as there are processes in @in */
static void find_changes(HaywireChanges *changes, const HaywireModel *in,
                         const HaywireModel *other, const HaywireProcess **room)
{
    changes->total = find_missing(in, other, room);
    changes->named = changes->total < HAYWIRE_HISTORY_NAMED
                         ? changes->total
                         : HAYWIRE_HISTORY_NAMED;
    qsort(room, changes->total, sizeof(*room), compare_start_times);
    for (size_t i = 0; i < changes->named; i++) {
        keep(&changes->change[i], room[i]);
    }
}

static const HaywirePastTable *compare(HaywireHistory *history,
                                       const HaywireModel *older,
                                       const HaywireModel *newer)
{
    HaywirePastTable *table = &history->table;
    size_t most = older->process_count > newer->process_count
                      ? older->process_count
                      : newer->process_count;
    const HaywireProcess **room = calloc(most + 1, sizeof(*room));

    if (!room) {
        return NULL;
    }
    table->generation = newer->overview.snapshot_generation;
    table->time = newer->overview.snapshot_time;
    table->since = older->overview.snapshot_time;
    find_changes(&table->exited, older, newer, room);
    find_changes(&table->started, newer, older, room);
    free(room);
    return table;
}

/* What a table leaves out has not exited. */
static bool is_whole(const HaywireModel *model)
{
    return model->overview.has_guest &&
           model->overview.snapshot_generation != 0 &&
           model->overview.processes_missing == 0;
}

const HaywirePastTable *haywire_history_add(HaywireHistory *history,
                                            HaywireModel *model)
{
    HaywireModel *last = history->last;
    const HaywirePastTable *table = NULL;

    if (!is_whole(model)) {
        return NULL;
    }
    if (last && last->overview.snapshot_generation !=
                    model->overview.snapshot_generation) {
        table = compare(history, last, model);
    }
    history->last = haywire_model_ref(model);
    haywire_model_unref(last);
    return table;
}
