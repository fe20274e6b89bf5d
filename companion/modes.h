/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the program does in each mode. Each returns the exit status. */

#ifndef HAYWIRE_MODES_H
#define HAYWIRE_MODES_H

#include "engine/companion.h"

#define HAYWIRE_EXIT_FINE   0
#define HAYWIRE_EXIT_FAILED 1
#define HAYWIRE_EXIT_USAGE  2

/* NULL after a message on stderr. Requests to end are noticed from here on. */
HaywireCompanion *haywire_start(const HaywireOptions *options);

/* Until each task has done a round; false when asked to end before. */
bool haywire_work_round(HaywireCompanion *companion);

int haywire_mode_run(const HaywireOptions *options);
int haywire_mode_once(const HaywireOptions *options);
int haywire_mode_selftest(const HaywireOptions *options);
int haywire_mode_benchmark(const HaywireOptions *options);
int haywire_mode_help(const HaywireOptions *options);
int haywire_mode_version(const HaywireOptions *options);

#endif
