/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of tasks, as /proc shows them. Private to the room.
 */

#ifndef HAYWIRE_KERNEL_TASK_NAME_H
#define HAYWIRE_KERNEL_TASK_NAME_H

#include "view.h"

/* @task: gva. Returns the length in @to, which has @room bytes. */
size_t haywire_name_read(HaywireKernelView *view, uint64_t task, char *to,
                         size_t room);

#endif
