/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sums over the threads of a process: see threads.h, and the kernel's
 * thread_group_cputime_adjusted().
 */

#include "threads.h"

#include <string.h>

/* More threads, or descriptors, are not added up. */
#define THREADS_MAX     8192
#define DESCRIPTORS_MAX (1u << 16)

/* For each thread; honest ones take half. */
#define THREAD_READS 48
#define THREAD_PAGES 6

/* One sum, in the thread and, of those that ended, in the process. */
static const struct {
    HaywireMemberId thread;
    HaywireMemberId ended;
} parts[] = {
    { M_TASK_UTIME, M_SIGNAL_UTIME },
    { M_TASK_STIME, M_SIGNAL_STIME },
    { M_TASK_RUNTIME, M_SIGNAL_RUNTIME },
    { M_TASK_MIN_FLT, M_SIGNAL_MIN_FLT },
    { M_TASK_MAJ_FLT, M_SIGNAL_MAJ_FLT },
    { M_TASK_READ_BYTES, M_SIGNAL_READ_BYTES },
    { M_TASK_WRITE_BYTES, M_SIGNAL_WRITE_BYTES },
};
enum {
    UTIME,
    STIME,
    RUNTIME,
    MINOR,
    MAJOR,
    READ,
    WRITTEN,
    PARTS
};

/* As much of the time that it ran as ticks found it in the kernel. */
static void scale(const uint64_t *sum, HaywireThreadSums *sums)
{
    uint64_t ticks = sum[UTIME] + sum[STIME];

    if (sum[STIME] == 0) {
        sums->user_ns = sum[RUNTIME];
    } else if (sum[UTIME] == 0 || ticks < sum[STIME]) {
        sums->system_ns = sum[RUNTIME];
    } else {
        sums->system_ns = (uint64_t)((double)sum[RUNTIME] *
                                     ((double)sum[STIME] / (double)ticks));
        sums->user_ns = sum[RUNTIME] - sums->system_ns;
    }
}

static bool add_threads(HaywireKernelView *view, uint64_t signal,
                        uint32_t threads, uint64_t *sum)
{
    uint64_t head = signal + haywire_member(view, M_SIGNAL_THREAD_HEAD).offset;
    uint64_t node = haywire_view_number(view, head, 8);

    for (uint32_t i = 0; node != head && !view->lost; i++) {
        uint64_t task = node - haywire_member(view, M_TASK_THREAD_NODE).offset;

        if (i > threads || i >= THREADS_MAX) {
            return false;
        }
        haywire_guest_allow(view->guest, THREAD_READS, THREAD_PAGES);
        for (int part = 0; part < PARTS; part++) {
            sum[part] += haywire_view_ask(view, task, parts[part].thread);
        }
        node = haywire_view_number(view, node, 8);
    }
    return !view->lost;
}

bool haywire_threads_sum(HaywireKernelView *view, uint64_t task,
                         uint32_t threads, HaywireThreadSums *ret_sums)
{
    uint64_t signal, sum[PARTS];

    view->lost = false;
    signal = haywire_view_get(view, task, M_TASK_SIGNAL);
    for (int part = 0; part < PARTS; part++) {
        sum[part] = haywire_view_ask(view, signal, parts[part].ended);
    }
    if (!add_threads(view, signal, threads, sum)) {
        return false;
    }
    memset(ret_sums, 0, sizeof(*ret_sums));
    scale(sum, ret_sums);
    ret_sums->minor_faults = sum[MINOR];
    ret_sums->major_faults = sum[MAJOR];
    ret_sums->read_bytes = sum[READ];
    ret_sums->written_bytes = sum[WRITTEN];
    return true;
}

uint64_t haywire_threads_living(HaywireKernelView *view, uint64_t task)
{
    uint64_t signal = haywire_view_get(view, task, M_TASK_SIGNAL);
    uint64_t head = signal + haywire_member(view, M_SIGNAL_THREAD_HEAD).offset;
    uint64_t node, thread;

    if (haywire_view_get(view, task, M_TASK_MM) != 0) {
        return task;
    }
    node = haywire_view_number(view, head, 8);
    for (uint32_t i = 0; i < THREADS_MAX && node != head && !view->lost; i++) {
        haywire_guest_allow(view->guest, THREAD_READS, THREAD_PAGES);
        thread = node - haywire_member(view, M_TASK_THREAD_NODE).offset;
        if (haywire_view_get(view, thread, M_TASK_MM) != 0) {
            return view->lost ? task : thread;
        }
        node = haywire_view_number(view, node, 8);
    }
    return task;
}

bool haywire_files_count(HaywireKernelView *view, uint64_t files,
                         uint64_t *ret_count)
{
    uint64_t table = haywire_view_get(view, files, M_FILES_TABLE);
    uint64_t room = haywire_view_get(view, table, M_TABLE_MAX);
    uint64_t bits = haywire_view_get(view, table, M_TABLE_OPEN);
    uint64_t count = 0;

    if (view->lost || room > DESCRIPTORS_MAX) {
        return false;
    }
    for (uint64_t i = 0; i < room && !view->lost; i += 64) {
        uint64_t word = haywire_view_number(view, bits + i / 8, 8);

        count += (uint64_t)__builtin_popcountll(word);
    }
    *ret_count = count;
    return !view->lost;
}
