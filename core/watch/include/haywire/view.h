/*
 * View: watches one memory source and makes models of it. One thread.
 *
 * refresh() does what is due: a full scan when there is no session, when the
 * session's heartbeat stands still, or when asked; the map by the master
 * index when that is enough; a new copy of each page whose lock has changed;
 * then a model.
 *
 * Which session: haywire_sessions_choose(). One that was seen live stays, as
 * stale, until another one is seen beating; its copies are then left as they
 * are, because dead pages are reused bit by bit. A page that is gone is dropped
 * only while its session beats; where it went says the index, else a scan.
 *
 * When it scans: at first, when asked, and when a live session turns stale: at
 * once. While nothing live is there: after 250 ms, doubling up to 4 s. While
 * one is live: every 10 s (a newer companion may have started beside it), and
 * 1 s after pages were lost that the index does not lead to. Never, unless it is
 * asked to, more than one twentieth of a core, and while one is live that has
 * all its pages never more than one four-hundredth: a scan of 250 ms then comes
 * every 100 s. A hint to a discovery page whose index leads to all pages spares
 * the first scan.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HAYWIRE_VIEW_H
#define HAYWIRE_VIEW_H

#include "haywire/limits.h"
#include "haywire/model.h"
#include "haywire/scan.h"

typedef struct HaywireView HaywireView;

/* @source: borrowed until destroy. HAYWIRE_OK, HAYWIRE_NO_MEMORY. */
HaywireStatus haywire_view_new(HaywireMemory *source,
                               HaywireView **ret_view) HAYWIRE_MUST_CHECK;
void haywire_view_destroy(HaywireView *view); /* NULL is fine */

/*
 * Take no more than @bytes of memory from now on, models that are alive
 * included (limits.h says how it is divided); HAYWIRE_MEMORY_DEFAULT at first.
 * What that leaves out of a session is counted. Forgets what was found.
 * HAYWIRE_OK, HAYWIRE_NO_MEMORY, HAYWIRE_LIMIT (less than HAYWIRE_MEMORY_MIN).
 */
HaywireStatus haywire_view_set_memory(HaywireView *view,
                                      size_t bytes) HAYWIRE_MUST_CHECK;

/* For a tool with a person in front of it. May be NULL. */
void haywire_view_set_progress(HaywireView *view, HaywireScanProgress progress,
                               void *opaque);

/* The next refresh scans everything. Any thread. */
void haywire_view_request_rescan(HaywireView *view);

/*
 * Somebody says that a discovery page lies at @gpa (any address within it). The
 * next refresh looks there before it scans: at a page that is resident and
 * verifies, one copy; else the reason is counted in `rejected`. Only the newest
 * four that came since the last refresh are looked at, so hints may be wrong
 * and many. Needs to know where @gpa lies: sources without a layout of their
 * own refuse hints (HAYWIRE_NO_LAYOUT in `rejected`) until it is deduced.
 * Any thread; never waits.
 */
void haywire_view_hint(HaywireView *view, HaywireGpa gpa);

/* The source's regions changed: forget all positions. */
void haywire_view_reset(HaywireView *view);

/*
 * Times for a refresh. @now_ns judges heartbeats: guest virtual time in QEMU,
 * CLOCK_MONOTONIC elsewhere. @host_ns measures durations and ages of scans and
 * paces rescans while nothing is found (250 ms, doubling up to 4 s).
 *
 * @paused: the guest's processors are stopped, and the clock of @now_ns with
 * them. A session that is live is then shown as paused. Only QEMU knows.
 *
 * @still: nobody can write to the memory just now, so that no heartbeat grows
 * and every session is stale. For a file that is known to be at rest.
 */
typedef struct HaywireNow {
    uint64_t now_ns;
    uint64_t host_ns;
    bool paused;
    bool still;
} HaywireNow;

/*
 * Look again. *ret_model: a new reference, to be unreffed; a searching model
 * when no session is there. HAYWIRE_OK, HAYWIRE_NO_MEMORY, HAYWIRE_IO_ERROR,
 * HAYWIRE_SOURCE_TRUNCATED.
 *
 * The state is live only once a heartbeat was seen to grow between two
 * refreshes; a tool that looks once calls it again after
 * haywire_view_beat_wait().
 */
HaywireStatus haywire_view_refresh(HaywireView *view, HaywireNow now,
                                   HaywireModel **ret_model) HAYWIRE_MUST_CHECK;

/*
 * How long (ns) to wait from the newest refresh for the next one, which should
 * see the chosen session beat; call and refresh again until it is 0: the
 * session is beating or judged stale, or there is none.
 */
uint64_t haywire_view_beat_wait(const HaywireView *view, HaywireNow now);

/* For focus.c and its callers: count a write or a failure in the statistics. */
void haywire_view_count_focus(HaywireView *view, HaywireStatus status);

/* Likewise: @rings more of the companion's doorbell were heard. */
void haywire_view_count_doorbells(HaywireView *view, uint64_t rings);

#endif
