/*
 * From what a view holds to a model.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <string.h>

#include "view_internal.h"

static uint64_t since(uint64_t now, uint64_t then)
{
    return now > then ? now - then : 0;
}

HaywireState haywire_view_state(const HaywireView *view)
{
    const HaywireShown *shown = &view->shown;

    if (!shown->attached) {
        return HAYWIRE_STATE_SEARCHING;
    }
    if (shown->session.stale || shown->session.gone) {
        return HAYWIRE_STATE_STALE;
    }
    return shown->session.beating || shown->was_live ? HAYWIRE_STATE_LIVE
                                                     : HAYWIRE_STATE_SEARCHING;
}

static void describe_session(const HaywireShown *shown, HaywireNow now,
                             HaywireOverview *overview)
{
    const HaywireSession *session = &shown->session;
    const HaywireDiscovery *discovery = &session->discovery;
    int i;

    overview->has_session = true;
    overview->session = session->id;
    overview->closed = discovery->state == HAYWIRE_SESSION_CLOSED;
    overview->os = discovery->os;
    overview->arch = discovery->arch;
    overview->companion_pid = discovery->companion_pid;
    overview->heartbeat = discovery->heartbeat;
    overview->heartbeat_age = since(now.now_ns, session->beat_seen_ns);
    overview->heartbeat_time = session->realtime_ns;
    overview->started = discovery->started_realtime_ns;
    overview->page_size = discovery->page_size;
    overview->privileged = discovery->features & HAYWIRE_FEATURE_PRIVILEGED;
    overview->pfns_known = discovery->features & HAYWIRE_FEATURE_PFNS;
    for (i = 0; i < HAYWIRE_CATEGORY_COUNT; i++) {
        overview->category[i].pages = haywire_map_pages(shown->map, i);
        overview->category[i].mapped = haywire_map_mapped(shown->map, i);
    }
}

static uint32_t count_sessions(const HaywireSessions *sessions)
{
    uint32_t count = 0;
    size_t i;

    for (i = 0; i < sessions->count; i++) {
        count += !sessions->session[i].gone;
    }
    return count;
}

static void describe_scan(const HaywireView *view, HaywireNow now,
                          HaywireOverview *overview)
{
    overview->has_scan = view->scan.done;
    overview->scan_age = since(now.host_ns, view->scan.ended_ns);
    overview->scan_duration = view->scan.duration_ns;
    overview->scan_pages = view->scan.pages;
}

/* What users see: whether the guest runs is nothing to find pages by. */
static HaywireState shown_state(const HaywireView *view, HaywireNow now)
{
    HaywireState state = haywire_view_state(view);

    return state == HAYWIRE_STATE_LIVE && now.paused ? HAYWIRE_STATE_PAUSED
                                                     : state;
}

/* Would the newest model's content come out the same now? */
static bool is_unchanged(const HaywireShown *shown)
{
    const HaywireDiscovery *now = &shown->session.discovery;
    const HaywireDiscovery *then = &shown->decoded;

    return shown->newest && !shown->changed &&
           memcmp(now->version, then->version, sizeof(now->version)) == 0 &&
           memcmp(now->boot_id, then->boot_id, sizeof(now->boot_id)) == 0 &&
           memcmp(now->part, then->part, sizeof(now->part)) == 0;
}

static HaywireStatus build_model(HaywireView *view, HaywireBeaconInput *input,
                                 HaywireModel **ret_model)
{
    HaywireShown *shown = &view->shown;
    HaywireStatus status;

    input->copy = haywire_view_list_copies(view, &input->copy_count);
    input->last = shown->newest;
    status = haywire_beacon_build(input, ret_model);
    if (status == HAYWIRE_OK) {
        haywire_model_unref(shown->newest);
        shown->newest = haywire_model_ref(*ret_model);
        shown->decoded = shown->session.discovery;
        haywire_view_settle_copies(view);
    }
    return status;
}

HaywireStatus haywire_view_model(HaywireView *view, HaywireNow now,
                                 HaywireModel **ret_model)
{
    HaywireShown *shown = &view->shown;
    HaywireOverview overview = {
        .state = shown_state(view, now),
        .sessions = count_sessions(&view->sessions),
        .cost.time = since(now.host_ns, view->began_ns),
    };
    HaywireBeaconInput input = {
        .overview = &overview,
        .layout = haywire_view_layout(view),
        .shares = &view->shares,
        .host = &view->host,
    };

    describe_scan(view, now, &overview);
    if (!shown->attached) {
        return haywire_beacon_build(&input, ret_model);
    }
    describe_session(shown, now, &overview);
    input.discovery = &shown->session.discovery;
    input.beat_monotonic_ns = shown->session.monotonic_ns;
    return is_unchanged(shown)
               ? haywire_beacon_renew(shown->newest, &input, ret_model)
               : build_model(view, &input, ret_model);
}
