/*
 * The pool of page copies: a fixed number of them, shared fairly between what a
 * session's pages are for. Private to the core.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HAYWIRE_COPY_POOL_H
#define HAYWIRE_COPY_POOL_H

#include "haywire/beacon_fill.h"

/*
 * What a page is for. Each has a guaranteed share of the pool, and may borrow
 * what others do not use until they do.
 */
typedef enum HaywireCopyClass {
    HAYWIRE_COPIES_HEAD, /* MASTER, and the cameras' control pages */
    HAYWIRE_COPIES_PID,
    HAYWIRE_COPIES_CAMERA1,
    HAYWIRE_COPIES_CAMERA2,
    HAYWIRE_COPIES_RECORDS,  /* ROUNDROBIN's first half: processes */
    HAYWIRE_COPIES_SECTIONS, /* its second half */
    HAYWIRE_COPIES_CLASSES
} HaywireCopyClass;

/* No copy, no slot. */
#define HAYWIRE_COPY_NONE UINT32_MAX

typedef struct HaywireHeld {
    HaywireCopy copy;
    uint32_t slot; /* whose page it is a copy of */
    HaywireCopyClass class;
    uint32_t older; /* copies of the class by when they were taken: numbers */
    uint32_t newer;
} HaywireHeld;

typedef struct HaywireCopyQueue {
    uint32_t oldest;
    uint32_t newest;
    uint32_t count;
    uint32_t guaranteed;
} HaywireCopyQueue;

typedef struct HaywireCopyPool {
    size_t bytes; /* mapped: all that there will ever be */
    uint32_t room;
    HaywirePage *page;         /* room + 1: the first to begin with is spare */
    HaywireHeld *held;         /* room */
    const HaywireCopy **order; /* room; for whoever lists the copies */
    uint32_t capacity;         /* copies held at most: no more than room */
    uint32_t count;
    uint32_t used; /* numbers given out so far */
    uint32_t free; /* first of those given back */
    HaywireCopyQueue queue[HAYWIRE_COPIES_CLASSES];
} HaywireCopyPool;

/*
 * A pool that never takes more than @bytes. What is not used takes nothing.
 * HAYWIRE_OK, HAYWIRE_NO_MEMORY.
 */
HaywireStatus haywire_pool_init(HaywireCopyPool *pool,
                                size_t bytes) HAYWIRE_MUST_CHECK;
/* Unmaps it. A zeroed one is fine. */
void haywire_pool_clear(HaywireCopyPool *pool);

/* Drop all copies, and give their memory back; the first page is spare. */
void haywire_pool_reset(HaywireCopyPool *pool);

/*
 * Begin with a session, after a reset.
 *
 * @slot_bytes: of the pool's bytes, those that the session's slots take
 * @need: pages of each class
 */
void haywire_pool_begin(HaywireCopyPool *pool, size_t slot_bytes,
                        const uint32_t need[HAYWIRE_COPIES_CLASSES]);

/* Is there a copy that nobody has to give up? */
bool haywire_pool_has_room(const HaywireCopyPool *pool);

/*
 * The number of a copy for a page of @class that was published at @time_ns;
 * HAYWIRE_COPY_NONE when all are needed for others. *ret_evicted: the slot that
 * has given up its copy for it, or HAYWIRE_COPY_NONE.
 */
uint32_t haywire_pool_take(HaywireCopyPool *pool, HaywireCopyClass class,
                           uint64_t time_ns, uint32_t *ret_evicted);
/* Make @page the copy's; returns the one that it had, which is then spare. */
HaywirePage *haywire_pool_swap(HaywireCopyPool *pool, uint32_t number,
                               HaywirePage *page);
/* It was taken anew: the newest of its class. */
void haywire_pool_renew(HaywireCopyPool *pool, uint32_t number);
void haywire_pool_drop(HaywireCopyPool *pool, uint32_t number);

#endif
