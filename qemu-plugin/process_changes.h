/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which processes came and went between two models of one session.
 */
#ifndef HAYWIRE_PROCESS_CHANGES_H
#define HAYWIRE_PROCESS_CHANGES_H

#include <glib.h>

#include "haywire/model.h"

/* Both of const HaywireProcess *, in the order of their start times. */
typedef struct HaywireProcessChanges {
    GPtrArray *exited;  /* borrowed from the older model */
    GPtrArray *started; /* borrowed from the newer model */
} HaywireProcessChanges;

/*
 * A process is (pid, start time): a pid that is used again counts as one exit
 * and one start.  Free with haywire_process_changes_clear().  Thread: any.
 */
HaywireProcessChanges haywire_process_changes(const HaywireModel *older,
                                              const HaywireModel *newer);

void haywire_process_changes_clear(HaywireProcessChanges *changes);

#endif /* HAYWIRE_PROCESS_CHANGES_H */
