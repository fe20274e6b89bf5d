/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text for people: what the monitor and the host tool print. Tables come from
 * the field tables through libsmartcols; nothing is ever cut to a width.
 *
 * Each function appends whole lines to @out. The strings of a model are
 * escaped already; they are printed as they are. Any thread, but one at a
 * time for one @out.
 */

#ifndef HAYWIRE_RENDER_TEXT_H
#define HAYWIRE_RENDER_TEXT_H

#include <glib.h>

#include "reply.h"
#include "text_table.h"

/*
 * What is missing, behind a sentence, of a memory that is a part of the guest's
 * or was reused since. Nothing where all is there.
 */
void haywire_text_missing(GString *out, const HaywireOverview *overview);

/*
 * One line that says what is watched and whether it is live: the head of
 * every picture. Stale data is named as such here.
 */
void haywire_text_session_line(GString *out, const HaywireOverview *overview);

/* query-haywire in full */
void haywire_text_overview(GString *out, const HaywireOverview *overview);

/* A table like that of ps */
void haywire_text_processes(GString *out, const HaywireProcess *process,
                            size_t count);

/* The members that it is made of. */
HaywireMembers haywire_text_usual_members(void);

/*
 * The same with these columns; without any with the usual ones.
 *
 * @branch: for each process, what stands before its name and command, or NULL
 */
void haywire_text_listing(GString *out, const HaywireColumn *column,
                          size_t columns, const HaywireProcess *process,
                          size_t count, char *const *branch);

/* A headline, then lines like those of /proc/PID/maps */
void haywire_text_sections(GString *out, const HaywireSectionList *list);

/* A headline, then a table of the runs in @range */
void haywire_text_page_runs(GString *out, const HaywirePageRunList *list,
                            HaywireGvaRange range);

void haywire_text_cameras(GString *out, const HaywireCamera *camera,
                          size_t count);

/* Some lines on what looking costs, with a headline; none before a look */
void haywire_text_cost(GString *out, const HaywireCost *cost);

/* The cost, then all counters */
void haywire_text_stats(GString *out, const HaywireCost *cost,
                        const HaywireHostCounters *host,
                        const HaywireGuestStats *guest);

void haywire_text_place(GString *out, const HaywirePlace *place);

/*
 * Why something failed, on one line without a line end: the status's sentence
 * and, when @diagnosis names a field, where in the page.
 */
void haywire_text_status(GString *out, HaywireStatus status,
                         const HaywireDiagnosis *diagnosis);

/*
 * The same of one thing: "TEXT (@what @number)", as in "(pid 7)". Without a
 * session there is nothing that could be named.
 */
void haywire_text_failure(GString *out, HaywireStatus status, const char *what,
                          uint32_t number, const HaywireDiagnosis *diagnosis);

/* The members of @table with their help, for manuals and --help. */
void haywire_text_members(GString *out, const HaywireTable *table);

#endif
