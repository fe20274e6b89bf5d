/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sessions: which companions have left pages in memory, and which one beats.
 */

#include <string.h>
#include <time.h>

#include "haywire/clock.h"
#include "haywire/page_read.h"
#include "haywire/sessions.h"

/* A page that has not beaten for so many intervals may have moved. */
#define MOVE_BEATS 2

typedef enum Encounter {
    MET_FIRST, /* or put back in time, or forgotten */
    MET_STILL, /* the same heartbeat as the last time */
    MET_GROWN,
} Encounter;

/* Pages that share so many places lose none of them to each other. */
#define WAYS 4

#define BEAT_BITS 16
#define BEAT_MASK ((UINT32_C(1) << BEAT_BITS) - 1)
/* A heartbeat that is further ahead than this has gone back. */
#define BEAT_AHEAD_MAX (BEAT_MASK / 2)

/* Each bit of the result depends on each of @value (splitmix64). */
static uint64_t mix(uint64_t value)
{
    value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
    return value ^ value >> 31;
}

/* The place of this page, or the one that it takes from another. */
static uint32_t *find_place(HaywireEncounters *encounters, uint64_t hash,
                            uint32_t who)
{
    uint32_t *set =
        &encounters->seen[hash % (HAYWIRE_ENCOUNTERS_MAX / WAYS) * WAYS];
    uint32_t *place = &set[who >> BEAT_BITS & (WAYS - 1)];
    int i;

    for (i = 0; i < WAYS; i++) {
        if ((set[i] & ~BEAT_MASK) == who) {
            return &set[i];
        }
        if (set[i] == 0) {
            place = &set[i];
        }
    }
    return place;
}

/* A session's discovery page was met; how was it the last time? */
static Encounter meet(HaywireEncounters *encounters, uint64_t session,
                      HaywirePosition position, uint64_t heartbeat)
{
    uint32_t beat = (uint32_t)heartbeat & BEAT_MASK, who, *place, last, ahead;
    uint64_t hash;

    if (encounters->salt == 0) {
        encounters->salt = haywire_clock_ns(CLOCK_MONOTONIC) | 1;
    }
    hash = mix(mix(session ^ encounters->salt) ^ position.value);
    /* Never 0, which stands for nobody. */
    who = (uint32_t)(hash >> 32 | UINT64_C(1) << 31) & ~BEAT_MASK;
    place = find_place(encounters, hash, who);
    last = *place;
    *place = who | beat;
    if ((last & ~BEAT_MASK) != who) {
        return MET_FIRST;
    }
    ahead = (beat - last) & BEAT_MASK;
    if (ahead == 0) {
        return MET_STILL;
    }
    return ahead <= BEAT_AHEAD_MAX ? MET_GROWN : MET_FIRST;
}

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

/*
 * Of those that beat our own clock can tell, whatever a session says of its
 * start: its age then was the time that it has beaten for. Of two that are
 * dead, a beat that we saw is worth more than one that they claim.
 */
static bool better(const HaywireSession *a, const HaywireSession *b)
{
    int left = rank(a), right = rank(b);
    bool known = a->born_known && b->born_known;

    if (left != right) {
        return left > right;
    }
    if (left == 3 && a->born_ns != b->born_ns) {
        return a->born_ns > b->born_ns;
    }
    if (left != 1) {
        return started_later(a, b);
    }
    if (a->born_known != b->born_known) {
        return a->born_known;
    }
    return known ? a->beat_seen_ns > b->beat_seen_ns
                 : a->info.realtime_ns > b->info.realtime_ns;
}

/* The session that is worth least; @crowded: too many are not judged yet. */
static HaywireSession *find_least(HaywireSessions *sessions, bool crowded)
{
    /* By rank: how much it is worth. */
    const int worth[] = { 0, 1, crowded ? 2 : 3, crowded ? 3 : 2 };
    HaywireSession *least = &sessions->session[0];
    size_t i;

    for (i = 1; i < sessions->count; i++) {
        HaywireSession *session = &sessions->session[i];
        int left = worth[rank(session)], right = worth[rank(least)];

        if (left == right ? better(least, session) : left < right) {
            least = session;
        }
    }
    return least;
}

