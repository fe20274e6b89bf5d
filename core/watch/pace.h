/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The whole policy of times: when to scan, and when to look. Private to this
 * room.
 *
 * A scan costs little, but not nothing (16 ns a page in QEMU, 320 ns through a
 * fresh mapping of a file). So it scans: at first, when asked, and when a live
 * session turns stale: at once. While nothing live is there: after 250 ms,
 * doubling up to 4 s. While one is live: every 10 s (a newer companion may have
 * started beside it), and 1 s after pages were lost that the index does not
 * lead to. Never, unless it is asked to, more than one twentieth of a core, and
 * while one is live that has all its pages never more than one four-hundredth:
 * a scan of 250 ms then comes every 100 s. All pages of a session, found by a
 * hint and the index, spare the first scan.
 *
 * A look is due after the interval; sooner, but for no more than a twentieth of
 * a core, when a heartbeat is waited for: the guest says when those come.
 *
 * A ring brings a look at once, while the looks so far, scans aside, have taken
 * less than a twentieth of a core; what was not used is kept for later rings, up
 * to 20 ms.
 */

#ifndef HAYWIRE_PACE_H
#define HAYWIRE_PACE_H

#include "haywire/reader.h"

/* All zero at first, and after a reset. */
typedef struct HaywirePace {
    bool paced;          /* there was a scan, or it was not needed */
    uint64_t since_ns;   /* host clock: then; the next one is paced from here */
    uint64_t backoff_ns; /* while nothing live is there; 0: at once */
    uint64_t look_ns;    /* processor time of the newest look, scan aside */
    uint64_t looked_ns;  /* host clock: when it began */
    int64_t credit_ns;   /* processor time that rings may bring about */
} HaywirePace;

/* Is a scan due, by what was just seen? */
bool haywire_pace_scan_is_due(HaywirePace *pace, const HaywireSearch *search,
                              uint64_t host_ns);
/* There was one. */
void haywire_pace_scanned(HaywirePace *pace, const HaywireSearch *search);

/* There was a look, which began at @host_ns. */
void haywire_pace_looked(HaywirePace *pace, uint64_t host_ns, uint64_t look_ns);

/* See haywire_watch_beat_wait(), _next() and _ring_wait(). */
uint64_t haywire_pace_beat_wait(const HaywireSession *session, uint64_t now_ns);
uint64_t haywire_pace_next(const HaywirePace *pace, uint64_t beat_wait_ns,
                           uint64_t interval_ns);
uint64_t haywire_pace_ring_wait(const HaywirePace *pace);

#endif
