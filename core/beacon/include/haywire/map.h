/*
 * Map: candidates -> sessions, and (category, index) -> page of one session.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HAYWIRE_MAP_H
#define HAYWIRE_MAP_H

#include "haywire/decode.h"
#include "haywire/memory.h"

/* More sessions than this are counted, not kept; the oldest starts go first. */
#define HAYWIRE_SESSIONS_MAX 64

/* One discovery page seen. */
typedef struct HaywireSession {
    uint64_t id;
    HaywirePosition position; /* of its discovery page */
    HaywireDiscovery discovery;
    uint64_t monotonic_ns; /* of the newest beat seen */
    uint64_t realtime_ns;
    uint32_t rewinds; /* times that its page became an older one: memory was put
                         back in time */
    /* Kept by haywire_sessions_observe(), in the caller's clock: */
    uint64_t first_seen_ns;
    uint64_t beat_seen_ns; /* when the heartbeat last grew or was first seen */
    bool beating;          /* it grew while we watched, and not too long ago */
    bool stale;            /* judged: it stood still too long, or closed */
    bool gone;             /* its page is no longer this session's */
} HaywireSession;

typedef struct HaywireSessions {
    size_t count;
    uint64_t dropped; /* did not fit */
    HaywireSession session[HAYWIRE_SESSIONS_MAX];
} HaywireSessions;

/* Add a verified discovery page, or refresh what is known of its session. */
void haywire_sessions_add(HaywireSessions *sessions, HaywirePosition position,
                          const HaywirePageInfo *info,
                          const HaywireDiscovery *discovery, uint64_t now_ns);

/*
 * Read every session's discovery page again and judge its heartbeat.
 * @now_ns: any clock that stands still while the guest does.
 */
void haywire_sessions_observe(HaywireSessions *sessions, HaywireMemory *source,
                              uint64_t now_ns);

/* Nobody can write to the memory: what is not judged yet is stale. */
void haywire_sessions_settle(HaywireSessions *sessions);

/* How long (ns) its heartbeat may stand still: section 5.1. */
uint64_t haywire_session_stale_after(const HaywireSession *session);

/*
 * The session to show: of the beating ones that which started last; else of
 * those not yet judged the last to start; else of the stale ones that with the
 * newest beat. Within one boot the guest's monotonic clock says which started
 * last, across boots the wall clock. NULL when there is none that is not gone.
 */
const HaywireSession *haywire_sessions_choose(const HaywireSessions *sessions);

/* The five mapping arrays of one session. */
typedef struct HaywireMap HaywireMap;

/* For the geometry of @discovery. HAYWIRE_OK, HAYWIRE_NO_MEMORY. */
HaywireStatus haywire_map_new(uint64_t session,
                              const HaywireDiscovery *discovery,
                              HaywireMap **ret_map) HAYWIRE_MUST_CHECK;
void haywire_map_destroy(HaywireMap *map);

/*
 * Claim a slot for a verified page of this session. Two pages may claim one:
 * the newer monotonic time wins and the clash is counted. A page older than
 * what was read of the slot is a copy left behind, and claims nothing.
 * HAYWIRE_OK, _BAD_SESSION, _BAD_INDEX (outside of the geometry).
 */
HaywireStatus haywire_map_add(HaywireMap *map, HaywirePosition position,
                              const HaywirePageInfo *info) HAYWIRE_MUST_CHECK;

/* The slot's page is no longer there. Unmapped slots are fine. */
void haywire_map_forget(HaywireMap *map, HaywireCategory category,
                        uint32_t index);

/*
 * Where the index's first pages lie, by the session's newest discovery page.
 * True when that is new. A discovery page of another geometry needs a new map.
 */
bool haywire_map_take_discovery(HaywireMap *map,
                                const HaywireDiscovery *discovery);

/*
 * Fill slots from the master index, without a scan: each page named there is
 * verified, unless the map has it at that place already. Needs the index pages
 * in the map, or a discovery page that leads to them. Slots whose page is
 * missing, foreign, not resident or outside keep what they had; *ret_missing:
 * slots that have no page then. As many entries count as there are slots.
 * HAYWIRE_OK, HAYWIRE_NO_PFN (an index of zeroes), HAYWIRE_NO_MEMORY.
 */
HaywireStatus haywire_map_add_index(HaywireMap *map, HaywireMemory *source,
                                    const HaywireLayout *layout,
                                    uint32_t *ret_missing) HAYWIRE_MUST_CHECK;

uint32_t haywire_map_pages(const HaywireMap *map, HaywireCategory category);
uint32_t haywire_map_mapped(const HaywireMap *map, HaywireCategory category);
uint64_t haywire_map_clashes(const HaywireMap *map);

/*
 * Entries of the master index that did not lead to the slot's page, and index
 * pages that are malformed, by reason; since the map was made.
 */
uint64_t haywire_map_rejected(const HaywireMap *map, HaywireStatus reason);

/* HAYWIRE_POSITION_NONE for an unmapped slot or one outside the geometry. */
HaywirePosition haywire_map_position(const HaywireMap *map,
                                     HaywireCategory category, uint32_t index);

/*
 * Copy and verify the page of a slot, and check that it still is what the map
 * says. HAYWIRE_OK, HAYWIRE_NOT_FOUND (slot unmapped), HAYWIRE_BAD_SESSION,
 * _BAD_CATEGORY, _BAD_INDEX (another page lies there now: map again), and all
 * of haywire_page_snapshot() and haywire_memory_pointer().
 */
HaywireStatus haywire_map_read(HaywireMap *map, HaywireMemory *source,
                               HaywireCategory category, uint32_t index,
                               HaywirePage *ret_copy,
                               HaywirePageInfo *ret_info) HAYWIRE_MUST_CHECK;

#endif
