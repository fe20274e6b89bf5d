/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sessions: which companions have left pages in memory, and which one beats.
 */

#include <string.h>

#include "haywire/page_read.h"
#include "haywire/sessions.h"

uint64_t haywire_session_stale_after(const HaywireSession *session)
{
    uint64_t interval = session->discovery.heartbeat_interval_ns;

    if (interval > HAYWIRE_STALE_MAX_NS / HAYWIRE_STALE_BEATS) {
        return HAYWIRE_STALE_MAX_NS;
    }
    interval *= HAYWIRE_STALE_BEATS;
    return interval < HAYWIRE_STALE_MIN_NS ? HAYWIRE_STALE_MIN_NS : interval;
}

/*
 * Within one boot the monotonic clock tells; across boots only the wall clock
 * can, and it may have been set in between.
 */
static bool started_later(const HaywireSession *a, const HaywireSession *b)
{
    const HaywireDiscovery *left = &a->discovery, *right = &b->discovery;

    if (memcmp(left->boot_id, right->boot_id, HAYWIRE_BOOT_ID_SIZE) == 0) {
        return left->started_monotonic_ns > right->started_monotonic_ns;
    }
    return left->started_realtime_ns > right->started_realtime_ns;
}

static HaywireSession *find(HaywireSessions *sessions, uint64_t id)
{
    size_t i;

    for (i = 0; i < sessions->count; i++) {
        if (sessions->session[i].id == id) {
            return &sessions->session[i];
        }
    }
    return NULL;
}

/* Room for one more: a free place, or that of the oldest start. */
static HaywireSession *find_room(HaywireSessions *sessions,
                                 const HaywireSession *candidate)
{
    HaywireSession *oldest = &sessions->session[0];
    size_t i;

    if (sessions->count < HAYWIRE_SESSIONS_MAX) {
        return &sessions->session[sessions->count++];
    }
    sessions->dropped++;
    for (i = 1; i < sessions->count; i++) {
        HaywireSession *session = &sessions->session[i];

        /* One that beats is worth more than any number of dead ones. */
        if (oldest->beating != session->beating
                ? oldest->beating
                : started_later(oldest, session)) {
            oldest = session;
        }
    }
    return !oldest->beating && started_later(candidate, oldest) ? oldest : NULL;
}

static void take_content(HaywireSession *session, const HaywirePageInfo *info,
                         const HaywireDiscovery *discovery)
{
    session->discovery = *discovery;
    session->info = *info;
    session->gone = false;
}

/* The page at the session's place, read again. */
static void take_beat(HaywireSession *session, const HaywirePageInfo *info,
                      const HaywireDiscovery *discovery, uint64_t now_ns)
{
    bool grew = discovery->heartbeat > session->discovery.heartbeat;

    session->rewinds += info->monotonic_ns < session->info.monotonic_ns;
    take_content(session, info, discovery);
    if (grew) {
        session->beat_seen_ns = now_ns;
        session->beating = true;
        session->stale = false;
    }
}

/*
 * A newer page of the session at another place. Its higher heartbeat proves
 * nothing, because dead memory holds old copies too: it has to grow there.
 */
static void take_move(HaywireSession *session, HaywirePosition position,
                      const HaywirePageInfo *info,
                      const HaywireDiscovery *discovery, uint64_t now_ns)
{
    take_content(session, info, discovery);
    session->position = position;
    session->beat_seen_ns = now_ns;
    session->stale = false;
}

static void judge(HaywireSession *session, uint64_t now_ns)
{
    uint64_t still =
        now_ns > session->beat_seen_ns ? now_ns - session->beat_seen_ns : 0;

    if (session->discovery.state == HAYWIRE_SESSION_CLOSED || session->gone ||
        still >= haywire_session_stale_after(session)) {
        session->beating = false;
        session->stale = true;
    }
}

