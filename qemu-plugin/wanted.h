/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes of which somebody wants sections or page runs from the guest's
 * kernel: few at a time, each until it was told of, so that everybody who asks
 * again gets a turn.  All times are us of the monotonic clock.
 */
#ifndef HAYWIRE_WANTED_H
#define HAYWIRE_WANTED_H

#include <glib.h>

#include "haywire/kernel.h"

/* All zero: none. */
typedef struct HaywireWanted {
    struct {
        uint32_t pid; /* 0: none */
        gint64 asked_us;
        bool told; /* to somebody who asked */
    } process[HAYWIRE_KERNEL_WANTED];
} HaywireWanted;

/*
 * Somebody asks for @pid, and is told, or not yet.  Returns true when it has just
 * become one that is wanted.
 */
bool haywire_wanted_ask(HaywireWanted *wanted, uint32_t pid, bool told,
                        gint64 now_us);

/* Those that were asked for lately; 0 where there is none. */
void haywire_wanted_list(const HaywireWanted *wanted, gint64 now_us,
                         uint32_t ret_pid[HAYWIRE_KERNEL_WANTED]);

#endif /* HAYWIRE_WANTED_H */
