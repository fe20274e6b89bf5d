/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pool of page copies: as many as a fixed number of bytes holds. Private to
 * this room.
 */

#ifndef HAYWIRE_COPY_POOL_H
#define HAYWIRE_COPY_POOL_H

#include "haywire/beacon_fill.h"

/* No copy. */
#define HAYWIRE_COPY_NONE UINT32_MAX

typedef struct HaywireHeld {
    HaywireCopy copy;
    bool shown;    /* a model was made of it */
    uint32_t free; /* the next that is free, when this one is */
} HaywireHeld;

/*
 * One mapping, so that its size is what it is whatever becomes of the copies,
 * and so that it is given back as a whole. What is not used takes nothing.
 */
typedef struct HaywireCopyPool {
    size_t bytes; /* mapped: all that there will ever be */
    uint32_t room;
    HaywirePage *page;         /* room */
    HaywireHeld *held;         /* room */
    const HaywireCopy **order; /* room; for whoever lists the copies */
    uint32_t capacity;         /* copies held at most: no more than room */
    uint32_t count;
    uint32_t used; /* numbers given out so far */
    uint32_t free; /* first of those given back */
} HaywireCopyPool;

/* HAYWIRE_OK, HAYWIRE_NO_MEMORY. */
HaywireStatus haywire_pool_init(HaywireCopyPool *pool,
                                size_t bytes) HAYWIRE_MUST_CHECK;
/* Unmaps it. A zeroed one is fine. */
void haywire_pool_clear(HaywireCopyPool *pool);

/*
 * Drop all copies, and give their memory back.
 *
 * @other_bytes: of the pool's, those that something else takes from now on
 */
void haywire_pool_reset(HaywireCopyPool *pool, size_t other_bytes);

bool haywire_pool_has_room(const HaywireCopyPool *pool);

/* The number of a copy that was free; HAYWIRE_COPY_NONE: there is none. */
uint32_t haywire_pool_take(HaywireCopyPool *pool);
void haywire_pool_drop(HaywireCopyPool *pool, uint32_t number);

#endif
