/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Folders, stat and schedstat files of /proc/PID that stay open from one look
 * to the next: finding and opening them costs more than reading them.
 *
 * An open file of /proc belongs to one process for good. When that has ended
 * reading says so, also when its pid is another's by then.
 */

#ifndef HAYWIRE_KEPT_H
#define HAYWIRE_KEPT_H

#include <stdbool.h>
#include <stdint.h>

#include "os/linux/proc_parse.h"

#define HAYWIRE_KEPT_MAX         1024
#define HAYWIRE_KEPT_DESCRIPTORS 3 /* of each */

typedef struct HaywireKeptProcess {
    uint32_t pid;    /* 0: free */
    uint32_t round;  /* when it was last asked for */
    uint64_t serial; /* of this opening, from 1: no other has it */
    int folder;      /* O_PATH */
    int stat;
    int schedstat;        /* -1: the kernel has none */
    HaywireProcStat last; /* that was read of it, without name; pid 0: none */
} HaywireKeptProcess;

/* Zeroed at first. */
typedef struct HaywireKept {
    bool off;       /* there are too few descriptors */
    uint32_t limit; /* of processes kept; 0: as many as there are slots */
    uint32_t count;
    uint32_t round;
    uint64_t serial; /* of the newest opening */
    HaywireKeptProcess slot[HAYWIRE_KEPT_MAX];
} HaywireKept;

/*
 * Ask for as many descriptors as all slots take, and set the limit by what is
 * allowed.
 */
void haywire_kept_make_room(HaywireKept *kept);

/* A list of all pids was made: let go of what was not asked for lately. */
void haywire_kept_next_round(HaywireKept *kept);

/*
 * The open files of @pid under the folder @proc; they stay the keeper's, up to
 * the next call. NULL when there are none: do it the other way.
 */
HaywireKeptProcess *haywire_kept_get(HaywireKept *kept, int proc, uint32_t pid);

/* The process has ended: @pid may be another's. */
void haywire_kept_drop(HaywireKept *kept, uint32_t pid);

void haywire_kept_clear(HaywireKept *kept);

#endif