/* Room for one more: a free place, or that of one worth less. NULL: none. */
static HaywireSession *find_room(HaywireSessions *sessions,
                                 const HaywireSession *candidate, bool still)
{
    size_t i, unjudged = 0;
    HaywireSession *least;

    if (sessions->count < HAYWIRE_SESSIONS_MAX) {
        return &sessions->session[sessions->count++];
    }
    for (i = 0; i < sessions->count; i++) {
        unjudged += rank(&sessions->session[i]) == 2;
    }
    least = find_least(sessions, unjudged > HAYWIRE_SESSIONS_MAX / 2);
    sessions->dropped++;
    if (rank(least) == 0) {
        return least;
    }
    if (still) {
        return NULL;
    }
    return rank(least) == 1 || rank(least) != rank(candidate) ||
                   better(candidate, least)
               ? least
               : NULL;
}

static void take_content(HaywireSession *session, const HaywirePageInfo *info,
                         const HaywireDiscovery *discovery, uint64_t now_ns)
{
    if (info->monotonic_ns != session->info.monotonic_ns) {
        session->clock_seen_ns = now_ns;
    }
    session->discovery = *discovery;
    session->info = *info;
    session->gone = false;
}

/* Can a page be of the session, by its times? */
static bool is_possible(const HaywireSession *session,
                        const HaywirePageInfo *info,
                        const HaywireDiscovery *discovery, uint64_t now_ns)
{
    const HaywireDiscovery *known = &session->discovery;
    uint64_t then = session->info.monotonic_ns;
    uint64_t ahead = info->monotonic_ns > then ? info->monotonic_ns - then : 0;
    uint64_t watched =
        now_ns > session->clock_seen_ns ? now_ns - session->clock_seen_ns : 0;

    return discovery->started_monotonic_ns == known->started_monotonic_ns &&
           memcmp(discovery->boot_id, known->boot_id, HAYWIRE_BOOT_ID_SIZE) ==
               0 &&
           (ahead <= watched || ahead - watched <= HAYWIRE_AHEAD_MAX_NS);
}

/* The page at the session's place, read again. True: it has beaten. */
static bool take_beat(HaywireSessions *sessions, HaywireSession *session,
                      const HaywirePageInfo *info,
                      const HaywireDiscovery *discovery, uint64_t now_ns)
{
    bool possible = is_possible(session, info, discovery, now_ns);
    bool grew = possible &&
                discovery->heartbeat > session->discovery.heartbeat &&
                info->monotonic_ns > session->info.monotonic_ns;

    session->rewinds += info->monotonic_ns < session->info.monotonic_ns;
    take_content(session, info, discovery, now_ns);
    if (!possible) {
        sessions->refused++;
        session->beating = false;
        session->born_known = false;
    } else if (grew) {
        session->beat_seen_ns = now_ns;
        session->beating = true;
        session->stale = false;
    }
    return grew;
}

/* When it was born, if the page was written now. Half as much always fits. */
static int64_t find_birth(const HaywireSession *session, uint64_t now_ns)
{
    uint64_t age =
        session->info.monotonic_ns - session->discovery.started_monotonic_ns;

    return (int64_t)(now_ns / 2) - (int64_t)(age / 2);
}

/* Its age is what its clock says; nothing makes it younger later. */
static void take_age(HaywireSession *session, uint64_t now_ns)
{
    int64_t born = find_birth(session, now_ns);

    if (!session->born_known || born < session->born_ns) {
        session->born_ns = born;
    }
    session->born_known = true;
}

/* Has its page been left behind? One that beats stays where it is. */
static bool has_left(const HaywireSession *session, const HaywirePageInfo *info,
                     uint64_t now_ns)
{
    uint64_t beats = MOVE_BEATS * (haywire_session_stale_after(session) /
                                   HAYWIRE_STALE_BEATS);

    if (session->gone) {
        return true;
    }
    return info->monotonic_ns > session->info.monotonic_ns &&
           (!session->beating || (now_ns > session->beat_seen_ns &&
                                  now_ns - session->beat_seen_ns >= beats));
}

