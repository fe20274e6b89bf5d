/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a kernel runs: its scheduler counts how often each task was put on a
 * processor. Private to the room.
 */

#ifndef HAYWIRE_KERNEL_ALIVE_H
#define HAYWIRE_KERNEL_ALIVE_H

#include "tasks.h"

/* An idle kernel wakes one of its threads more often than that. */
#define HAYWIRE_ALIVE_NS UINT64_C(3000000000)
/* How soon it is worth looking again. */
#define HAYWIRE_ALIVE_STEP_NS UINT64_C(50000000)

typedef struct HaywireAlive {
    HaywireVector seen; /* tasks, sorted, with their counts */
    uint64_t first_ns;  /* when it was first looked at; 0: never */
    uint64_t moved_ns;  /* when it was last seen to have gone on; 0: never */
} HaywireAlive;

void haywire_alive_clear(HaywireAlive *alive);

/*
 * Compare a list that was just walked with the one before: it has gone on if a
 * count grew and none shrank. HAYWIRE_OK, HAYWIRE_NO_MEMORY, HAYWIRE_LIMIT.
 */
HaywireStatus haywire_alive_look(HaywireAlive *alive, HaywireKernelView *view,
                                 const HaywireVector *tasks,
                                 uint64_t now_ns) HAYWIRE_MUST_CHECK;

#endif
