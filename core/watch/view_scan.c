/*
 * When a view scans, and what it keeps of a scan.
 *
 * A scan costs little, but not nothing (16 ns a page in QEMU, 320 ns through a
 * fresh mapping of a file). So: at once when asked, at first, and when the
 * session that was live stands still; then every 250 ms, doubling up to 4 s,
 * while nothing live is there; after 1 s when pages were lost and the index did
 * not find them; else every 10 s, to notice a newer companion beside the one
 * that is shown. Never, unless asked for, more than a twentieth of a core, and a
 * four-hundredth in that last case: a scan of 250 ms comes every 100 s then.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdlib.h>

#include "haywire/clock.h"
#include "view_internal.h"

static bool is_judging(const HaywireView *view)
{
    const HaywireShown *shown = &view->shown;

    return shown->attached && !shown->session.stale && !shown->session.gone;
}

/* What is to lie between two scans at least, ns. */
static uint64_t pause_length(const HaywireView *view)
{
    uint64_t pause = view->scan.pace_ns, share = HAYWIRE_PACE_SHARE, least;

    if (haywire_view_state(view) == HAYWIRE_STATE_LIVE) {
        pause = view->shown.lost ? HAYWIRE_PACE_LOST_NS : HAYWIRE_PACE_LIVE_NS;
        share = view->shown.lost ? HAYWIRE_PACE_SHARE : HAYWIRE_PACE_SHARE_LIVE;
    }
    least = view->scan.cost_ns * share;
    return pause < least ? least : pause;
}

bool haywire_view_scan_due(HaywireView *view, HaywireNow now)
{
    const HaywireScanLog *scan = &view->scan;
    uint64_t since =
        now.host_ns > scan->since_ns ? now.host_ns - scan->since_ns : 0;

    if (__atomic_exchange_n(&view->rescan, 0, __ATOMIC_ACQ_REL) ||
        !scan->paced) {
        return true;
    }
    if (haywire_view_state(view) == HAYWIRE_STATE_SEARCHING &&
        is_judging(view)) {
        return false;
    }
    return since >= pause_length(view);
}

void haywire_view_spare_scan(HaywireView *view, HaywireNow now)
{
    if (!view->scan.paced) {
        view->scan.paced = true;
        view->scan.since_ns = now.host_ns;
    }
}

static void take_note(HaywireNotes *notes, HaywirePosition position,
                      const HaywirePageInfo *info)
{
    if (!notes->note) {
        notes->note = malloc(notes->room * sizeof(*notes->note));
    }
    if (!notes->note || notes->count == notes->room) {
        notes->overflow = true;
        return;
    }
    notes->note[notes->count++] = (HaywireNote){
        .position = position,
        .session = info->session,
        .monotonic_ns = info->monotonic_ns,
        .category = info->category,
        .index = info->index,
    };
}

/* A scan under way. */
typedef struct Scanning {
    HaywireView *view;
    uint64_t now_ns;
} Scanning;

HaywireStatus haywire_view_add_discovery(HaywireView *view,
                                         HaywirePosition position,
                                         const HaywirePageInfo *info,
                                         uint64_t now_ns)
{
    HaywireSessions *sessions = &view->sessions;
    size_t known = sessions->count;
    uint64_t dropped = sessions->dropped;
    HaywireDiscovery discovery;
    HaywireStatus status =
        haywire_decode_discovery(view->scratch, info, &discovery, NULL);

    if (status != HAYWIRE_OK) {
        return status;
    }
    haywire_sessions_add(sessions, position, info, &discovery, now_ns);
    dropped = sessions->dropped - dropped;
    view->host.sessions_dropped += dropped;
    view->host.sessions_seen += sessions->count - known + dropped;
    return HAYWIRE_OK;
}

static HaywireStatus read_candidate(HaywireView *view, const uint8_t *page,
                                    HaywirePageInfo *ret_info)
{
    HaywireStatus status =
        haywire_page_snapshot(page, view->scratch, ret_info, NULL);

    if (status == HAYWIRE_OK) {
        view->host.pages_read++;
    } else {
        view->host.rejected[status]++;
    }
    return status;
}

