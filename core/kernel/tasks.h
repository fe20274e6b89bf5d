/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's list of processes. Private to the room.
 */

#ifndef HAYWIRE_KERNEL_TASKS_H
#define HAYWIRE_KERNEL_TASKS_H

#include "haywire/vector.h"
#include "view.h"

/* Twice as many as a model has at most. */
#define HAYWIRE_TASKS_MAX 65536

/* One that is on the list. */
typedef struct HaywireTask {
    uint64_t address; /* gva of its task_struct */
    uint32_t pid;
} HaywireTask;

/*
 * Walk the list into @tasks, of HaywireTask, which is cleared first.
 *
 * HAYWIRE_OK: it closed, and each element was what it should be;
 * HAYWIRE_PAGE_BUSY: it was being changed, or is no list; HAYWIRE_NO_MEMORY,
 * HAYWIRE_LIMIT: longer than HAYWIRE_TASKS_MAX, or than the reads allowed.
 */
HaywireStatus haywire_tasks_walk(HaywireKernelView *view,
                                 HaywireVector *tasks) HAYWIRE_MUST_CHECK;

/* Whether it closes, and has somebody on it; in a few tries. */
bool haywire_tasks_close(HaywireKernelView *view);

#endif
