/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which session is shown, and how it is come by.
 */

#include <stdlib.h>
#include <string.h>

#include "copy_pool.h"
#include "finder.h"
#include "haywire/reader.h"

struct HaywireReader {
    HaywireMemory *memory;
    HaywireHostCounters *host;
    HaywireShares shares;
    HaywireCopyPool pool;
    HaywireFinder finder;
    HaywireFileHint hint;      /* for the next look; without a layout: none */
    HaywireFollower *follower; /* of the session that is shown; NULL: none */
    /* Below: of that one. */
    HaywireSession session; /* as last seen */
    bool was_live;
    bool beat;             /* its heartbeat grew since the last look */
    bool scanned;          /* what a scan found is to be mapped */
    HaywireModel *newest;  /* made of the copies; NULL: none yet */
    HaywireDiscovery made; /* what it was made by */
};

HaywireStatus haywire_reader_new(HaywireMemory *memory,
                                 HaywireHostCounters *host,
                                 HaywireReader **ret_reader)
{
    HaywireReader *reader = calloc(1, sizeof(*reader));

    if (!reader) {
        return HAYWIRE_NO_MEMORY;
    }
    reader->memory = memory;
    reader->host = host;
    haywire_finder_init(&reader->finder, memory, host);
    *ret_reader = reader;
    return HAYWIRE_OK;
}

static void detach(HaywireReader *reader)
{
    haywire_follower_destroy(reader->follower);
    haywire_model_unref(reader->newest);
    reader->follower = NULL;
    reader->newest = NULL;
    reader->was_live = false;
    reader->beat = false;
}

void haywire_reader_destroy(HaywireReader *reader)
{
    if (reader) {
        detach(reader);
        haywire_pool_clear(&reader->pool);
        haywire_finder_clear(&reader->finder);
        free(reader);
    }
}

HaywireStatus haywire_reader_share(HaywireReader *reader, HaywireShares shares)
{
    HaywireCopyPool pool;
    HaywireStatus status = haywire_pool_init(&pool, shares.copies);

    if (status != HAYWIRE_OK) {
        return status;
    }
    detach(reader);
    haywire_pool_clear(&reader->pool);
    haywire_finder_set_memory(&reader->finder, shares.notes);
    reader->pool = pool;
    reader->shares = shares;
    return HAYWIRE_OK;
}

void haywire_reader_reset(HaywireReader *reader)
{
    detach(reader);
    haywire_finder_reset(&reader->finder);
}

void haywire_reader_set_progress(HaywireReader *reader,
                                 HaywireScanProgress progress, void *opaque)
{
    reader->finder.progress = progress;
    reader->finder.progress_opaque = opaque;
}

void haywire_reader_hint(HaywireReader *reader, HaywireGpa gpa)
{
    haywire_finder_hint(&reader->finder, gpa);
}

static HaywireState state(const HaywireReader *reader)
{
    const HaywireSession *session = &reader->session;

    if (!reader->follower) {
        return HAYWIRE_STATE_SEARCHING;
    }
    if (session->stale || session->gone) {
        return HAYWIRE_STATE_STALE;
    }
    return session->beating || reader->was_live ? HAYWIRE_STATE_LIVE
                                                : HAYWIRE_STATE_SEARCHING;
}

/*
 * All pages of the session. After a scan with more candidates than there was
 * room for, the index alone may lead to them; if not, a second scan looks for
 * this session's only. Where none has just been, it is left to the pace of
 * scans: else a guest could ask for them.
 */
static HaywireStatus map_pages(HaywireReader *reader, HaywireNow now)
{
    HaywireFinder *finder = &reader->finder;
    HaywireFollower *follower = reader->follower;
    bool scanned = reader->scanned, alone = true;
    size_t i;

    reader->scanned = false;
    for (i = 0; i < finder->found_count; i++) {
        alone &= finder->found[i].info.session != reader->session.id;
        haywire_follower_found(follower, finder->found[i].position,
                               &finder->found[i].info);
    }
    if (haywire_follower_by_index(follower)) {
        reader->host->index_attaches += alone || finder->overflow;
        return HAYWIRE_OK;
    }
    if (!scanned) {
        follower->needs_scan = follower->map->missing > 0;
        return HAYWIRE_OK;
    }
    return finder->overflow
               ? haywire_finder_scan(finder, follower, now.now_ns, now.host_ns)
               : HAYWIRE_OK;
}

static HaywireStatus attach(HaywireReader *reader,
                            const HaywireSession *session, HaywireNow now)
{
    HaywireStatus status;

    detach(reader);
    status = haywire_follower_new(reader->memory, &reader->pool, reader->host,
                                  session, &reader->follower);
    if (status != HAYWIRE_OK) {
        return status;
    }
    reader->session = *session;
    reader->was_live = session->beating;
    status = map_pages(reader, now);
    if (status != HAYWIRE_OK) {
        detach(reader);
    }
    return status;
}

