/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finding sessions.
 *
 * Hints come from any thread, and from the guest in the end, so none is
 * believed: the page is looked at, once, like a candidate of a scan. The newest
 * few wait in a ring of words, without a lock; how many come between two looks
 * does not matter.
 */

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "haywire/clock.h"
#include "finder.h"
#include "haywire/page_read.h"

/* In the ring: the page's address, and this bit, as 0 is an address too. */
#define HINT_GIVEN UINT64_C(1)

void haywire_finder_init(HaywireFinder *finder, HaywireMemory *memory,
                         HaywireHostCounters *host)
{
    memset(finder, 0, sizeof(*finder));
    finder->memory = memory;
    finder->host = host;
}

void haywire_finder_set_memory(HaywireFinder *finder, size_t bytes)
{
    haywire_finder_clear(finder);
    finder->found_room = bytes / sizeof(*finder->found);
}

void haywire_finder_clear(HaywireFinder *finder)
{
    haywire_finder_reset(finder);
    free(finder->found);
    finder->found = NULL;
}

void haywire_finder_reset(HaywireFinder *finder)
{
    finder->sessions.count = 0;
    finder->found_count = 0;
    finder->overflow = false;
    finder->scanned = false;
}

void haywire_finder_hint(HaywireFinder *finder, HaywireGpa gpa)
{
    HaywireHints *hints = &finder->hints;
    uint64_t page = gpa.value & ~(uint64_t)(HAYWIRE_PAGE_SIZE - 1);
    uint32_t number =
        atomic_fetch_add_explicit(&hints->given, 1, memory_order_relaxed);

    atomic_store_explicit(&hints->page[number % HAYWIRE_HINTS_MAX],
                          page | HINT_GIVEN, memory_order_release);
}

static HaywireStatus add_discovery(HaywireFinder *finder,
                                   HaywirePosition position,
                                   const HaywirePage *copy,
                                   const HaywirePageInfo *info, uint64_t now_ns)
{
    HaywireSessions *sessions = &finder->sessions;
    size_t known = sessions->count;
    uint64_t dropped = sessions->dropped, refused = sessions->refused;
    HaywireDiscovery discovery;
    HaywireStatus status =
        haywire_decode_discovery(copy, info, &discovery, NULL);

    if (status != HAYWIRE_OK) {
        return status;
    }
    haywire_sessions_add(sessions, position, info, &discovery, now_ns);
    dropped = sessions->dropped - dropped;
    finder->host->sessions_dropped += dropped;
    finder->host->rejected[HAYWIRE_BAD_TIME] += sessions->refused - refused;
    finder->host->sessions_seen += sessions->count - known + dropped;
    return HAYWIRE_OK;
}

bool haywire_finder_look_at(HaywireFinder *finder, HaywirePosition position,
                            uint64_t now_ns)
{
    HaywirePageInfo info;
    HaywirePage copy;
    HaywireStatus status =
        haywire_page_read(finder->memory, position, &copy, &info, NULL);

    if (status == HAYWIRE_OK) {
        finder->host->pages_read++;
        status = add_discovery(finder, position, &copy, &info, now_ns);
    }
    if (status != HAYWIRE_OK) {
        finder->host->rejected[status]++;
    }
    return status == HAYWIRE_OK;
}

static bool follow_hint(HaywireFinder *finder, HaywireGpa gpa, uint64_t now_ns)
{
    const HaywireLayout *layout = haywire_memory_layout(finder->memory);
    HaywireStatus status = HAYWIRE_NO_LAYOUT;
    HaywirePosition position;

    if (layout) {
        status = haywire_layout_position(layout, gpa, &position);
    }
    if (status != HAYWIRE_OK) {
        finder->host->rejected[status]++;
        return false;
    }
    return haywire_finder_look_at(finder, position, now_ns);
}

