/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Follower: the pages of one session, where they lie and what they say. Each
 * is copied and verified once for each time that it is published; the copies
 * are what a model is made of.
 *
 * When there is no memory for all copies, those of the pages stay that come
 * first in this order: MASTER and the cameras' control pages, snapshots (PID),
 * process records (the first half of ROUNDROBIN), camera 1, camera 2, sections
 * (the second half). What is left out is counted in the statistics.
 */

#ifndef HAYWIRE_FOLLOWER_H
#define HAYWIRE_FOLLOWER_H

#include "haywire/beacon_fill.h"
#include "haywire/sessions.h"

typedef struct HaywireFollower HaywireFollower;
typedef struct HaywireCopyPool HaywireCopyPool;

/* All that is kept of a page but for its copy. */
#define HAYWIRE_SLOT_BYTES 32

/*
 * Follow @session. Borrowed until destroy: @memory, @pool (emptied) and @host,
 * where all is counted. HAYWIRE_OK, HAYWIRE_NO_MEMORY.
 */
HaywireStatus
haywire_follower_new(HaywireMemory *memory, HaywireCopyPool *pool,
                     HaywireHostCounters *host, const HaywireSession *session,
                     HaywireFollower **ret_follower) HAYWIRE_MUST_CHECK;
void haywire_follower_destroy(HaywireFollower *follower); /* NULL is fine */

/* A scan has met a verified page; it is of this session if it says so. */
void haywire_follower_found(HaywireFollower *follower, HaywirePosition position,
                            const HaywirePageInfo *info);

/*
 * The session's discovery page was read again. @found: by a scan, so that it
 * is where the session says, whatever the map has.
 */
void haywire_follower_take_discovery(HaywireFollower *follower,
                                     const HaywireSession *session, bool found);

/*
 * Follow the master index to all pages that are not where it says. True when
 * the session has all its pages then. Needs the memory's layout.
 */
bool haywire_follower_by_index(HaywireFollower *follower);

/*
 * Read what has changed. @beat: the session's heartbeat has grown since the
 * last time; a page that is gone is dropped only then, because after the last
 * beat what is held is the last that is to be known. HAYWIRE_OK,
 * HAYWIRE_IO_ERROR.
 */
HaywireStatus haywire_follower_update(HaywireFollower *follower,
                                      bool beat) HAYWIRE_MUST_CHECK;

/*
 * The copies in the order of their slots, for a model; valid until they are
 * next updated. What is wrong with a copy is said to be counted from the
 * second list on that has it.
 */
const HaywireCopy *const *haywire_follower_list(HaywireFollower *follower,
                                                size_t *ret_count);

/* Does the list differ from the last one? */
bool haywire_follower_changed(const HaywireFollower *follower);

/* Pages were read at all, since it began. */
bool haywire_follower_has_read(const HaywireFollower *follower);

uint32_t haywire_follower_pages(const HaywireFollower *follower,
                                HaywireCategory category);
uint32_t haywire_follower_mapped(const HaywireFollower *follower,
                                 HaywireCategory category);
/* Pages that are not found. */
uint32_t haywire_follower_missing(const HaywireFollower *follower);
/* HAYWIRE_POSITION_NONE: not found, or outside of the geometry. */
HaywirePosition haywire_follower_position(const HaywireFollower *follower,
                                          HaywireCategory category,
                                          uint32_t index);

/*
 * Pages were lost, and only a scan finds them; until it is said that one has
 * been.
 */
bool haywire_follower_needs_scan(const HaywireFollower *follower);
void haywire_follower_set_needs_scan(HaywireFollower *follower, bool needs);

#endif
