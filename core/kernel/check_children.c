/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walking the tree of children: see check_witnesses.h. A child is on the list of
 * the thread that made it, so all threads are visited.
 */

#include "check_witnesses.h"

/* What each list, and each element, may cost: honest ones take a third. */
#define STEP_READS 64
#define STEP_PAGES 12

/* Threads of all processes together. */
#define THREADS_MAX (2 * HAYWIRE_TASKS_MAX)

/* A list's parts: pointers to the next element, and to the one before. */
#define NEXT   0
#define BEFORE 8

typedef struct Family {
    HaywireKernelView *view;
    HaywireVector *tasks;
    uint32_t threads; /* that were visited */
} Family;

/* It names its parent, so that nobody is met as the child of two. */
static HaywireStatus take(Family *family, uint64_t parent, uint64_t address)
{
    HaywireKernelView *view = family->view;
    HaywireTask task = { address, 0 };
    uint64_t pid = haywire_view_get(view, address, M_TASK_PID);

    task.pid = (uint32_t)pid;
    if (pid == 0 || haywire_view_get(view, address, M_TASK_TGID) != pid ||
        haywire_view_get(view, address, M_TASK_REAL_PARENT) != parent ||
        view->lost) {
        return HAYWIRE_PAGE_BUSY;
    }
    return haywire_vector_push(family->tasks, &task);
}

static HaywireStatus walk_children(Family *family, uint64_t thread)
{
    HaywireKernelView *view = family->view;
    uint64_t head = thread + haywire_member(view, M_TASK_CHILDREN).offset;
    uint64_t before = head, at = haywire_view_number(view, head + NEXT, 8);
    HaywireStatus status = HAYWIRE_OK;

    while (at != head && status == HAYWIRE_OK) {
        haywire_guest_allow(view->guest, STEP_READS, STEP_PAGES);
        if (haywire_view_number(view, at + BEFORE, 8) != before || view->lost) {
            return HAYWIRE_PAGE_BUSY;
        }
        status = take(family, thread,
                      at - haywire_member(view, M_TASK_SIBLING).offset);
        before = at;
        at = haywire_view_number(view, at + NEXT, 8);
    }
    return view->lost ? HAYWIRE_PAGE_BUSY : status;
}

static HaywireStatus walk_threads(Family *family, uint64_t leader)
{
    HaywireKernelView *view = family->view;
    uint64_t head, before, at;
    HaywireStatus status = HAYWIRE_OK;

    haywire_guest_allow(view->guest, STEP_READS, STEP_PAGES);
    head = haywire_view_get(view, leader, M_TASK_SIGNAL) +
           haywire_member(view, M_SIGNAL_THREAD_HEAD).offset;
    before = head;
    at = haywire_view_number(view, head + NEXT, 8);
    while (at != head && status == HAYWIRE_OK) {
        uint64_t thread = at - haywire_member(view, M_TASK_THREAD_NODE).offset;

        if (family->threads++ == THREADS_MAX) {
            return HAYWIRE_LIMIT;
        }
        haywire_guest_allow(view->guest, STEP_READS, STEP_PAGES);
        if (haywire_view_number(view, at + BEFORE, 8) != before ||
            haywire_view_get(view, thread, M_TASK_GROUP_LEADER) != leader ||
            view->lost) {
            return HAYWIRE_PAGE_BUSY;
        }
        status = walk_children(family, thread);
        before = at;
        at = haywire_view_number(view, at + NEXT, 8);
    }
    return view->lost ? HAYWIRE_PAGE_BUSY : status;
}

HaywireStatus haywire_check_children(HaywireKernelView *view,
                                     HaywireVector *tasks)
{
    Family family = { .view = view, .tasks = tasks };
    HaywireStatus status;

    haywire_vector_clear(tasks);
    haywire_vector_init(tasks, sizeof(HaywireTask), HAYWIRE_TASKS_MAX);
    if (!haywire_member(view, M_TASK_CHILDREN).known ||
        !haywire_member(view, M_TASK_SIBLING).known) {
        return HAYWIRE_NOT_FOUND;
    }
    view->lost = false;
    status = walk_threads(&family, view->init_task);
    for (size_t i = 0; i < tasks->count && status == HAYWIRE_OK; i++) {
        const HaywireTask *task = tasks->data; /* which may move */

        status = walk_threads(&family, task[i].address);
    }
    return status;
}
