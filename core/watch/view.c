/*
 * The view: what is due at a refresh, in order.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdlib.h>
#include <string.h>

#include "haywire/clock.h"
#include "view_internal.h"

/* A beat may come late; wait this much of its interval. */
#define BEAT_WAIT_NUMERATOR   3
#define BEAT_WAIT_DENOMINATOR 2
#define BEAT_WAIT_MIN_NS      UINT64_C(10000000)

HaywireStatus haywire_view_new(HaywireMemory *source, HaywireView **ret_view)
{
    HaywireView *view = calloc(1, sizeof(*view));
    HaywireStatus status;

    if (!view) {
        return HAYWIRE_NO_MEMORY;
    }
    view->source = source;
    status = haywire_view_set_memory(view, HAYWIRE_MEMORY_DEFAULT);
    if (status != HAYWIRE_OK) {
        free(view);
        return status;
    }
    *ret_view = view;
    return HAYWIRE_OK;
}

static void detach(HaywireView *view)
{
    HaywireShown *shown = &view->shown;

    haywire_view_drop_copies(view);
    haywire_map_destroy(shown->map);
    haywire_model_unref(shown->newest);
    memset(shown, 0, sizeof(*shown));
    view->host.pages_left_out = 0;
}

void haywire_view_destroy(HaywireView *view)
{
    if (!view) {
        return;
    }
    detach(view);
    haywire_pool_clear(&view->pool);
    free(view->notes.note);
    free(view);
}

HaywireStatus haywire_view_share(HaywireView *view, HaywireShares shares)
{
    HaywireCopyPool pool;
    HaywireStatus status = haywire_pool_init(&pool, shares.copies);

    if (status != HAYWIRE_OK) {
        return status;
    }
    haywire_view_reset(view);
    haywire_pool_clear(&view->pool);
    free(view->notes.note);
    view->notes.note = NULL;
    view->notes.room = shares.notes / sizeof(*view->notes.note);
    view->pool = pool;
    view->scratch = pool.page;
    view->shares = shares;
    return HAYWIRE_OK;
}

HaywireStatus haywire_view_set_memory(HaywireView *view, size_t bytes)
{
    return bytes < HAYWIRE_MEMORY_MIN
               ? HAYWIRE_LIMIT
               : haywire_view_share(view, haywire_shares_divide(bytes));
}

void haywire_view_set_progress(HaywireView *view, HaywireScanProgress progress,
                               void *opaque)
{
    view->progress = progress;
    view->progress_opaque = opaque;
}

void haywire_view_request_rescan(HaywireView *view)
{
    __atomic_store_n(&view->rescan, 1, __ATOMIC_RELEASE);
}

void haywire_view_reset(HaywireView *view)
{
    detach(view);
    view->sessions.count = 0;
    view->notes.count = 0;
    view->notes.overflow = false;
    view->scan.done = false;
    view->scan.paced = false;
    view->scan.pace_ns = 0;
}

/* The discovery page is where the session was seen, whatever the notes say. */
static HaywireStatus map_discovery(HaywireShown *shown)
{
    HaywirePageInfo info = {
        .session = shown->session.id,
        .category = HAYWIRE_CATEGORY_MASTER,
        .index = 0,
        .monotonic_ns = shown->session.monotonic_ns,
    };

    return haywire_map_add(shown->map, shown->session.position, &info);
}

bool haywire_view_map_by_index(HaywireView *view)
{
    const HaywireLayout *layout = haywire_view_layout(view);
    uint32_t missing;

    return layout &&
           haywire_map_add_index(view->shown.map, view->source, layout,
                                 &missing) == HAYWIRE_OK &&
           missing == 0;
}

static bool all_mapped(const HaywireShown *shown)
{
    uint32_t mapped = 0;
    int i;

    for (i = 0; i < HAYWIRE_CATEGORY_COUNT; i++) {
        mapped += haywire_map_mapped(shown->map, i);
    }
    return mapped == shown->total;
}

