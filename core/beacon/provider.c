/*
 * Which session is shown, and how it is come by.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdlib.h>
#include <string.h>

#include "copy_pool.h"
#include "haywire/finder.h"
#include "haywire/provider.h"

struct HaywireProvider {
    HaywireMemory *memory;
    HaywireHostCounters *host;
    HaywireShares shares;
    HaywireCopyPool pool;
    HaywireFinder finder;
    HaywireFollower *follower; /* of the session that is shown; NULL: none */
    /* Below: of that one. */
    HaywireSession session; /* as last seen */
    bool was_live;
    bool beat;             /* its heartbeat grew since the last look */
    bool scanned;          /* what a scan found is to be mapped */
    HaywireModel *newest;  /* made of the copies; NULL: none yet */
    uint64_t limits;       /* met by it */
    HaywireDiscovery made; /* what it was made by */
};

HaywireStatus haywire_provider_new(HaywireMemory *memory,
                                   HaywireHostCounters *host,
                                   HaywireProvider **ret_provider)
{
    HaywireProvider *provider = calloc(1, sizeof(*provider));

    if (!provider) {
        return HAYWIRE_NO_MEMORY;
    }
    provider->memory = memory;
    provider->host = host;
    haywire_finder_init(&provider->finder, memory, host);
    *ret_provider = provider;
    return HAYWIRE_OK;
}

static void detach(HaywireProvider *provider)
{
    haywire_follower_destroy(provider->follower);
    haywire_model_unref(provider->newest);
    provider->follower = NULL;
    provider->newest = NULL;
    provider->limits = 0;
    provider->was_live = false;
    provider->beat = false;
}

void haywire_provider_destroy(HaywireProvider *provider)
{
    if (provider) {
        detach(provider);
        haywire_pool_clear(&provider->pool);
        haywire_finder_clear(&provider->finder);
        free(provider);
    }
}

HaywireStatus haywire_provider_share(HaywireProvider *provider,
                                     HaywireShares shares)
{
    HaywireCopyPool pool;
    HaywireStatus status = haywire_pool_init(&pool, shares.copies);

    if (status != HAYWIRE_OK) {
        return status;
    }
    detach(provider);
    haywire_pool_clear(&provider->pool);
    haywire_finder_set_memory(&provider->finder, shares.notes);
    provider->pool = pool;
    provider->shares = shares;
    return HAYWIRE_OK;
}

void haywire_provider_reset(HaywireProvider *provider)
{
    detach(provider);
    haywire_finder_reset(&provider->finder);
}

void haywire_provider_set_progress(HaywireProvider *provider,
                                   HaywireScanProgress progress, void *opaque)
{
    provider->finder.progress = progress;
    provider->finder.progress_opaque = opaque;
}

void haywire_provider_hint(HaywireProvider *provider, HaywireGpa gpa)
{
    haywire_finder_hint(&provider->finder, gpa);
}

static HaywireState state(const HaywireProvider *provider)
{
    const HaywireSession *session = &provider->session;

    if (!provider->follower) {
        return HAYWIRE_STATE_SEARCHING;
    }
    if (session->stale || session->gone) {
        return HAYWIRE_STATE_STALE;
    }
    return session->beating || provider->was_live ? HAYWIRE_STATE_LIVE
                                                  : HAYWIRE_STATE_SEARCHING;
}

/*
 * All pages of the session. After a scan with more candidates than there was
 * room for, the index alone may lead to them; if not, a second scan looks for
 * this session's only. Where none has just been, it is left to the pace of
 * scans: else a guest could ask for them.
 */
static HaywireStatus map_pages(HaywireProvider *provider, HaywireNow now)
{
    HaywireFinder *finder = &provider->finder;
    HaywireFollower *follower = provider->follower;
    bool scanned = provider->scanned, alone = true;
    size_t i;

    provider->scanned = false;
    for (i = 0; i < finder->found_count; i++) {
        alone &= finder->found[i].info.session != provider->session.id;
        haywire_follower_found(follower, finder->found[i].position,
                               &finder->found[i].info);
    }
    if (haywire_follower_by_index(follower)) {
        provider->host->index_attaches += alone || finder->overflow;
        return HAYWIRE_OK;
    }
    if (!scanned) {
        haywire_follower_set_needs_scan(follower,
                                        haywire_follower_missing(follower) > 0);
        return HAYWIRE_OK;
    }
    return finder->overflow
               ? haywire_finder_scan(finder, follower, now.now_ns, now.host_ns)
               : HAYWIRE_OK;
}

