/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finding kernels in memory. Private to the room. docs/kernel.md says how.
 */

#ifndef HAYWIRE_KERNEL_LOCATE_H
#define HAYWIRE_KERNEL_LOCATE_H

#include "haywire/kernel.h"
#include "view.h"

/* Kernels that are kept: two boots, kdump's, and some more. */
#define HAYWIRE_KERNELS_MAX 8

typedef struct HaywireLocate {
    HaywireGuest *guest;
    HaywireKernelProgress progress; /* NULL: nobody wants to know */
    void *progress_opaque;
    bool stopped;                 /* by the progress */
    HaywireKernelFinding finding; /* what was met */
    size_t count;
    HaywireKernelView view[HAYWIRE_KERNELS_MAX];
} HaywireLocate;

/*
 * Look through all of memory. HAYWIRE_OK with view[] and finding filled;
 * HAYWIRE_NO_MEMORY, HAYWIRE_IO_ERROR, HAYWIRE_SOURCE_TRUNCATED.
 */
HaywireStatus haywire_locate(HaywireLocate *locate) HAYWIRE_MUST_CHECK;

#endif
