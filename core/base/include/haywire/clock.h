/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What clocks say, in ns.
 */

#ifndef HAYWIRE_CLOCK_H
#define HAYWIRE_CLOCK_H

#include <stdint.h>
#include <time.h>

/*
 * 0 for a clock that there is none of; CLOCK_THREAD_CPUTIME_ID is the calling
 * thread's.
 */
static inline uint64_t haywire_clock_ns(clockid_t clock)
{
    struct timespec now = { 0 };

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

#endif