bool haywire_finder_follow_hints(HaywireFinder *finder, uint64_t now_ns)
{
    bool any = false;
    size_t i;

    for (i = 0; i < HAYWIRE_HINTS_MAX; i++) {
        uint64_t page = atomic_exchange_explicit(&finder->hints.page[i], 0,
                                                 memory_order_acq_rel);

        if (page) {
            any |=
                follow_hint(finder, (HaywireGpa){ page & ~HINT_GIVEN }, now_ns);
        }
    }
    return any;
}

void haywire_finder_observe(HaywireFinder *finder, uint64_t now_ns, bool paused,
                            bool still)
{
    uint64_t refused = finder->sessions.refused;

    /* One that has just gone on has not had the time for a beat, either. */
    if (paused || finder->was_paused) {
        haywire_sessions_excuse(&finder->sessions, now_ns);
    }
    finder->was_paused = paused;
    finder->host->pages_read +=
        haywire_sessions_observe(&finder->sessions, finder->memory, now_ns);
    finder->host->rejected[HAYWIRE_BAD_TIME] +=
        finder->sessions.refused - refused;
    if (still) {
        haywire_sessions_settle(&finder->sessions);
    }
}

static void note(HaywireFinder *finder, HaywirePosition position,
                 const HaywirePageInfo *info)
{
    if (!finder->found || finder->found_count == finder->found_room) {
        finder->overflow = true;
        return;
    }
    finder->found[finder->found_count++] = (HaywireFound){ position, *info };
}

/* HaywireCandidate */
static bool on_candidate(void *opaque, HaywirePosition position,
                         HaywireStatus status, const HaywirePage *copy,
                         const HaywirePageInfo *info)
{
    HaywireFinder *finder = opaque;

    finder->host->pages_read += status == HAYWIRE_OK;
    if (status == HAYWIRE_OK && finder->scan_for) {
        haywire_follower_found(finder->scan_for, position, info);
        return true;
    }
    if (status == HAYWIRE_OK && info->kind == HAYWIRE_KIND_DISCOVERY) {
        status = add_discovery(finder, position, copy, info, finder->scan_ns);
    }
    if (status != HAYWIRE_OK) {
        finder->host->rejected[status]++;
        finder->rejected++;
    } else {
        note(finder, position, info);
    }
    return true;
}

/* HaywireScanProgress */
static bool on_progress(void *opaque, uint64_t done, uint64_t total)
{
    const HaywireFinder *finder = opaque;

    return !finder->progress ||
           finder->progress(finder->progress_opaque, done, total);
}

HaywireStatus haywire_finder_scan(HaywireFinder *finder,
                                  HaywireFollower *follower, uint64_t now_ns,
                                  uint64_t host_ns)
{
    uint64_t started, used;
    HaywireScanStats stats;
    HaywireStatus status;

    /* What the first scan has to make ready is no part of what scans cost. */
    if (!finder->found) {
        finder->found = malloc(finder->found_room * sizeof(*finder->found));
    }
    started = haywire_clock_ns(CLOCK_MONOTONIC);
    used = haywire_clock_ns(CLOCK_THREAD_CPUTIME_ID);
    finder->scan_for = follower;
    finder->scan_ns = now_ns;
    finder->rejected = 0;
    if (!follower) {
        finder->found_count = 0;
        finder->overflow = false;
        finder->cost_ns = 0;
    }
    status =
        haywire_scan(finder->memory, on_candidate, on_progress, finder, &stats);
    if (status != HAYWIRE_OK) {
        return status;
    }
    /* Within the other, so that it never seems to cost more than it took. */
    finder->cost_ns += haywire_clock_ns(CLOCK_THREAD_CPUTIME_ID) - used;
    finder->duration_ns = haywire_clock_ns(CLOCK_MONOTONIC) - started;
    finder->ended_ns = host_ns + finder->duration_ns;
    finder->scanned = true;
    finder->pages = stats.resident_pages;
    finder->host->scans++;
    finder->host->scan_time += finder->duration_ns;
    finder->host->pages_scanned += stats.resident_pages;
    finder->host->candidates += stats.candidates;
    finder->host->limits_reached += !follower && finder->overflow;
    return HAYWIRE_OK;
}
