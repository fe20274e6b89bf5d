/*
 * Small sets of pids: which processes changed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HAYWIRE_CHANGES_H
#define HAYWIRE_CHANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* More at a time are no small change: all processes are then looked at. */
#define HAYWIRE_CHANGES_MAX 64

/* Zeroed: nothing changed. */
typedef struct HaywireChanges {
    bool all; /* more than there is room for, or something was missed */
    size_t count;
    uint32_t pid[HAYWIRE_CHANGES_MAX]; /* ascending, each once */
} HaywireChanges;

void haywire_changes_add(HaywireChanges *changes, uint32_t pid);
void haywire_changes_add_all(HaywireChanges *changes,
                             const HaywireChanges *more);
/* Is @pid in it by name? @all does not count. */
bool haywire_changes_has(const HaywireChanges *changes, uint32_t pid);
void haywire_changes_clear(HaywireChanges *changes);

static inline bool haywire_changes_any(const HaywireChanges *changes)
{
    return changes->all || changes->count > 0;
}

/* What a system tells of its processes, unasked. */
typedef struct HaywireHeard {
    HaywireChanges begun; /* started, or another program, name or owner */
    HaywireChanges ended;
} HaywireHeard;

#endif
