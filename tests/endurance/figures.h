/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values measured over time, and what a long test says of them.
 */
#ifndef HAYWIRE_TESTS_FIGURES_H
#define HAYWIRE_TESTS_FIGURES_H

#include <glib.h>

/* Values with the moments at which they were taken. One thread at a time. */
typedef struct Figures Figures;

Figures *figures_new(void);
void figures_free(Figures *figures);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Figures, figures_free)

/* @time: seconds from the start of the test, never less than the last one. */
void figures_add(Figures *figures, double time, guint64 value);

guint figures_count(const Figures *figures);

/* The value that @percent of all do not exceed; 0 when there are none. */
guint64 figures_percentile(const Figures *figures, double percent);

/*
 * The least value taken from second @from to second @to; there must be one.
 * Of memory in use it is what was never given back in that time.
 */
guint64 figures_floor(const Figures *figures, double from, double to);

/* By how much the newest value is above the last one taken before @time. */
guint64 figures_since(const Figures *figures, double time);

/* By how much the floor of the last @span seconds is above that from @warm
 * on, for as long; 0 when it is not. */
guint64 figures_growth(const Figures *figures, double warm, double span);

/* Seconds that a test shall run: of the environment, or @otherwise. */
guint figures_seconds(const char *variable, guint otherwise);

#endif