static HaywireStatus attach(HaywireProvider *provider,
                            const HaywireSession *session, HaywireNow now)
{
    HaywireStatus status;

    detach(provider);
    status = haywire_follower_new(provider->memory, &provider->pool,
                                  provider->host, session, &provider->follower);
    if (status != HAYWIRE_OK) {
        return status;
    }
    provider->session = *session;
    provider->was_live = session->beating;
    status = map_pages(provider, now);
    if (status != HAYWIRE_OK) {
        detach(provider);
    }
    return status;
}

/*
 * The session to show now. What was live once stays, as stale, until another
 * one is seen beating: leftovers in memory never take its place. Nor does one
 * that has not beaten since: it may have ended before, and not be known to.
 */
static const HaywireSession *choose(const HaywireProvider *provider)
{
    const HaywireSession *shown = &provider->session;
    const HaywireSession *chosen =
        haywire_sessions_choose(&provider->finder.sessions);

    if (!provider->follower || !chosen) {
        return chosen;
    }
    if (chosen->id != shown->id && provider->was_live &&
        (!chosen->beating ||
         (!shown->beating && chosen->beat_seen_ns <= shown->beat_seen_ns))) {
        return NULL;
    }
    return chosen;
}

/* Is it the session that is followed, and of the same geometry? */
static bool is_shown(const HaywireProvider *provider,
                     const HaywireSession *session)
{
    int i;

    if (!provider->follower || session->id != provider->session.id) {
        return false;
    }
    for (i = 0; i < HAYWIRE_CATEGORY_COUNT; i++) {
        if (session->discovery.geometry[i] !=
            haywire_follower_pages(provider->follower, i)) {
            return false;
        }
    }
    return true;
}

/* Attach to the session to show. */
static HaywireStatus select_session(HaywireProvider *provider, HaywireNow now)
{
    const HaywireSession *chosen = choose(provider);

    if (chosen && !is_shown(provider, chosen)) {
        return attach(provider, chosen, now);
    }
    if (provider->follower && provider->scanned && !provider->session.gone) {
        haywire_follower_take_discovery(provider->follower, &provider->session,
                                        true);
        return map_pages(provider, now);
    }
    return HAYWIRE_OK;
}

/* What the shown session has come to since the last look. */
static void follow_shown(HaywireProvider *provider)
{
    HaywireSession *shown = &provider->session;
    const HaywireSession *session;

    if (!provider->follower) {
        return;
    }
    session = haywire_sessions_find(&provider->finder.sessions, shown->id);
    if (!session) {
        shown->gone = true;
        shown->beating = false;
        return;
    }
    if (session->rewinds != shown->rewinds) {
        detach(provider); /* all that was read since then has not happened */
        return;
    }
    provider->beat |=
        session->discovery.heartbeat != shown->discovery.heartbeat;
    provider->was_live |= session->beating;
    if (is_shown(provider, session)) {
        haywire_follower_take_discovery(provider->follower, session, false);
    }
    *shown = *session;
}

/*
 * Where the shown session's discovery page has gone, by its index: while the
 * old copy of it still stands, or when it is not there any more.
 */
static void follow_move(HaywireProvider *provider, HaywireNow now)
{
    const HaywireSession *session;
    HaywirePosition position;

    if (!provider->follower) {
        return;
    }
    session =
        haywire_sessions_find(&provider->finder.sessions, provider->session.id);
    if (!session) {
        return;
    }
    if (session->gone && !provider->session.gone) {
        (void)haywire_follower_by_index(provider->follower);
    }
    position = haywire_follower_position(provider->follower,
                                         HAYWIRE_CATEGORY_MASTER, 0);
    if (position.value != HAYWIRE_POSITION_NONE.value &&
        position.value != session->position.value) {
        haywire_finder_look_at(&provider->finder, position, now.now_ns);
    }
}

HaywireStatus haywire_provider_observe(HaywireProvider *provider,
                                       HaywireNow now)
{
    bool hinted;

    provider->beat = false;
    haywire_finder_observe(&provider->finder, now.now_ns, now.still);
    follow_move(provider, now);
    hinted = haywire_finder_follow_hints(&provider->finder, now.now_ns);
    follow_shown(provider);
    return hinted ? select_session(provider, now) : HAYWIRE_OK;
}

HaywireStatus haywire_provider_scan(HaywireProvider *provider, HaywireNow now)
{
    HaywireFinder *finder = &provider->finder;
    HaywireStatus status =
        haywire_finder_scan(finder, NULL, now.now_ns, now.host_ns);

    if (status != HAYWIRE_OK) {
        return status;
    }
    if (now.still) {
        haywire_sessions_settle(&finder->sessions);
    }
    provider->scanned = true;
    if (provider->follower) {
        haywire_follower_set_needs_scan(provider->follower, false);
    }
    follow_shown(provider);
    return HAYWIRE_OK;
}

