/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs of pages. */

#include "os/runs.h"

bool haywire_run_continues(const HaywireGuestRun *run,
                           const HaywireGuestRun *next)
{
    /*
     * Hidden frame numbers and swap offsets are all zero: such pages, and
     * those that have no memory, only need be alike.
     */
    bool numbered = (run->flags & HAYWIRE_RUN_PFN_KNOWN) ||
                    ((run->flags & HAYWIRE_RUN_SWAPPED) && run->value != 0);

    /* The wire has 32 bits for the pages of a run. */
    return run->pages > 0 && run->pages <= UINT32_MAX - next->pages &&
           next->flags == run->flags && next->swap_type == run->swap_type &&
           next->page_shift == run->page_shift &&
           next->gva == run->gva + (run->pages << HAYWIRE_PAGE_SHIFT) &&
           next->value == run->value + (numbered ? run->pages : 0);
}

void haywire_run_add(HaywireGuestRun *run, const HaywireGuestRun *next,
                     HaywireRunSink *sink, void *opaque)
{
    if (haywire_run_continues(run, next)) {
        run->pages += next->pages;
        return;
    }
    if (run->pages > 0) {
        sink(opaque, run);
    }
    *run = *next;
}
