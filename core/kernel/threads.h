/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a process has in all its threads, and in files. Private to the room.
 */

#ifndef HAYWIRE_KERNEL_THREADS_H
#define HAYWIRE_KERNEL_THREADS_H

#include "view.h"

/* Those that have ended are counted as well. */
typedef struct HaywireThreadSums {
    uint64_t user_ns; /* scaled to the time that it really ran */
    uint64_t system_ns;
    uint64_t minor_faults;
    uint64_t major_faults;
    uint64_t read_bytes;
    uint64_t written_bytes;
} HaywireThreadSums;

/* @task: gva of the leader; @threads: that it has. False: not had whole. */
bool haywire_threads_sum(HaywireKernelView *view, uint64_t task,
                         uint32_t threads, HaywireThreadSums *ret_sums);

/*
 * The gva of a thread that has the memory and the files of the process: the
 * leader @task, or another where that one has ended before the others.
 */
uint64_t haywire_threads_living(HaywireKernelView *view, uint64_t task);

/* Descriptors that are open. @files: gva of a files_struct. */
bool haywire_files_count(HaywireKernelView *view, uint64_t files,
                         uint64_t *ret_count);

#endif