/*
 * The session to show now. What was live once stays, as stale, until another
 * one is seen beating: leftovers in memory never take its place. Nor does one
 * that has not beaten since: it may have ended before, and not be known to.
 */
static const HaywireSession *choose(const HaywireReader *reader)
{
    const HaywireSession *shown = &reader->session;
    const HaywireSession *chosen =
        haywire_sessions_choose(&reader->finder.sessions);

    if (!reader->follower || !chosen) {
        return chosen;
    }
    if (chosen->id != shown->id && reader->was_live &&
        (!chosen->beating ||
         (!shown->beating && chosen->beat_seen_ns <= shown->beat_seen_ns))) {
        return NULL;
    }
    return chosen;
}

/* Is it the session that is followed, and of the same geometry? */
static bool is_shown(const HaywireReader *reader, const HaywireSession *session)
{
    int i;

    if (!reader->follower || session->id != reader->session.id) {
        return false;
    }
    for (i = 0; i < HAYWIRE_CATEGORY_COUNT; i++) {
        if (session->discovery.geometry[i] != reader->follower->map->pages[i]) {
            return false;
        }
    }
    return true;
}

/* Attach to the session to show. */
static HaywireStatus select_session(HaywireReader *reader, HaywireNow now)
{
    const HaywireSession *chosen = choose(reader);

    if (chosen && !is_shown(reader, chosen)) {
        return attach(reader, chosen, now);
    }
    if (reader->follower && reader->scanned && !reader->session.gone) {
        haywire_follower_take_discovery(reader->follower, &reader->session,
                                        true);
        return map_pages(reader, now);
    }
    return HAYWIRE_OK;
}

/* What the shown session has come to since the last look. */
static void follow_shown(HaywireReader *reader)
{
    HaywireSession *shown = &reader->session;
    const HaywireSession *session;

    if (!reader->follower) {
        return;
    }
    session = haywire_sessions_find(&reader->finder.sessions, shown->id);
    if (!session) {
        shown->gone = true;
        shown->beating = false;
        return;
    }
    if (session->rewinds != shown->rewinds) {
        detach(reader); /* all that was read since then has not happened */
        return;
    }
    reader->beat |= session->discovery.heartbeat != shown->discovery.heartbeat;
    reader->was_live |= session->beating;
    if (is_shown(reader, session)) {
        haywire_follower_take_discovery(reader->follower, session, false);
    }
    *shown = *session;
}

/*
 * Where the shown session's discovery page has gone, by its index: while the
 * old copy of it still stands, or when it is not there any more.
 */
static void follow_move(HaywireReader *reader, HaywireNow now)
{
    const HaywireSession *session;
    HaywirePosition position;

    if (!reader->follower) {
        return;
    }
    session =
        haywire_sessions_find(&reader->finder.sessions, reader->session.id);
    if (!session) {
        return;
    }
    if (session->gone && !reader->session.gone) {
        (void)haywire_follower_by_index(reader->follower);
    }
    position =
        haywire_follower_position(reader->follower, HAYWIRE_CATEGORY_MASTER, 0);
    if (position.value != HAYWIRE_POSITION_NONE.value &&
        position.value != session->position.value) {
        haywire_finder_look_at(&reader->finder, position, now.now_ns);
    }
}

void haywire_reader_hint_file(HaywireReader *reader,
                              const HaywireFileHint *hint)
{
    reader->hint = *hint;
}

static bool is_hinted(const HaywireFileHint *hint, const HaywirePageInfo *info)
{
    uint64_t early = info->realtime_ns > hint->realtime_ns
                         ? info->realtime_ns - hint->realtime_ns
                         : hint->realtime_ns - info->realtime_ns;

    return info->kind == HAYWIRE_KIND_DISCOVERY &&
           info->session == hint->session && early < hint->late_ns;
}

/*
 * The page is looked at before it counts as anything: it may be any other by
 * now. The layout is lent, for the index to be followed, until it is worked out
 * from the pages that were found.
 */
static HaywireStatus follow_file_hint(HaywireReader *reader, HaywireNow now)
{
    HaywireFileHint hint = reader->hint;
    HaywireStatus status = HAYWIRE_OK;
    HaywirePageInfo info;
    HaywirePage copy;

    reader->hint.layout.count = 0;
    if (hint.layout.count == 0 || haywire_memory_layout(reader->memory) ||
        haywire_page_read(reader->memory, hint.position, &copy, &info, NULL) !=
            HAYWIRE_OK ||
        !is_hinted(&hint, &info)) {
        return HAYWIRE_OK;
    }
    haywire_memory_set_layout(reader->memory, &hint.layout);
    if (haywire_finder_look_at(&reader->finder, hint.position, now.now_ns)) {
        status = select_session(reader, now);
    }
    haywire_memory_set_layout(reader->memory, NULL);
    return status;
}

