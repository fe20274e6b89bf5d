/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mappings of a process, as /proc/PID/maps lists them. Private to the room.
 */

#ifndef HAYWIRE_KERNEL_MAPPINGS_H
#define HAYWIRE_KERNEL_MAPPINGS_H

#include "haywire/vector.h"
#include "view.h"

/* Linux has 65,530 at most, unless told otherwise. */
#define HAYWIRE_MAPPINGS_MAX 70000

/* The addresses of its vm_area_structs, gva each, in ascending order. */
typedef struct HaywireMappings {
    HaywireVector area; /* of uint64_t */
    uint64_t count;     /* that the kernel says there are */
} HaywireMappings;

/*
 * @mm: gva of an mm_struct. HAYWIRE_OK: as many as there are;
 * HAYWIRE_PAGE_BUSY: they were being changed; HAYWIRE_LIMIT,
 * HAYWIRE_NO_MEMORY; what is in @mappings is what was met until then.
 */
HaywireStatus
haywire_mappings_walk(HaywireKernelView *view, uint64_t mm,
                      HaywireMappings *mappings) HAYWIRE_MUST_CHECK;

#endif
