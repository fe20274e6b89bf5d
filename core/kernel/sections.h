/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sections and page runs of one process, told to a builder. Private to the
 * room.
 */

#ifndef HAYWIRE_KERNEL_SECTIONS_H
#define HAYWIRE_KERNEL_SECTIONS_H

#include "mappings.h"
#include "process.h"

/*
 * Paths that are told: a builder compares later ones with them, so they stay
 * until the model is made.
 */
typedef struct HaywirePaths {
    uint8_t *bytes; /* NULL: none yet */
    size_t used;
    HaywireString last;
} HaywirePaths;

void haywire_paths_clear(HaywirePaths *paths);

/*
 * Tell @builder the sections of @process, whose task is @task, and its page
 * runs, as those of camera 1's or 2's (@place 0 or 1). What cannot be had whole is told
 * as incomplete.
 */
void haywire_sections_tell(HaywireKernelView *view, const HaywireTask *task,
                           const HaywireProcess *process, HaywirePaths *paths,
                           size_t place, HaywireBuilder *builder);

#endif
