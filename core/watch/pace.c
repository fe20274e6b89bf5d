/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When to scan, and when to look.
 */

#include "pace.h"

#define MS UINT64_C(1000000)

/* Between two scans. */
#define SCAN_FIRST_NS (250 * MS)
#define SCAN_LAST_NS  (4000 * MS)
#define SCAN_LOST_NS  (1000 * MS)
#define SCAN_LIVE_NS  (10000 * MS)
/* And at least this many times the processor time of the last one. */
#define SCAN_SHARE      20
#define SCAN_SHARE_LIVE 400

/* Between two looks that a beat brings about; and as many times the first. */
#define BEAT_PAUSE_NS (20 * MS)
#define BEAT_SHARE    20

/* The same of rings; and what they may take at once after a time of rest. */
#define RING_PAUSE_NS (10 * MS)
#define RING_SHARE    20
#define RING_MOST_NS  (20 * (int64_t)MS)

/* A beat may come late; wait this much of its interval. */
#define BEAT_WAIT_NUMERATOR   3
#define BEAT_WAIT_DENOMINATOR 2
#define BEAT_WAIT_MIN_NS      (10 * MS)

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t most(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* What is to lie between two scans at least, ns. */
static uint64_t scan_pause(const HaywirePace *pace, const HaywireSearch *search)
{
    uint64_t share = SCAN_SHARE, pause = pace->backoff_ns;

    if (search->state == HAYWIRE_STATE_LIVE) {
        pause = search->lost ? SCAN_LOST_NS : SCAN_LIVE_NS;
        share = search->lost ? SCAN_SHARE : SCAN_SHARE_LIVE;
    }
    return most(pause, search->scan_cost_ns * share);
}

bool haywire_pace_scan_is_due(HaywirePace *pace, const HaywireSearch *search,
                              uint64_t host_ns)
{
    uint64_t since;

    if (search->state == HAYWIRE_STATE_LIVE) {
        pace->backoff_ns = 0; /* when it ends, look for its successor at once */
    }
    if (!pace->paced && !search->complete) {
        return true;
    }
    if (!pace->paced) {
        pace->paced = true;
        pace->since_ns = host_ns;
    }
    since = host_ns > pace->since_ns ? host_ns - pace->since_ns : 0;
    if (since < SCAN_LAST_NS && search->session &&
        !haywire_session_is_judged(search->session) &&
        search->state == HAYWIRE_STATE_SEARCHING) {
        return false;
    }
    return since >= scan_pause(pace, search);
}

void haywire_pace_scanned(HaywirePace *pace, const HaywireSearch *search)
{
    pace->paced = true;
    pace->since_ns = search->scan_ended_ns;
    if (search->state == HAYWIRE_STATE_LIVE) {
        pace->backoff_ns = 0;
    } else {
        pace->backoff_ns = pace->backoff_ns
                               ? least(pace->backoff_ns * 2, SCAN_LAST_NS)
                               : SCAN_FIRST_NS;
    }
}

uint64_t haywire_pace_beat_wait(const HaywireSession *session, uint64_t now_ns)
{
    uint64_t limit, still = 0, wait;

    if (!session || haywire_session_is_judged(session)) {
        return 0;
    }
    limit = haywire_session_stale_after(session);
    if (now_ns > session->beat_seen_ns) {
        still = now_ns - session->beat_seen_ns;
    }
    if (still >= limit) {
        return 1;
    }
    wait = least(session->discovery.heartbeat_interval_ns, limit) *
           BEAT_WAIT_NUMERATOR / BEAT_WAIT_DENOMINATOR;
    return least(most(wait, BEAT_WAIT_MIN_NS), limit - still);
}

uint64_t haywire_pace_next(const HaywirePace *pace, uint64_t beat_wait_ns,
                           uint64_t interval_ns)
{
    uint64_t pause = most(BEAT_PAUSE_NS, pace->look_ns * BEAT_SHARE);

    return beat_wait_ns > 0 ? least(interval_ns, most(beat_wait_ns, pause))
                            : interval_ns;
}

void haywire_pace_looked(HaywirePace *pace, uint64_t host_ns, uint64_t look_ns)
{
    uint64_t since = host_ns > pace->looked_ns ? host_ns - pace->looked_ns : 0;
    int64_t earned = (int64_t)(since / RING_SHARE);

    pace->credit_ns = earned < RING_MOST_NS - pace->credit_ns
                          ? pace->credit_ns + earned
                          : RING_MOST_NS;
    pace->credit_ns -= (int64_t)least(look_ns, INT64_MAX / 2);
    pace->look_ns = look_ns;
    pace->looked_ns = host_ns;
}

uint64_t haywire_pace_ring_wait(const HaywirePace *pace)
{
    uint64_t owed = pace->credit_ns < 0 ? (uint64_t)-pace->credit_ns : 0;

    return most(RING_PAUSE_NS, owed * RING_SHARE);
}
