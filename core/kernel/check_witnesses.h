/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where else than on its list a kernel keeps its processes: the witnesses of the
 * cross-view. Private to the room.
 *
 * Each finds leaders of processes, as HaywireTask, by a way of its own, so that
 * a process that was taken off one of them is still found by the others. All
 * take from the view's budget, which grows only with what was checked.
 */

#ifndef HAYWIRE_KERNEL_CHECK_WITNESSES_H
#define HAYWIRE_KERNEL_CHECK_WITNESSES_H

#include "haywire/check.h"
#include "tasks.h"

/* In struct pid and in task_struct.pid_links: the leader of a process. */
#define HAYWIRE_PID_OF_PROCESS 1

/*
 * The table of pids (an idr: lib/radix-tree.c, kernel/pid.c), into @tasks, which
 * is cleared first.
 *
 * HAYWIRE_OK: it was had whole; HAYWIRE_NOT_FOUND: this kernel lacks a member;
 * HAYWIRE_PAGE_BUSY: it was being changed, or is no such table;
 * HAYWIRE_NO_MEMORY, HAYWIRE_LIMIT.
 */
HaywireStatus haywire_check_pids(HaywireKernelView *view,
                                 HaywireVector *tasks) HAYWIRE_MUST_CHECK;

/* The children of the first task, and theirs, and so on. As above. */
HaywireStatus haywire_check_children(HaywireKernelView *view,
                                     HaywireVector *tasks) HAYWIRE_MUST_CHECK;

/*
 * What the processors run now, found by way of the run queues that @listed,
 * tasks of any witness, wait in. As above, and a processor that no task leads
 * to is not missed.
 */
HaywireStatus haywire_check_running(HaywireKernelView *view,
                                    const HaywireVector *listed,
                                    HaywireVector *tasks) HAYWIRE_MUST_CHECK;

/*
 * Ask them all, and tell @check. *ret_heard: who could be heard to the end.
 * HAYWIRE_OK, HAYWIRE_NO_MEMORY.
 */
HaywireStatus haywire_check_ask(HaywireKernelView *view, HaywireCheck *check,
                                uint16_t *ret_heard) HAYWIRE_MUST_CHECK;

#endif
