/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel of the newest look, for what is asked of it beside the model.
 * Private to the room.
 */

#ifndef HAYWIRE_KERNEL_PROVIDER_H
#define HAYWIRE_KERNEL_PROVIDER_H

#include "haywire/kernel.h"
#include "view.h"

/* NULL: the newest look has found none. */
HaywireKernelView *haywire_kernel_view(HaywireKernel *kernel);

/* The gva of the task of @pid in the newest list; 0: it is not there. */
uint64_t haywire_kernel_task(HaywireKernel *kernel, uint32_t pid);

#endif
