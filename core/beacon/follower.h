/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Follower: the pages of one session, where they lie and what they say. Each
 * is copied and verified once for each time that it is published; the copies
 * are what a model is made of. Private to this room.
 *
 * When there is no memory for all copies, those of the pages stay that come
 * first in this order: MASTER and the cameras' control pages, snapshots (PID),
 * process records (the first half of ROUNDROBIN), camera 1, camera 2, sections
 * (the second half). What is left out is counted in the statistics.
 */

#ifndef HAYWIRE_FOLLOWER_H
#define HAYWIRE_FOLLOWER_H

#include "copy_pool.h"
#include "haywire/page_read.h"
#include "map.h"

/* All that is kept of a page but for its copy. */
#define HAYWIRE_SLOT_BYTES 32

/* Slots in a row whose copies are equally worth their memory. */
typedef struct HaywireSlotRange {
    uint32_t first;
    uint32_t end;
    uint32_t hand; /* copies from here on were given up in this update */
} HaywireSlotRange;

#define HAYWIRE_SLOT_RANGES 8
/* Pages that are to be read, sorted at a time: more than a session has. */
#define HAYWIRE_WANTS_MAX 2048

/* A page that a slot has, or is said to have, and that is to be read. */
typedef struct HaywireWant {
    HaywirePosition position;
    uint32_t slot;
} HaywireWant;

typedef struct HaywireFollower {
    HaywireMap *map;
    bool has_read;   /* all pages, once */
    bool changed;    /* since the copies were last listed */
    bool needs_scan; /* pages were lost, and only a scan finds them; until the
                        owner has made one */
    /* The rest is the follower's own. */
    HaywireMemory *memory;
    HaywireCopyPool *pool;
    HaywireHostCounters *host;
    HaywireSlotRange range[HAYWIRE_SLOT_RANGES]; /* the worthiest first */
    bool beat;             /* the heartbeat has grown since the last update */
    bool lost;             /* a page, since the index was last asked */
    bool index_moved;      /* the discovery page says so */
    bool index_changed;    /* an index page was read */
    bool following;        /* what is wanted, the index has named */
    bool layout_told;      /* to the memory, by us */
    uint32_t index_frames; /* the first pages of the index, by the discovery */
    uint64_t index_pfn[HAYWIRE_INDEX_FRAMES_MAX];
    uint32_t control_lock[2]; /* when a camera's data was last looked at */
    HaywireStatus status;     /* of reading */
    size_t peeks;
    HaywirePeek peek[HAYWIRE_PEEKS_MAX];
    uint32_t peek_slot[HAYWIRE_PEEKS_MAX];
    size_t wants;
    HaywireWant want[HAYWIRE_WANTS_MAX];
    HaywirePage batch[HAYWIRE_PAGE_READS];
} HaywireFollower;

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

/* HAYWIRE_POSITION_NONE: not found, or outside of the geometry. */
HaywirePosition haywire_follower_position(const HaywireFollower *follower,
                                          HaywireCategory category,
                                          uint32_t index);

#endif
