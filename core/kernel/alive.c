/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Evidence that a kernel runs: see alive.h.
 */

#include "alive.h"

#include <stdlib.h>
#include <string.h>

#include "process.h"

/* What reading the counts of one task may take. */
#define COUNT_READS 16
#define COUNT_PAGES 6

/* Those that started first: an idle kernel wakes some of these, too. */
#define TASKS_MAX 4096

typedef struct Seen {
    uint64_t task;
    uint64_t pid;
    uint64_t switches;
} Seen;

void haywire_alive_clear(HaywireAlive *alive)
{
    haywire_vector_clear(&alive->seen);
    memset(alive, 0, sizeof(*alive));
}

static int compare(const void *left, const void *right)
{
    const Seen *a = left, *b = right;

    return a->task < b->task ? -1 : a->task > b->task;
}

static HaywireStatus count(HaywireKernelView *view, const HaywireVector *tasks,
                           HaywireVector *seen)
{
    const HaywireTask *task = tasks->data;
    HaywireStatus status = HAYWIRE_OK;

    haywire_vector_init(seen, sizeof(Seen), TASKS_MAX);
    for (size_t i = 0; i < tasks->count && i < TASKS_MAX; i++) {
        Seen one = { task[i].address, task[i].pid, 0 };

        haywire_guest_allow(view->guest, COUNT_READS, COUNT_PAGES);
        one.switches = haywire_process_switches(view, &task[i]);
        status = haywire_vector_push(seen, &one);
        if (status != HAYWIRE_OK) {
            break;
        }
    }
    if (seen->count > 0) {
        qsort(seen->data, seen->count, sizeof(Seen), compare);
    }
    return status;
}

static bool has_moved(const HaywireVector *before, const HaywireVector *after)
{
    const Seen *old = before->data, *new = after->data;
    bool grew = false;
    size_t j = 0;

    for (size_t i = 0; i < before->count; i++) {
        while (j < after->count && new[j].task < old[i].task) {
            j++;
        }
        if (j == after->count || new[j].task != old[i].task ||
            new[j].pid != old[i].pid) {
            continue;
        }
        if (new[j].switches < old[i].switches) {
            return false;
        }
        grew |= new[j].switches > old[i].switches;
    }
    return grew;
}

HaywireStatus haywire_alive_look(HaywireAlive *alive, HaywireKernelView *view,
                                 const HaywireVector *tasks, uint64_t now_ns)
{
    HaywireVector seen;
    HaywireStatus status = count(view, tasks, &seen);

    if (status != HAYWIRE_OK) {
        haywire_vector_clear(&seen);
        return status;
    }
    if (alive->first_ns == 0) {
        alive->first_ns = now_ns;
    } else if (has_moved(&alive->seen, &seen)) {
        alive->moved_ns = now_ns;
    }
    haywire_vector_clear(&alive->seen);
    alive->seen = seen;
    return HAYWIRE_OK;
}