static void add_new(HaywireSessions *sessions, HaywirePosition position,
                    const HaywirePageInfo *info,
                    const HaywireDiscovery *discovery, uint64_t now_ns)
{
    HaywireSession session = {
        .id = info->session,
        .position = position,
        .info = *info,
        .discovery = *discovery,
        .beat_seen_ns = now_ns,
    };
    HaywireSession *room = find_room(sessions, &session);

    judge(&session, now_ns);
    if (room) {
        *room = session;
    }
}

void haywire_sessions_add(HaywireSessions *sessions, HaywirePosition position,
                          const HaywirePageInfo *info,
                          const HaywireDiscovery *discovery, uint64_t now_ns)
{
    HaywireSession *session = find(sessions, info->session);

    if (!session) {
        add_new(sessions, position, info, discovery, now_ns);
        return;
    }
    if (session->position.value == position.value) {
        take_beat(session, info, discovery, now_ns);
    } else if (session->gone ||
               info->monotonic_ns > session->info.monotonic_ns) {
        take_move(session, position, info, discovery, now_ns);
    }
    judge(session, now_ns);
}

static HaywireStatus read_discovery(const HaywireSession *session,
                                    HaywireMemory *memory,
                                    HaywirePageInfo *ret_info,
                                    HaywireDiscovery *ret_discovery)
{
    HaywirePage copy;
    HaywireStatus status =
        haywire_page_read(memory, session->position, &copy, ret_info, NULL);

    if (status == HAYWIRE_OK && ret_info->session != session->id) {
        status = HAYWIRE_BAD_SESSION;
    }
    if (status == HAYWIRE_OK) {
        status = haywire_decode_discovery(&copy, ret_info, ret_discovery, NULL);
    }
    return status;
}

/* True when its page could be read. */
static bool observe(HaywireSession *session, HaywireMemory *memory,
                    uint64_t now_ns)
{
    HaywirePageInfo info;
    HaywireDiscovery discovery;
    HaywireStatus status = read_discovery(session, memory, &info, &discovery);

    if (status == HAYWIRE_OK) {
        take_beat(session, &info, &discovery, now_ns);
    } else if (status != HAYWIRE_PAGE_BUSY) {
        session->gone = true;
    }
    judge(session, now_ns);
    return status == HAYWIRE_OK;
}

size_t haywire_sessions_observe(HaywireSessions *sessions,
                                HaywireMemory *memory, uint64_t now_ns)
{
    size_t i, read = 0;

    for (i = 0; i < sessions->count; i++) {
        if (!sessions->session[i].gone) {
            read += observe(&sessions->session[i], memory, now_ns);
        }
    }
    return read;
}

bool haywire_session_is_judged(const HaywireSession *session)
{
    return session->beating || session->stale || session->gone;
}

const HaywireSession *haywire_sessions_find(const HaywireSessions *sessions,
                                            uint64_t id)
{
    return find((HaywireSessions *)sessions, id);
}

void haywire_sessions_settle(HaywireSessions *sessions)
{
    size_t i;

    for (i = 0; i < sessions->count; i++) {
        sessions->session[i].beating = false;
        sessions->session[i].stale = true;
    }
}

/* 3 beating, 2 not judged yet, 1 stale, 0 gone. */
static int rank(const HaywireSession *session)
{
    if (session->gone) {
        return 0;
    }
    if (session->beating) {
        return 3;
    }
    return session->stale ? 1 : 2;
}

static bool better(const HaywireSession *a, const HaywireSession *b)
{
    int left = rank(a), right = rank(b);

    if (left != right) {
        return left > right;
    }
    return left == 1 ? a->info.realtime_ns > b->info.realtime_ns
                     : started_later(a, b);
}

const HaywireSession *haywire_sessions_choose(const HaywireSessions *sessions)
{
    const HaywireSession *best = NULL;
    size_t i;

    for (i = 0; i < sessions->count; i++) {
        const HaywireSession *session = &sessions->session[i];

        if (rank(session) > 0 && (!best || better(session, best))) {
            best = session;
        }
    }
    return best;
}
