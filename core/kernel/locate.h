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
    bool notes_only;              /* search for nothing else */
    bool stopped;                 /* by the progress */
    bool bare;                    /* searched without a note, too */
    uint64_t notes_time;          /* processor time for the rest, ns */
    HaywireKernelFinding finding; /* what was met */
    size_t count;
    HaywireKernelView view[HAYWIRE_KERNELS_MAX];
} HaywireLocate;

/* It was searched up to @at. False, and noted: that is enough. */
static inline bool haywire_locate_goes_on(HaywireLocate *locate,
                                          HaywirePosition at)
{
    HaywireMemory *memory = locate->guest->memory;

    locate->stopped = locate->progress &&
                      !locate->progress(locate->progress_opaque,
                                        haywire_memory_size_before(memory, at),
                                        haywire_memory_size(memory));
    return !locate->stopped;
}

/*
 * Look through all of memory. HAYWIRE_OK with view[] and finding filled;
 * HAYWIRE_NO_MEMORY, HAYWIRE_IO_ERROR, HAYWIRE_SOURCE_TRUNCATED.
 */
HaywireStatus haywire_locate(HaywireLocate *locate) HAYWIRE_MUST_CHECK;

#endif
