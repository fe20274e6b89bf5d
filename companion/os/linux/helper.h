/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads that may never return are done by a process of their own.
 *
 * Most files of /proc/PID take locks of the process that they tell of, and
 * some its memory. Who holds these locks may be stuck in the kernel: on a
 * frozen file system, or on one that a user serves, and does not answer. So a
 * helper reads them (a process that shares our descriptors and no memory), and
 * is killed and replaced when it does not answer in time. One that cannot be
 * killed is left behind; there may be so many of them.
 *
 * A process that blocks is asked again after pauses that grow. Read directly is
 * what takes no such lock in any version: comm, schedstat and status. Even stat
 * and the link exe may block: newer kernels have them wait for an exec to end.
 */

#ifndef HAYWIRE_HELPER_H
#define HAYWIRE_HELPER_H

#include <sys/types.h>

#include "os/os.h"

#define HAYWIRE_HELPERS_LEFT_MAX 16
#define HAYWIRE_BLOCKED_MAX      128

/* What is asked of a process: one may block where another does not. */
typedef enum HaywireAsked {
    HAYWIRE_ASKED_MEMORY,
    HAYWIRE_ASKED_FIGURES, /* takes long, where there is much memory */
    HAYWIRE_ASKED_STAT,
    HAYWIRE_ASKED_SIMPLE,
} HaywireAsked;

/* Who asks, and of whom. */
typedef struct HaywireAsking {
    uint32_t pid;
    uint64_t start_time_ns;
    HaywireAsked asked;
} HaywireAsking;

/* A process that blocks. */
typedef struct HaywireBlocked {
    HaywireAsking asking; /* pid 0: free */
    uint64_t next_ns;     /* it is not asked before */
    uint64_t pause_ns;
} HaywireBlocked;

typedef struct HaywireHelperJob HaywireHelperJob; /* shared with the helper */

typedef struct HaywireHelperLeft {
    pid_t helper;
    HaywireHelperJob *job;
} HaywireHelperLeft;

/* Zeroed at first. */
typedef struct HaywireHelper {
    pid_t pid; /* 0: there is none now */
    bool
        none; /* this system makes none: who asks does the work, and may wait */
    HaywireHelperJob *job;
    uint64_t patience_ns; /* 0: the most */
    size_t left_count;
    HaywireHelperLeft left[HAYWIRE_HELPERS_LEFT_MAX];
    HaywireBlocked blocked[HAYWIRE_BLOCKED_MAX];
} HaywireHelper;

/*
 * Runs in the helper, on its copy of our memory as it was when the helper was
 * started: @context and @shared are all that it may take for current.
 */
typedef void HaywireHelperWork(void *context, void *shared);

/*
 * The memory that a job and its results go through, of haywire_helper_do()'s
 * size; NULL: there can be no helper. Another one after each BLOCKED.
 */
void *haywire_helper_shared(HaywireHelper *helper, HaywireCollector *collector,
                            size_t size);

/*
 * Have @work done, calling the collector's tick in between. OK: it is done.
 * BLOCKED: it was given up, or not even tried. FAILED: there is no helper.
 *
 * @collector: the context of @work too
 */
HaywireCollect haywire_helper_do(HaywireHelper *helper,
                                 HaywireCollector *collector,
                                 const HaywireAsking *asking,
                                 HaywireHelperWork *work);

/* End the helper; those left behind end when they can. */
void haywire_helper_end(HaywireHelper *helper);

/* Processor time that all helpers of this program have used. */
uint64_t haywire_helper_cpu_ns(void);

#endif