static bool on_candidate(void *opaque, HaywirePosition position,
                         const uint8_t *page)
{
    Scanning *scanning = opaque;
    HaywireView *view = scanning->view;
    HaywirePageInfo info;
    HaywireStatus status;

    if (read_candidate(view, page, &info) != HAYWIRE_OK) {
        return true;
    }
    if (info.kind == HAYWIRE_KIND_DISCOVERY) {
        status =
            haywire_view_add_discovery(view, position, &info, scanning->now_ns);
        if (status != HAYWIRE_OK) {
            view->host.rejected[status]++;
            return true;
        }
    }
    take_note(&view->notes, position, &info);
    return true;
}

static bool on_progress(void *opaque, uint64_t done, uint64_t total)
{
    Scanning *scanning = opaque;
    HaywireView *view = scanning->view;

    return !view->progress ||
           view->progress(view->progress_opaque, done, total);
}

static HaywireStatus run_scan(HaywireView *view, HaywireCandidate candidate,
                              Scanning *scanning, uint64_t *ret_duration_ns)
{
    HaywireScanStats stats;
    uint64_t started = haywire_clock_ns(CLOCK_MONOTONIC);
    uint64_t used = haywire_clock_ns(CLOCK_THREAD_CPUTIME_ID);
    HaywireStatus status =
        haywire_scan(view->source, candidate, on_progress, scanning, &stats);

    /* Within the other, so that it never seems to cost more than it took. */
    view->scan.cost_ns += haywire_clock_ns(CLOCK_THREAD_CPUTIME_ID) - used;
    *ret_duration_ns = haywire_clock_ns(CLOCK_MONOTONIC) - started;
    if (status != HAYWIRE_OK) {
        return status;
    }
    view->host.scans++;
    view->host.scan_time += *ret_duration_ns;
    view->host.pages_scanned += stats.resident_pages;
    view->host.candidates += stats.candidates;
    view->scan.pages = stats.resident_pages;
    return HAYWIRE_OK;
}

static void double_pace(HaywireScanLog *scan)
{
    scan->pace_ns = scan->pace_ns ? scan->pace_ns * 2 : HAYWIRE_PACE_FIRST_NS;
    if (scan->pace_ns > HAYWIRE_PACE_LAST_NS) {
        scan->pace_ns = HAYWIRE_PACE_LAST_NS;
    }
}

HaywireStatus haywire_view_scan(HaywireView *view, HaywireNow now)
{
    Scanning scanning = { view, now.now_ns };
    HaywireStatus status;
    uint64_t duration;

    view->notes.count = 0;
    view->notes.overflow = false;
    view->scan.cost_ns = 0;
    status = run_scan(view, on_candidate, &scanning, &duration);
    if (status != HAYWIRE_OK) {
        return status;
    }
    view->host.limits_reached += view->notes.overflow;
    view->scan.done = true;
    view->scan.duration_ns = duration;
    view->scan.ended_ns = now.host_ns + duration;
    view->scan.paced = true;
    view->scan.since_ns = view->scan.ended_ns;
    view->shown.lost = false;
    double_pace(&view->scan);
    return HAYWIRE_OK;
}

static void map_page(HaywireView *view, HaywirePosition position,
                     const HaywirePageInfo *info)
{
    HaywireStatus status = haywire_map_add(view->shown.map, position, info);

    if (status != HAYWIRE_OK) {
        view->host.rejected[status]++;
    }
}

static bool on_session_candidate(void *opaque, HaywirePosition position,
                                 const uint8_t *page)
{
    Scanning *scanning = opaque;
    HaywireView *view = scanning->view;
    HaywirePageInfo info;

    if (read_candidate(view, page, &info) == HAYWIRE_OK &&
        info.session == view->shown.session.id) {
        map_page(view, position, &info);
    }
    return true;
}

HaywireStatus haywire_view_scan_session(HaywireView *view)
{
    Scanning scanning = { view, 0 };
    uint64_t duration;

    return run_scan(view, on_session_candidate, &scanning, &duration);
}

size_t haywire_view_map_notes(HaywireView *view)
{
    const HaywireNotes *notes = &view->notes;
    size_t i, count = 0;

    for (i = 0; i < notes->count; i++) {
        const HaywireNote *note = &notes->note[i];
        HaywirePageInfo info = {
            .session = note->session,
            .category = (HaywireCategory)note->category,
            .index = note->index,
            .monotonic_ns = note->monotonic_ns,
        };

        if (note->session == view->shown.session.id) {
            map_page(view, note->position, &info);
            count++;
        }
    }
    return count;
}
