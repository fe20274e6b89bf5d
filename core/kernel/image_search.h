/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What lies somewhere in a kernel's image: its type information, and its first
 * task. Private to the room.
 */

#ifndef HAYWIRE_KERNEL_IMAGE_SEARCH_H
#define HAYWIRE_KERNEL_IMAGE_SEARCH_H

#include "view.h"

/* How a kernel's type information begins: its header, and offset 0. */
#define HAYWIRE_BTF_START 12
extern const uint8_t haywire_btf_start[HAYWIRE_BTF_START];

/* The name of the first task. */
#define HAYWIRE_FIRST_TASK "swapper/0"

/*
 * Read the type information at @where. HAYWIRE_OK; HAYWIRE_NOT_FOUND: it is
 * none, or lacks a member (*ret_missing); HAYWIRE_NO_MEMORY.
 */
HaywireStatus haywire_image_types(HaywireMemory *memory, HaywirePosition where,
                                  HaywireMembers *ret_members,
                                  const char **ret_missing) HAYWIRE_MUST_CHECK;

/*
 * Search the image, whose text begins at @start. Sets the view's members and
 * init_task.
 *
 * HAYWIRE_OK; HAYWIRE_NOT_FOUND: one of both is missing (*ret_missing, if it is
 * a member); HAYWIRE_NO_MEMORY.
 */
HaywireStatus haywire_image_search(HaywireKernelView *view, HaywireGpa start,
                                   const char **ret_missing) HAYWIRE_MUST_CHECK;

#endif