/*
 * All pages of the session. After a scan with more candidates than could be
 * noted the index alone may lead to them; if not, a second scan looks for this
 * session's only. Where none has just been, it is left to the pace of scans:
 * else a guest could ask for them.
 *
 * @scanned: the notes are new
 */
static HaywireStatus map_pages(HaywireView *view, HaywireNow now, bool scanned)
{
    HaywireShown *shown = &view->shown;
    HaywireStatus status = map_discovery(shown);
    bool alone;

    if (status != HAYWIRE_OK) {
        return status;
    }
    alone = haywire_view_map_notes(view) == 0 || view->notes.overflow;
    if (haywire_view_map_by_index(view)) {
        view->host.index_attaches += alone;
        haywire_view_spare_scan(view, now);
        return HAYWIRE_OK;
    }
    if (scanned) {
        return view->notes.overflow ? haywire_view_scan_session(view)
                                    : HAYWIRE_OK;
    }
    shown->lost = !all_mapped(shown);
    return HAYWIRE_OK;
}

static HaywireStatus attach(HaywireView *view, const HaywireSession *session,
                            HaywireNow now, bool scanned)
{
    HaywireShown *shown = &view->shown;
    HaywireStatus status;

    detach(view);
    status = haywire_map_new(session->id, &session->discovery, &shown->map);
    if (status != HAYWIRE_OK) {
        return status;
    }
    shown->session = *session;
    shown->attached = true;
    shown->was_live = session->beating;
    status = haywire_view_begin_copies(view);
    if (status == HAYWIRE_OK) {
        status = map_pages(view, now, scanned);
    }
    if (status != HAYWIRE_OK) {
        detach(view);
    }
    return status;
}

const HaywireSession *haywire_view_find_shown(const HaywireView *view)
{
    const HaywireSessions *sessions = &view->sessions;
    size_t i;

    for (i = 0; i < sessions->count; i++) {
        if (view->shown.attached &&
            sessions->session[i].id == view->shown.session.id) {
            return &sessions->session[i];
        }
    }
    return NULL;
}

/* What the shown session has come to since the last refresh. */
static void follow_shown(HaywireView *view)
{
    HaywireShown *shown = &view->shown;
    const HaywireSession *session = haywire_view_find_shown(view);

    if (!shown->attached) {
        return;
    }
    if (!session) {
        shown->session.gone = true;
        shown->session.beating = false;
        return;
    }
    if (session->rewinds != shown->session.rewinds) {
        detach(view); /* all that was read since then has not happened */
        return;
    }
    if (session->discovery.heartbeat != shown->session.discovery.heartbeat) {
        shown->beat_now = true;
    }
    if (session->stale && !shown->session.stale && shown->was_live) {
        view->scan.pace_ns = 0; /* look for its successor at once */
    }
    if (session->beating) {
        shown->was_live = true;
        view->scan.pace_ns = 0;
    }
    shown->session = *session;
    if (haywire_map_take_discovery(shown->map, &session->discovery)) {
        shown->index_moved = true;
    }
}

static bool same_geometry(const HaywireShown *shown)
{
    const uint32_t *pages = shown->session.discovery.geometry;
    int i;

    for (i = 0; i < HAYWIRE_CATEGORY_COUNT; i++) {
        if (haywire_map_pages(shown->map, i) != pages[i]) {
            return false;
        }
    }
    return true;
}

/*
 * The session to show now. What was live once stays, as stale, until another
 * one is seen beating: leftovers in memory never take its place. Nor does one
 * that has not beaten since: it may have ended before, and not be known to.
 */
static const HaywireSession *choose(const HaywireView *view)
{
    const HaywireShown *shown = &view->shown;
    const HaywireSession *chosen = haywire_sessions_choose(&view->sessions);

    if (!shown->attached || !chosen) {
        return chosen;
    }
    if (chosen->id != shown->session.id && shown->was_live &&
        (!chosen->beating ||
         (!shown->session.beating &&
          chosen->beat_seen_ns <= shown->session.beat_seen_ns))) {
        return NULL;
    }
    return chosen;
}

