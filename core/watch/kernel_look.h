/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looking at the guest's kernel: how often, and the model that it makes. Private
 * to this room.
 *
 * For whoever looks for ever, looks take no more than a twentieth of a core: the
 * next one comes not before twenty times the processor time of the last. In
 * between the newest model goes on to be true, at a later moment. Searches have a
 * pace of their own (kernel.h).
 */

#ifndef HAYWIRE_KERNEL_LOOK_H
#define HAYWIRE_KERNEL_LOOK_H

#include <stdatomic.h>

#include "haywire/kernel.h"
#include "haywire/reader.h"

typedef struct HaywireKernelLook {
    HaywireKernel *kernel; /* NULL: none needed, or not lately */
    HaywireModel *model;   /* the newest; NULL: it is not being looked at */
    bool found;            /* by the newest look */
    uint32_t wanted[HAYWIRE_KERNEL_WANTED];
    bool wants_more;     /* than the newest look has told */
    uint64_t looked_ns;  /* host clock: when the newest look began */
    uint64_t cost_ns;    /* processor time that it took, searches aside */
    uint64_t needed_ns;  /* host clock: when one was last needed */
    uint64_t spent_ns;   /* processor time in the watch's newest look */
    uint64_t search_ns;  /* host clock: when the search in it began, */
    uint64_t rings_then; /* and how often it had been rung by then */
    const _Atomic uint64_t *rings;
    HaywireKernelProgress progress;
    void *progress_opaque;
} HaywireKernelLook;

/* What one look goes by. */
typedef struct HaywireKernelNeeds {
    HaywireMemory *memory;
    const HaywireShares *shares;
    HaywireHostCounters *host;
    const HaywireOverview
        *seen;         /* of companions; NULL: nobody looked for them */
    uint64_t began_ns; /* host clock: the watch's first look */
    bool notes_only;   /* see haywire_kernel_set_notes_only() */
    bool frugal;       /* no more than a twentieth of a core */
} HaywireKernelNeeds;

/*
 * Have look->model be of this moment, by a look if one is due. An empty one:
 * there is no kernel. HAYWIRE_OK; HAYWIRE_NO_MEMORY and as
 * haywire_memory_next_window(): then as it was.
 */
HaywireStatus haywire_kernel_look_on(HaywireKernelLook *look,
                                     const HaywireKernelNeeds *needs,
                                     HaywireNow now) HAYWIRE_MUST_CHECK;

/* It is not needed at this moment: after a minute, let go of all memory. */
void haywire_kernel_look_rest(HaywireKernelLook *look, HaywireNow now);

/* Tell all of @pid in the next models; haywire_watch_want() has more. */
void haywire_kernel_look_want(HaywireKernelLook *look, size_t place,
                              uint32_t pid);

/* How long, ns, until a look tells what is wanted; 0: nothing is. */
uint64_t haywire_kernel_look_wait(const HaywireKernelLook *look,
                                  HaywireNow now);

void haywire_kernel_look_reset(HaywireKernelLook *look);
void haywire_kernel_look_clear(HaywireKernelLook *look);

#endif
