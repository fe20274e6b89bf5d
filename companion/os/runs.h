/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs of pages. */

#ifndef HAYWIRE_RUNS_H
#define HAYWIRE_RUNS_H

#include "os/os.h"

/* Would both be one run? @next lies behind @run. */
bool haywire_run_continues(const HaywireGuestRun *run,
                           const HaywireGuestRun *next);

/*
 * Add @next to *@run when it continues it; otherwise give *@run, unless it is
 * empty (no pages), to the sink, and go on with @next.
 */
void haywire_run_add(HaywireGuestRun *run, const HaywireGuestRun *next,
                     HaywireRunSink *sink, void *opaque);

#endif
