/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walking the list of processes: see tasks.h. Nobody stops the guest meanwhile:
 * an element that is being taken off or put on shows by its neighbours.
 */

#include "tasks.h"

/* What a list of one, and each more, may cost: honest ones take a third. */
#define WALK_READS 64
#define WALK_PAGES 12

/* The list's parts: pointers to the next element, and to the one before. */
#define NEXT   0
#define BEFORE 8

static HaywireStatus take(HaywireKernelView *view, uint64_t element,
                          HaywireVector *tasks)
{
    HaywireTask task = { element - haywire_member(view, M_TASK_TASKS).offset,
                         0 };
    uint64_t pid = haywire_view_get(view, task.address, M_TASK_PID);

    if (haywire_view_get(view, task.address, M_TASK_TGID) != pid || pid == 0 ||
        haywire_view_get(view, task.address, M_TASK_GROUP_LEADER) !=
            task.address) {
        view->lost = true;
    }
    task.pid = (uint32_t)pid;
    return view->lost ? HAYWIRE_PAGE_BUSY : haywire_vector_push(tasks, &task);
}

HaywireStatus haywire_tasks_walk(HaywireKernelView *view, HaywireVector *tasks)
{
    uint64_t head = view->init_task + haywire_member(view, M_TASK_TASKS).offset;
    uint64_t before = head, at;
    HaywireStatus status = HAYWIRE_OK;

    haywire_vector_clear(tasks);
    haywire_vector_init(tasks, sizeof(HaywireTask), HAYWIRE_TASKS_MAX);
    view->lost = false;
    haywire_guest_allow(view->guest, WALK_READS, WALK_PAGES);
    at = haywire_view_number(view, head + NEXT, 8);
    while (at != head && status == HAYWIRE_OK) {
        haywire_guest_allow(view->guest, WALK_READS, WALK_PAGES);
        if (haywire_view_number(view, at + BEFORE, 8) != before) {
            return HAYWIRE_PAGE_BUSY;
        }
        status = take(view, at, tasks);
        before = at;
        at = haywire_view_number(view, at + NEXT, 8);
    }
    if (status == HAYWIRE_OK && view->lost) {
        status = HAYWIRE_PAGE_BUSY;
    }
    return status;
}

bool haywire_tasks_close(HaywireKernelView *view)
{
    HaywireStatus status = HAYWIRE_PAGE_BUSY;
    HaywireVector tasks;
    bool any = false;

    haywire_vector_init(&tasks, sizeof(HaywireTask), HAYWIRE_TASKS_MAX);
    for (int i = 0; i < 4 && status == HAYWIRE_PAGE_BUSY; i++) {
        haywire_guest_begin(view->guest);
        status = haywire_tasks_walk(view, &tasks);
        any = status == HAYWIRE_OK && tasks.count > 0;
    }
    haywire_vector_clear(&tasks);
    return any;
}