/*
 * A newer page of the session at another place. Its higher heartbeat proves
 * nothing, because dead memory holds old copies too: it has to grow there.
 */
static void take_move(HaywireSession *session, HaywirePosition position,
                      const HaywirePageInfo *info,
                      const HaywireDiscovery *discovery, uint64_t now_ns)
{
    take_content(session, info, discovery, now_ns);
    session->position = position;
    session->beat_seen_ns = now_ns;
    session->stale = false;
}

static void judge(HaywireSession *session, uint64_t now_ns)
{
    uint64_t still;

    if (session->beat_seen_ns > now_ns) {
        session->beat_seen_ns = now_ns; /* a snapshot was loaded */
    }
    still = now_ns - session->beat_seen_ns;
    if (session->discovery.state == HAYWIRE_SESSION_CLOSED || session->gone ||
        still >= haywire_session_stale_after(session)) {
        session->beating = false;
        session->stale = true;
    }
}

static HaywireSession make_new(HaywirePosition position,
                               const HaywirePageInfo *info,
                               const HaywireDiscovery *discovery,
                               Encounter encounter, uint64_t now_ns)
{
    HaywireSession session = {
        .id = info->session,
        .position = position,
        .info = *info,
        .discovery = *discovery,
        .clock_seen_ns = now_ns,
        .beat_seen_ns = now_ns,
        .beating = encounter == MET_GROWN,
    };

    session.born_ns = find_birth(&session, now_ns);
    judge(&session, now_ns);
    return session;
}

/* Nothing is left of it, and what its clock said then is of no use now. */
static bool is_forgotten(const HaywireSession *session, uint64_t now_ns)
{
    return session->gone && now_ns > session->beat_seen_ns &&
           now_ns - session->beat_seen_ns >= HAYWIRE_STALE_MAX_NS;
}

void haywire_sessions_add(HaywireSessions *sessions, HaywirePosition position,
                          const HaywirePageInfo *info,
                          const HaywireDiscovery *discovery, uint64_t now_ns)
{
    HaywireSession *session = find(sessions, info->session);
    Encounter encounter = meet(&sessions->encounters, info->session, position,
                               discovery->heartbeat);

    if (!session) {
        HaywireSession new =
            make_new(position, info, discovery, encounter, now_ns);

        session = find_room(sessions, &new, encounter == MET_STILL);
        if (session) {
            *session = new;
        }
        return;
    }
    if (session->position.value == position.value) {
        take_beat(sessions, session, info, discovery, now_ns);
    } else if (is_forgotten(session, now_ns)) {
        *session = make_new(position, info, discovery, encounter, now_ns);
    } else if (!is_possible(session, info, discovery, now_ns)) {
        sessions->refused++;
    } else if (has_left(session, info, now_ns)) {
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
static bool observe(HaywireSessions *sessions, HaywireSession *session,
                    HaywireMemory *memory, uint64_t now_ns)
{
    HaywirePageInfo info;
    HaywireDiscovery discovery;
    HaywireStatus status = read_discovery(session, memory, &info, &discovery);

    if (status == HAYWIRE_OK) {
        if (take_beat(sessions, session, &info, &discovery, now_ns)) {
            take_age(session, now_ns);
        }
    } else if (status != HAYWIRE_PAGE_BUSY) {
        session->gone = true;
    }
    judge(session, now_ns);
    return status == HAYWIRE_OK;
}

void haywire_sessions_excuse(HaywireSessions *sessions, uint64_t now_ns)
{
    size_t i;

    for (i = 0; i < sessions->count; i++) {
        if (!sessions->session[i].stale) {
            sessions->session[i].beat_seen_ns = now_ns;
        }
    }
}

size_t haywire_sessions_observe(HaywireSessions *sessions,
                                HaywireMemory *memory, uint64_t now_ns)
{
    size_t i, read = 0;

    for (i = 0; i < sessions->count; i++) {
        if (!sessions->session[i].gone) {
            read += observe(sessions, &sessions->session[i], memory, now_ns);
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
