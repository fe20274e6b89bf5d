/*
 * Small sets of pids: which processes changed.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <string.h>

#include "table/changes.h"

/* Where @pid is, or belongs. */
static size_t place_of(const HaywireChanges *changes, uint32_t pid)
{
    size_t low = 0;
    size_t high = changes->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (changes->pid[middle] < pid) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

bool haywire_changes_has(const HaywireChanges *changes, uint32_t pid)
{
    size_t at = place_of(changes, pid);

    return at < changes->count && changes->pid[at] == pid;
}

void haywire_changes_add(HaywireChanges *changes, uint32_t pid)
{
    size_t at = place_of(changes, pid);

    if (at < changes->count && changes->pid[at] == pid) {
        return;
    }
    if (changes->count == HAYWIRE_CHANGES_MAX) {
        changes->all = true;
        return;
    }
    memmove(&changes->pid[at + 1], &changes->pid[at],
            (changes->count - at) * sizeof(changes->pid[0]));
    changes->pid[at] = pid;
    changes->count++;
}

void haywire_changes_add_all(HaywireChanges *changes,
                             const HaywireChanges *more)
{
    changes->all = changes->all || more->all;
    for (size_t i = 0; i < more->count; i++) {
        haywire_changes_add(changes, more->pid[i]);
    }
}

void haywire_changes_clear(HaywireChanges *changes)
{
    changes->all = false;
    changes->count = 0;
}