HaywireStatus haywire_provider_follow(HaywireProvider *provider, HaywireNow now)
{
    HaywireStatus status = select_session(provider, now);

    provider->scanned = false;
    if (status != HAYWIRE_OK || !provider->follower) {
        return status;
    }
    /* Dead pages are reused bit by bit: what we have is the last picture. */
    if (haywire_follower_has_read(provider->follower) &&
        state(provider) == HAYWIRE_STATE_STALE) {
        return HAYWIRE_OK;
    }
    return haywire_follower_update(provider->follower, provider->beat);
}

HaywireSearch haywire_provider_search(const HaywireProvider *provider)
{
    const HaywireFollower *follower = provider->follower;

    return (HaywireSearch){
        .state = state(provider),
        .session = follower ? &provider->session : NULL,
        .complete = follower && haywire_follower_missing(follower) == 0,
        .lost = follower && haywire_follower_needs_scan(follower),
        .scan_ended_ns = provider->finder.ended_ns,
        .scan_cost_ns = provider->finder.cost_ns,
    };
}

static uint64_t since(uint64_t now, uint64_t then)
{
    return now > then ? now - then : 0;
}

static void describe_session(const HaywireProvider *provider, HaywireNow now,
                             HaywireOverview *overview)
{
    const HaywireSession *session = &provider->session;
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
    overview->heartbeat_time = session->info.realtime_ns;
    overview->started = discovery->started_realtime_ns;
    overview->page_size = discovery->page_size;
    overview->privileged = discovery->features & HAYWIRE_FEATURE_PRIVILEGED;
    overview->pfns_known = discovery->features & HAYWIRE_FEATURE_PFNS;
    for (i = 0; i < HAYWIRE_CATEGORY_COUNT; i++) {
        overview->category[i].pages =
            haywire_follower_pages(provider->follower, i);
        overview->category[i].mapped =
            haywire_follower_mapped(provider->follower, i);
    }
}

static void describe_search(const HaywireProvider *provider, HaywireNow now,
                            HaywireOverview *overview)
{
    const HaywireFinder *finder = &provider->finder;
    const HaywireSessions *sessions = &finder->sessions;
    size_t i;

    overview->state = state(provider);
    /* Whether the guest runs is nothing to find pages by. */
    if (overview->state == HAYWIRE_STATE_LIVE && now.paused) {
        overview->state = HAYWIRE_STATE_PAUSED;
    }
    for (i = 0; i < sessions->count; i++) {
        overview->sessions += !sessions->session[i].gone;
    }
    overview->has_scan = finder->scanned;
    overview->scan_age = since(now.host_ns, finder->ended_ns);
    overview->scan_duration = finder->duration_ns;
    overview->scan_pages = finder->pages;
}

/* Would the newest model's content come out the same now? */
static bool is_unchanged(const HaywireProvider *provider)
{
    const HaywireDiscovery *now = &provider->session.discovery;
    const HaywireDiscovery *then = &provider->made;

    return provider->newest && !haywire_follower_changed(provider->follower) &&
           memcmp(now->version, then->version, sizeof(now->version)) == 0 &&
           memcmp(now->boot_id, then->boot_id, sizeof(now->boot_id)) == 0 &&
           memcmp(now->part, then->part, sizeof(now->part)) == 0;
}

static HaywireStatus build_model(HaywireProvider *provider,
                                 HaywireBeaconInput *input,
                                 HaywireModel **ret_model)
{
    HaywireStatus status;

    input->copy = haywire_follower_list(provider->follower, &input->copy_count);
    status = haywire_beacon_build(input, ret_model);
    haywire_model_unref(provider->newest);
    provider->newest = NULL;
    if (status == HAYWIRE_OK) {
        provider->newest = haywire_model_ref(*ret_model);
        provider->made = provider->session.discovery;
    }
    return status;
}

HaywireStatus haywire_provider_model(HaywireProvider *provider, HaywireNow now,
                                     uint64_t began_ns,
                                     HaywireModel **ret_model)
{
    HaywireOverview overview = { .cost.time = since(now.host_ns, began_ns) };
    HaywireBeaconInput input = {
        .overview = &overview,
        .layout = haywire_memory_layout(provider->memory),
        .shares = &provider->shares,
        .limits = &provider->limits,
        .host = provider->host,
    };

    describe_search(provider, now, &overview);
    if (!provider->follower) {
        return haywire_beacon_build(&input, ret_model);
    }
    describe_session(provider, now, &overview);
    input.discovery = &provider->session.discovery;
    input.beat_monotonic_ns = provider->session.info.monotonic_ns;
    return is_unchanged(provider)
               ? haywire_beacon_renew(provider->newest, &input, ret_model)
               : build_model(provider, &input, ret_model);
}
