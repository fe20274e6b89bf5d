/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which processes started and exited from one table to the next.
 */

#include "haywire/history.h"

#include <stdlib.h>
#include <string.h>

struct HaywireHistory {
    HaywireModel *last; /* NULL: none yet */
    uint64_t tables;    /* so far; the last ones are kept, in a ring */
    uint64_t changes;   /* likewise */
    HaywirePastTable table[HAYWIRE_HISTORY_TABLES];
    HaywireChange change[HAYWIRE_HISTORY_CHANGES];
};

_Static_assert(2 * HAYWIRE_HISTORY_NAMED <= HAYWIRE_HISTORY_CHANGES,
               "the newest table's changes are all kept");

HaywireHistory *haywire_history_new(void)
{
    return calloc(1, sizeof(HaywireHistory));
}

void haywire_history_clear(HaywireHistory *history)
{
    haywire_model_unref(history->last);
    history->last = NULL;
    history->tables = 0;
    history->changes = 0;
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

static void keep(HaywireHistory *history, const HaywireProcess *process)
{
    HaywireChange *change =
        &history->change[history->changes++ % HAYWIRE_HISTORY_CHANGES];
    size_t length = strnlen(process->name, sizeof(change->name) - 1);

    change->start_time = process->start_time;
    change->pid = process->pid;
    change->ppid = process->ppid;
    memcpy(change->name, process->name, length);
    change->name[length] = '\0';
}

/* @room: for as many pointers as there are processes in @in */
static HaywireChanges find_changes(HaywireHistory *history,
                                   const HaywireModel *in,
                                   const HaywireModel *other,
                                   const HaywireProcess **room)
{
    HaywireChanges changes = { .total = find_missing(in, other, room),
                               .first = history->changes };

    changes.named = changes.total < HAYWIRE_HISTORY_NAMED
                        ? changes.total
                        : HAYWIRE_HISTORY_NAMED;
    qsort(room, changes.total, sizeof(*room), compare_start_times);
    for (size_t i = 0; i < changes.named; i++) {
        keep(history, room[i]);
    }
    return changes;
}

static const HaywirePastTable *compare(HaywireHistory *history,
                                       const HaywireModel *older,
                                       const HaywireModel *newer)
{
    HaywirePastTable *table =
        &history->table[history->tables % HAYWIRE_HISTORY_TABLES];
    size_t most = older->process_count > newer->process_count
                      ? older->process_count
                      : newer->process_count;
    const HaywireProcess **room = calloc(most + 1, sizeof(*room));

    if (!room) {
        return NULL;
    }
    *table = (HaywirePastTable){
        .generation = newer->overview.snapshot_generation,
        .time = newer->overview.snapshot_time,
        .since = older->overview.snapshot_time,
    };
    table->exited = find_changes(history, older, newer, room);
    table->started = find_changes(history, newer, older, room);
    free(room);
    history->tables++;
    return table;
}

/* What a table leaves out has not exited. */
static bool is_whole(const HaywireModel *model)
{
    return model->overview.has_session &&
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

const HaywirePastTable *haywire_history_table(const HaywireHistory *history,
                                              size_t age)
{
    if (age >= history->tables || age >= HAYWIRE_HISTORY_TABLES) {
        return NULL;
    }
    return &history
                ->table[(history->tables - 1 - age) % HAYWIRE_HISTORY_TABLES];
}

const HaywireChange *haywire_history_change(const HaywireHistory *history,
                                            const HaywireChanges *changes,
                                            size_t number)
{
    if (number >= changes->named ||
        history->changes - changes->first > HAYWIRE_HISTORY_CHANGES + number) {
        return NULL;
    }
    return &history
                ->change[(changes->first + number) % HAYWIRE_HISTORY_CHANGES];
}
