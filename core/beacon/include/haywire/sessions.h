/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sessions: which companions have left pages in memory, and which one beats.
 */

#ifndef HAYWIRE_SESSIONS_H
#define HAYWIRE_SESSIONS_H

#include "haywire/decode.h"
#include "haywire/memory.h"

/* More sessions than this are counted, not kept. */
#define HAYWIRE_SESSIONS_MAX 64

/*
 * A page's time may run ahead of where our clock says that it is now by no more
 * than this, ns.
 */
#define HAYWIRE_AHEAD_MAX_NS HAYWIRE_STALE_MAX_NS

/* One discovery page seen. */
typedef struct HaywireSession {
    uint64_t id;
    HaywirePosition position; /* of its discovery page */
    HaywirePageInfo info;     /* of that page, when the newest beat was seen */
    HaywireDiscovery discovery;
    uint64_t clock_seen_ns; /* when that page's time was first seen */
    int64_t
        born_ns; /* when it started, by our clock: by its age when it beat */
    bool born_known;  /* it was seen to beat */
    uint32_t rewinds; /* times that its page became an older one: memory was put
                         back in time */
    /* Kept by haywire_sessions_observe(), in the caller's clock: */
    uint64_t beat_seen_ns; /* when the heartbeat last grew or was first seen */
    bool beating;          /* it grew while we watched, and not too long ago */
    bool stale;            /* judged: it stood still too long, or closed */
    bool gone;             /* its page is no longer this session's */
} HaywireSession;

#define HAYWIRE_ENCOUNTERS_MAX 16384

/*
 * With which heartbeat scans have met discovery pages, more of them than there
 * is room for sessions. A page that beat from one scan to the next is a
 * companion's, however many others come and go. It is a table of fixed size
 * where pages may take each other's place: a hint whom to watch.
 */
typedef struct HaywireEncounters {
    uint64_t salt; /* no guest knows whose place a page takes */
    uint32_t seen[HAYWIRE_ENCOUNTERS_MAX]; /* who, and low bits of its beat */
} HaywireEncounters;

/* All zero at first. */
typedef struct HaywireSessions {
    size_t count;
    uint64_t dropped; /* did not fit */
    uint64_t refused; /* pages whose time, start or place cannot be */
    HaywireEncounters encounters;
    HaywireSession session[HAYWIRE_SESSIONS_MAX];
} HaywireSessions;

/*
 * Add a verified discovery page that a scan has met, or refresh what is known
 * of its session.
 *
 * When there is no room, these give way, whatever they say of themselves: the
 * sessions that are gone, then the stale ones. Then half of the places are for
 * those that were just found, so that a new companion can be watched, and half
 * for those that beat; of both those that started last. A page that has stood
 * still since the last scan takes the place of none but those that are gone.
 *
 * A session that beats at its place stays there, and a page elsewhere whose time
 * runs ahead of the clock is not its own. A page at its place that runs ahead,
 * or has another start, has to be seen beating anew. All of them are counted.
 */
void haywire_sessions_add(HaywireSessions *sessions, HaywirePosition position,
                          const HaywirePageInfo *info,
                          const HaywireDiscovery *discovery, uint64_t now_ns);

/* The guest stood still until now: no heart has missed a beat. */
void haywire_sessions_excuse(HaywireSessions *sessions, uint64_t now_ns);

/*
 * Read every session's discovery page again and judge its heartbeat. Returns
 * how many were read.
 *
 * @now_ns: any clock that stands still while the guest does, or
 *          haywire_sessions_excuse() is called before
 */
size_t haywire_sessions_observe(HaywireSessions *sessions,
                                HaywireMemory *memory, uint64_t now_ns);

/* Nobody can write to the memory: what is not judged yet is stale. */
void haywire_sessions_settle(HaywireSessions *sessions);

/* How long (ns) its heartbeat may stand still: section 5.1. */
uint64_t haywire_session_stale_after(const HaywireSession *session);

/* Seen to beat, or judged stale or gone. */
bool haywire_session_is_judged(const HaywireSession *session);

/* NULL: not known. */
const HaywireSession *haywire_sessions_find(const HaywireSessions *sessions,
                                            uint64_t id);

/*
 * The session to show: of the beating ones that which is youngest, by our clock;
 * else of those not yet judged the last to start, by what they say: within one
 * boot by the guest's monotonic clock, across boots by the wall clock; else of
 * the stale ones that with the newest beat that we saw, else that they claim.
 * NULL when there is none that is not gone.
 */
const HaywireSession *haywire_sessions_choose(const HaywireSessions *sessions);

#endif