/* Attach to the session to show; @scanned: there are new notes. */
static HaywireStatus select_session(HaywireView *view, HaywireNow now,
                                    bool scanned)
{
    HaywireShown *shown = &view->shown;
    const HaywireSession *chosen = choose(view);
    HaywireSession session;

    if (chosen && (!shown->attached || chosen->id != shown->session.id ||
                   !same_geometry(shown))) {
        session = *chosen;
        return attach(view, &session, now, scanned);
    }
    return shown->attached && scanned && !shown->session.gone
               ? map_pages(view, now, scanned)
               : HAYWIRE_OK;
}

static void settle(HaywireView *view, HaywireNow now)
{
    if (now.still) {
        haywire_sessions_settle(&view->sessions);
    }
}

static HaywireStatus look(HaywireView *view, HaywireNow now)
{
    HaywireShown *shown = &view->shown;
    HaywireStatus status = HAYWIRE_OK;
    bool scan, hinted;

    shown->beat_now = false;
    haywire_sessions_observe(&view->sessions, view->source, now.now_ns);
    settle(view, now);
    haywire_view_follow_move(view, now);
    hinted = haywire_view_follow_hints(view, now);
    follow_shown(view);
    if (hinted) {
        status = select_session(view, now, false);
    }
    if (status != HAYWIRE_OK) {
        return status;
    }
    scan = haywire_view_scan_due(view, now);
    if (scan) {
        status = haywire_view_scan(view, now);
        if (status != HAYWIRE_OK) {
            return status;
        }
        settle(view, now);
        follow_shown(view);
    }
    status = select_session(view, now, scan);
    if (status != HAYWIRE_OK || !shown->attached) {
        return status;
    }
    /* Dead pages are reused bit by bit: what we have is the last picture. */
    if (shown->copied && haywire_view_state(view) == HAYWIRE_STATE_STALE) {
        return HAYWIRE_OK;
    }
    return haywire_view_update_copies(view);
}

HaywireStatus haywire_view_refresh(HaywireView *view, HaywireNow now,
                                   HaywireModel **ret_model)
{
    HaywireMemory *source = view->source;
    HaywireModel *model;
    HaywireStatus status = haywire_memory_check(source);

    if (view->began_ns == 0) {
        view->began_ns = now.host_ns;
    }
    view->host.refreshes++;
    if (status == HAYWIRE_OK) {
        status = look(view, now);
    }
    if (status == HAYWIRE_OK) {
        status = haywire_memory_check(source);
    }
    if (status == HAYWIRE_OK) {
        view->host.cpu_time = haywire_clock_ns(CLOCK_THREAD_CPUTIME_ID);
        status = haywire_view_model(view, now, &model);
    }
    if (status == HAYWIRE_OK) {
        *ret_model = model;
    }
    return status;
}

uint64_t haywire_view_beat_wait(const HaywireView *view, HaywireNow now)
{
    const HaywireSession *session = &view->shown.session;
    uint64_t limit, still, wait;

    if (!view->shown.attached || session->beating || session->stale ||
        session->gone) {
        return 0;
    }
    limit = haywire_session_stale_after(session);
    still = now.now_ns > session->beat_seen_ns
                ? now.now_ns - session->beat_seen_ns
                : 0;
    if (still >= limit) {
        return 1;
    }
    wait = session->discovery.heartbeat_interval_ns;
    wait = (wait < limit ? wait : limit) * BEAT_WAIT_NUMERATOR /
           BEAT_WAIT_DENOMINATOR;
    wait = wait > BEAT_WAIT_MIN_NS ? wait : BEAT_WAIT_MIN_NS;
    return wait < limit - still ? wait : limit - still;
}

void haywire_view_count_focus(HaywireView *view, HaywireStatus status)
{
    if (status == HAYWIRE_OK || status == HAYWIRE_FOCUS_UNCONFIRMED) {
        view->host.focus_writes++;
    }
    if (status != HAYWIRE_OK) {
        view->host.focus_failures++;
    }
}

void haywire_view_count_doorbells(HaywireView *view, uint64_t rings)
{
    view->host.doorbells += rings;
}
