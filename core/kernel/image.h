/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What lies somewhere in a kernel's image: its type information, and its first
 * task. Private to the room.
 */

#ifndef HAYWIRE_KERNEL_IMAGE_H
#define HAYWIRE_KERNEL_IMAGE_H

#include "view.h"

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
