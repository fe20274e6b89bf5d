/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the host's scheduler says of a process: whether it was let run.
 */
#ifndef HAYWIRE_TESTS_PROCESS_THREADS_H
#define HAYWIRE_TESTS_PROCESS_THREADS_H

#include <glib.h>

/*
 * Of all threads of the process whose names begin so: the processor time that
 * they had, and how long they were ready to run but waited for a processor,
 * ns.
 */
typedef struct {
    guint64 ran;
    guint64 waited;
} ProcessThreads;

/* Of the threads that there are now; "" is all of them. */
ProcessThreads process_threads(GPid pid, const char *name);

#endif
