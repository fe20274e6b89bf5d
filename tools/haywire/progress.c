/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Progress of a long scan: see progress.h.
 */
#include "progress.h"

#include <glib.h>
#include <stdio.h>
#include <unistd.h>

/* Short scans show nothing; the others not too often. */
#define FIRST_AFTER_US (G_USEC_PER_SEC / 2)
#define NEXT_AFTER_US  (G_USEC_PER_SEC / 10)

static bool disabled;

void haywire_progress_init(HaywireProgress *progress)
{
    progress->enabled = isatty(STDERR_FILENO);
    progress->shown = false;
    progress->next = 0;
    progress->doing = "scanning";
}

bool haywire_progress_show(void *opaque, uint64_t done, uint64_t total)
{
    HaywireProgress *progress = opaque;
    const int64_t now = g_get_monotonic_time();

    if (!progress->enabled || disabled || total == 0) {
        return true;
    }
    if (progress->next == 0) {
        progress->next = now + FIRST_AFTER_US;
    }
    if (now >= progress->next) {
        fprintf(stderr, "\r%s: %3u %%", progress->doing,
                (unsigned)((double)done / (double)total * 100.0));
        fflush(stderr);
        progress->shown = true;
        progress->next = now + NEXT_AFTER_US;
    }
    return true;
}

void haywire_progress_end(HaywireProgress *progress)
{
    if (progress->shown) {
        fputs("\r               \r", stderr);
        fflush(stderr);
    }
    progress->shown = false;
    progress->next = 0;
}

void haywire_progress_disable_all(void)
{
    disabled = true;
}
