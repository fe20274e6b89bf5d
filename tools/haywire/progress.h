/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Progress of a long scan, on a terminal only.
 */
#ifndef HAYWIRE_TOOL_PROGRESS_H
#define HAYWIRE_TOOL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct HaywireProgress {
    bool enabled;      /* stderr is a terminal, and not in use as a screen */
    bool shown;        /* a line is there to be wiped */
    int64_t next;      /* monotonic us: not before */
    const char *doing; /* one word, as it is shown: "scanning" at first */
} HaywireProgress;

void haywire_progress_init(HaywireProgress *progress);

/* A HaywireScanProgress: @opaque is the HaywireProgress. */
bool haywire_progress_show(void *opaque, uint64_t done, uint64_t total);

/* Wipe what is shown; the next scan starts anew. */
void haywire_progress_end(HaywireProgress *progress);

/* From now on show nothing: the terminal is a screen. */
void haywire_progress_disable_all(void);

#endif
