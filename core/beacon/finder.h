/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finder: which sessions are in memory. It scans, follows hints and watches the
 * heartbeats of what it has found. When it scans is up to its caller. Private to
 * this room.
 */

#ifndef HAYWIRE_FINDER_H
#define HAYWIRE_FINDER_H

#include "follower.h"
#include "haywire/scan.h"
#include "haywire/sessions.h"

/* Hints that wait for the next look; newer ones take the oldest's place. */
#define HAYWIRE_HINTS_MAX 4

typedef struct HaywireHints {
    _Atomic uint32_t given;                   /* so far */
    _Atomic uint64_t page[HAYWIRE_HINTS_MAX]; /* see finder.c */
} HaywireHints;

/* A verified page that a scan has met. */
typedef struct HaywireFound {
    HaywirePosition position;
    HaywirePageInfo info;
} HaywireFound;

typedef struct HaywireFinder {
    HaywireMemory *memory;
    HaywireHostCounters *host;
    HaywireScanProgress progress;
    void *progress_opaque;
    HaywireHints hints;
    HaywireSessions sessions;
    bool was_paused; /* when sessions were looked at last */
    /* Of the scan under way. */
    HaywireFollower *scan_for; /* its pages alone; NULL: all */
    uint64_t scan_ns;
    /* Of the newest scan. */
    bool scanned;      /* there was one */
    uint64_t ended_ns; /* host clock */
    uint64_t duration_ns;
    uint64_t cost_ns;    /* processor time, with what it needed of a second */
    uint64_t rejected;   /* pages that looked like beacons and were not good */
    uint64_t pages;      /* resident ones that it looked at */
    HaywireFound *found; /* room of them; NULL before the first */
    size_t found_count;
    size_t found_room;
    bool overflow; /* there were more */
} HaywireFinder;

/* @memory, @host: borrowed; @bytes: for pages that a scan meets. */
void haywire_finder_init(HaywireFinder *finder, HaywireMemory *memory,
                         HaywireHostCounters *host);
void haywire_finder_set_memory(HaywireFinder *finder, size_t bytes);
void haywire_finder_clear(HaywireFinder *finder);
/* Forget what was found. */
void haywire_finder_reset(HaywireFinder *finder);

/* See haywire_watch_hint(). Any thread; never waits. */
void haywire_finder_hint(HaywireFinder *finder, HaywireGpa gpa);

/*
 * Look at the known sessions again. @paused: the guest stands still. @still:
 * nobody can write to the memory.
 */
void haywire_finder_observe(HaywireFinder *finder, uint64_t now_ns, bool paused,
                            bool still);

/* Look where the hints say. True: there was a discovery page. */
bool haywire_finder_follow_hints(HaywireFinder *finder, uint64_t now_ns);

/*
 * Look at one page that may be a discovery page: true when it is; else it is
 * counted by what is wrong with it.
 */
bool haywire_finder_look_at(HaywireFinder *finder, HaywirePosition position,
                            uint64_t now_ns);

/*
 * Scan all memory. @follower: NULL; or sessions are known well enough, and it
 * gets the pages that are met. HAYWIRE_OK, and all of haywire_scan().
 */
HaywireStatus haywire_finder_scan(HaywireFinder *finder,
                                  HaywireFollower *follower, uint64_t now_ns,
                                  uint64_t host_ns) HAYWIRE_MUST_CHECK;

#endif
