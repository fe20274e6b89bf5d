/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finding a kernel that has left no note. Private to the room.
 */

#ifndef HAYWIRE_KERNEL_BARE_H
#define HAYWIRE_KERNEL_BARE_H

#include "locate.h"

/*
 * Look through all of memory for type information and for first tasks, and add
 * the kernels that these are of to locate->view[].
 *
 * HAYWIRE_OK, found or not; HAYWIRE_NO_MEMORY and as
 * haywire_memory_next_window().
 */
HaywireStatus haywire_locate_bare(HaywireLocate *locate) HAYWIRE_MUST_CHECK;

#endif
