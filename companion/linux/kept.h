/*
 * Folders and stat files of /proc/PID that stay open from one look to the
 * next: finding and opening them costs more than reading them.
 *
 * An open file of /proc belongs to one process for good. When that has ended
 * reading says so, also when its pid is another's by then.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HAYWIRE_KEPT_H
#define HAYWIRE_KEPT_H

#include <stdbool.h>
#include <stdint.h>

/* Two descriptors each: together below the 1,024 that programs are given. */
#define HAYWIRE_KEPT_MAX 448

typedef struct HaywireKeptProcess {
    uint32_t pid;   /* 0: free */
    uint32_t round; /* when it was last asked for */
    int folder;     /* O_PATH */
    int stat;
} HaywireKeptProcess;

/* Zeroed at first. */
typedef struct HaywireKept {
    bool off; /* there are too few descriptors */
    uint32_t round;
    HaywireKeptProcess slot[HAYWIRE_KEPT_MAX];
} HaywireKept;

/* A list of all pids was made: let go of what was not asked for lately. */
void haywire_kept_next_round(HaywireKept *kept);

/*
 * The open files of @pid under the folder @proc; they stay the keeper's, up to
 * the next call. NULL when there are none: do it the other way.
 */
const HaywireKeptProcess *haywire_kept_get(HaywireKept *kept, int proc,
                                           uint32_t pid);

/* The process has ended: @pid may be another's. */
void haywire_kept_drop(HaywireKept *kept, uint32_t pid);

void haywire_kept_clear(HaywireKept *kept);

#endif