HaywireStatus haywire_reader_observe(HaywireReader *reader, HaywireNow now)
{
    HaywireStatus status;
    bool hinted;

    reader->beat = false;
    haywire_finder_observe(&reader->finder, now.now_ns, now.paused, now.still);
    follow_move(reader, now);
    status = follow_file_hint(reader, now);
    if (status != HAYWIRE_OK) {
        return status;
    }
    hinted = haywire_finder_follow_hints(&reader->finder, now.now_ns);
    follow_shown(reader);
    return hinted ? select_session(reader, now) : HAYWIRE_OK;
}

HaywireStatus haywire_reader_scan(HaywireReader *reader, HaywireNow now)
{
    HaywireFinder *finder = &reader->finder;
    HaywireStatus status =
        haywire_finder_scan(finder, NULL, now.now_ns, now.host_ns);

    if (status != HAYWIRE_OK) {
        return status;
    }
    if (now.still) {
        haywire_sessions_settle(&finder->sessions);
    }
    reader->scanned = true;
    if (reader->follower) {
        reader->follower->needs_scan = false;
    }
    follow_shown(reader);
    return HAYWIRE_OK;
}

HaywireStatus haywire_reader_follow(HaywireReader *reader, HaywireNow now)
{
    HaywireStatus status = select_session(reader, now);

    reader->scanned = false;
    if (status != HAYWIRE_OK || !reader->follower) {
        return status;
    }
    /* Dead pages are reused bit by bit: what we have is the last picture. */
    if (reader->follower->has_read && state(reader) == HAYWIRE_STATE_STALE) {
        return HAYWIRE_OK;
    }
    return haywire_follower_update(reader->follower, reader->beat);
}

HaywireSearch haywire_reader_search(const HaywireReader *reader)
{
    const HaywireFollower *follower = reader->follower;

    return (HaywireSearch){
        .state = state(reader),
        .session = follower ? &reader->session : NULL,
        .complete = follower && follower->map->missing == 0,
        .lost = follower && follower->needs_scan,
        .scan_ended_ns = reader->finder.ended_ns,
        .scan_cost_ns = reader->finder.cost_ns,
    };
}

static uint64_t since(uint64_t now, uint64_t then)
{
    return now > then ? now - then : 0;
}

static void describe_session(const HaywireReader *reader, HaywireNow now,
                             HaywireOverview *overview)
{
    const HaywireSession *session = &reader->session;
    const HaywireDiscovery *discovery = &session->discovery;
    int i;

    overview->has_guest = true;
    overview->source = HAYWIRE_PROVIDER_COMPANION;
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
        overview->category[i].pages = reader->follower->map->pages[i];
        overview->category[i].mapped = reader->follower->map->mapped[i];
    }
}

static void describe_search(const HaywireReader *reader, HaywireNow now,
                            HaywireOverview *overview)
{
    const HaywireFinder *finder = &reader->finder;
    const HaywireSessions *sessions = &finder->sessions;
    const char *why;
    size_t i;

    overview->state = state(reader);
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
    overview->scan_rejected = finder->rejected;
    overview->residency = haywire_memory_residency(reader->memory, &why);
    overview->residency_why = why ? why : "";
    if (!overview->residency) {
        overview->residency = "";
    }
}

/* Would the newest model's content come out the same now? */
static bool is_unchanged(const HaywireReader *reader)
{
    const HaywireDiscovery *now = &reader->session.discovery;
    const HaywireDiscovery *then = &reader->made;

    return reader->newest && !reader->follower->changed &&
           memcmp(now->version, then->version, sizeof(now->version)) == 0 &&
           memcmp(now->boot_id, then->boot_id, sizeof(now->boot_id)) == 0 &&
           memcmp(now->part, then->part, sizeof(now->part)) == 0;
}

static HaywireStatus build_model(HaywireReader *reader,
                                 HaywireBeaconInput *input,
                                 HaywireModel **ret_model)
{
    HaywireStatus status;

    input->copy = haywire_follower_list(reader->follower, &input->copy_count);
    status = haywire_beacon_build(input, ret_model);
    haywire_model_unref(reader->newest);
    reader->newest = NULL;
    if (status == HAYWIRE_OK) {
        reader->newest = haywire_model_ref(*ret_model);
        reader->made = reader->session.discovery;
    }
    return status;
}

HaywireStatus haywire_reader_model(HaywireReader *reader, HaywireNow now,
                                   uint64_t began_ns, HaywireModel **ret_model)
{
    HaywireOverview overview = { .cost.time = since(now.host_ns, began_ns) };
    HaywireBeaconInput input = {
        .overview = &overview,
        .layout = haywire_memory_layout(reader->memory),
        .shares = &reader->shares,
        .last = reader->newest,
        .host = reader->host,
    };

    describe_search(reader, now, &overview);
    if (!reader->follower) {
        return haywire_beacon_build(&input, ret_model);
    }
    describe_session(reader, now, &overview);
    input.discovery = &reader->session.discovery;
    input.beat_monotonic_ns = reader->session.info.monotonic_ns;
    return is_unchanged(reader)
               ? haywire_beacon_renew(reader->newest, &input, ret_model)
               : build_model(reader, &input, ret_model);
}
