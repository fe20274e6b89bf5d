/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Windows: the part of a list that is asked for, as much of it as may be
 * answered at once. What does not fit lies behind the last row that is given,
 * and can be asked for from there on.
 *
 * Rows are copies; their strings belong to the model. Any thread.
 */

#ifndef HAYWIRE_RENDER_WINDOW_H
#define HAYWIRE_RENDER_WINDOW_H

#include <glib.h>

#include "reply.h"

/*
 * What one reply may cost QEMU; see haywire_reply_cost(). The rows bound its
 * time: what takes longest is to fault in and clear a dictionary's 4 KiB.
 */
#define HAYWIRE_REPLY_BYTES (20u << 20)
#define HAYWIRE_REPLY_ROWS  2000u

typedef struct HaywireListWindow {
    HaywireGvaRange range;  /* of sections and page runs */
    uint32_t after;         /* of processes: those with larger pids only */
    const uint32_t *pid;    /* these only, in any order; NULL: all */
    size_t pids;            /* how many */
    HaywireMembers members; /* of processes: what is shown of them */
    uint32_t limit;         /* rows at most; 0: as many as fit */
    bool bounded;           /* by what a reply may cost */
} HaywireListWindow;

/*
 * Each returns an array of the structure; it owns the rows.
 *
 * @ret_more: whether there are more rows in the window
 */
GArray *haywire_window_processes(const HaywireListWindow *window,
                                 const HaywireProcess *process, size_t count,
                                 bool *ret_more);

/* @list then has these rows only; the array owns them. */
GArray *haywire_window_sections(const HaywireListWindow *window,
                                HaywireSectionList *list, bool *ret_more);

/* The same; runs that go beyond the range are cut to it. */
GArray *haywire_window_page_runs(const HaywireListWindow *window,
                                 HaywirePageRunList *list, bool *ret_more);

#endif
