/*
 * The pool of page copies.
 *
 * All of it is one mapping, so that its size is what it is whatever becomes of
 * the copies, and so that it is given back as a whole. When it is full, a page
 * of a class that has less than its guaranteed share takes the place of the
 * oldest copy of the class that has borrowed most; any other page takes that of
 * the oldest copy of its own class, if it is newer.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <string.h>
#include <sys/mman.h>

#include "haywire/copy_pool.h"
#include "haywire/limits.h"

/* What one copy takes. */
#define COPY_BYTES \
    (sizeof(HaywirePage) + sizeof(HaywireHeld) + sizeof(HaywireCopy *))

static uint32_t room_for(size_t bytes)
{
    size_t room = bytes / COPY_BYTES;

    if (room >= HAYWIRE_COPY_NONE) {
        return HAYWIRE_COPY_NONE - 1;
    }
    return room > 0 ? (uint32_t)room - 1 : 0; /* one page is the spare */
}

HaywireStatus haywire_pool_init(HaywireCopyPool *pool, size_t bytes)
{
    uint32_t room = room_for(bytes);
    uint8_t *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (start == MAP_FAILED) {
        return HAYWIRE_NO_MEMORY;
    }
    memset(pool, 0, sizeof(*pool));
    pool->bytes = bytes;
    pool->room = room;
    pool->page = (HaywirePage *)start;
    pool->held = (HaywireHeld *)(pool->page + room + 1);
    pool->order = (const HaywireCopy **)(pool->held + room);
    pool->free = HAYWIRE_COPY_NONE;
    return HAYWIRE_OK;
}

void haywire_pool_clear(HaywireCopyPool *pool)
{
    if (pool->page) {
        munmap(pool->page, pool->bytes);
    }
    memset(pool, 0, sizeof(*pool));
}

void haywire_pool_reset(HaywireCopyPool *pool)
{
    if (pool->used > 0) {
        madvise(pool->page, pool->bytes, MADV_DONTNEED);
    }
    pool->count = 0;
    pool->used = 0;
    pool->free = HAYWIRE_COPY_NONE;
}

void haywire_pool_begin(HaywireCopyPool *pool, size_t slot_bytes,
                        const uint32_t need[HAYWIRE_COPIES_CLASSES])
{
    uint32_t share[HAYWIRE_COPIES_CLASSES];

    pool->capacity =
        slot_bytes < pool->bytes ? room_for(pool->bytes - slot_bytes) : 0;
    haywire_shares_fair(pool->capacity, need, HAYWIRE_COPIES_CLASSES, share);
    for (int i = 0; i < HAYWIRE_COPIES_CLASSES; i++) {
        pool->queue[i] = (HaywireCopyQueue){
            .oldest = HAYWIRE_COPY_NONE,
            .newest = HAYWIRE_COPY_NONE,
            .guaranteed = share[i],
        };
    }
}

bool haywire_pool_has_room(const HaywireCopyPool *pool)
{
    return pool->count < pool->capacity;
}

static void unlink_copy(HaywireCopyPool *pool, uint32_t number)
{
    HaywireHeld *held = &pool->held[number];
    HaywireCopyQueue *queue = &pool->queue[held->class];

    if (held->older == HAYWIRE_COPY_NONE) {
        queue->oldest = held->newer;
    } else {
        pool->held[held->older].newer = held->newer;
    }
    if (held->newer == HAYWIRE_COPY_NONE) {
        queue->newest = held->older;
    } else {
        pool->held[held->newer].older = held->older;
    }
    queue->count--;
}

static void link_newest(HaywireCopyPool *pool, uint32_t number)
{
    HaywireHeld *held = &pool->held[number];
    HaywireCopyQueue *queue = &pool->queue[held->class];

    held->older = queue->newest;
    held->newer = HAYWIRE_COPY_NONE;
    if (queue->newest == HAYWIRE_COPY_NONE) {
        queue->oldest = number;
    } else {
        pool->held[queue->newest].newer = number;
    }
    queue->newest = number;
    queue->count++;
}

void haywire_pool_renew(HaywireCopyPool *pool, uint32_t number)
{
    unlink_copy(pool, number);
    link_newest(pool, number);
}

void haywire_pool_drop(HaywireCopyPool *pool, uint32_t number)
{
    unlink_copy(pool, number);
    pool->held[number].newer = pool->free;
    pool->free = number;
    pool->count--;
}

/* The oldest copy of the class that has borrowed most. */
static uint32_t find_borrowed(const HaywireCopyPool *pool)
{
    uint32_t most = 0, oldest = HAYWIRE_COPY_NONE;

    for (int i = 0; i < HAYWIRE_COPIES_CLASSES; i++) {
        const HaywireCopyQueue *queue = &pool->queue[i];

        if (queue->count > queue->guaranteed &&
            queue->count - queue->guaranteed > most) {
            most = queue->count - queue->guaranteed;
            oldest = queue->oldest;
        }
    }
    return oldest;
}

/* The copy to give up for a page of @class; HAYWIRE_COPY_NONE: none. */
static uint32_t find_victim(const HaywireCopyPool *pool, HaywireCopyClass class,
                            uint64_t time_ns)
{
    const HaywireCopyQueue *queue = &pool->queue[class];

    if (queue->count < queue->guaranteed) {
        return find_borrowed(pool);
    }
    if (queue->count == 0 ||
        pool->held[queue->oldest].copy.info.monotonic_ns > time_ns) {
        return HAYWIRE_COPY_NONE;
    }
    return queue->oldest;
}

/* A number that is free; there is one. */
static uint32_t take_free(HaywireCopyPool *pool)
{
    uint32_t number = pool->free;

    if (number != HAYWIRE_COPY_NONE) {
        pool->free = pool->held[number].newer;
        return number;
    }
    number = pool->used++;
    pool->held[number].copy.page = &pool->page[number + 1];
    return number;
}

HaywirePage *haywire_pool_swap(HaywireCopyPool *pool, uint32_t number,
                               HaywirePage *page)
{
    HaywireCopy *copy = &pool->held[number].copy;
    HaywirePage *spare = (HaywirePage *)copy->page;

    copy->page = page;
    return spare;
}

uint32_t haywire_pool_take(HaywireCopyPool *pool, HaywireCopyClass class,
                           uint64_t time_ns, uint32_t *ret_evicted)
{
    uint32_t number, victim;

    *ret_evicted = HAYWIRE_COPY_NONE;
    if (!haywire_pool_has_room(pool)) {
        victim = find_victim(pool, class, time_ns);
        if (victim == HAYWIRE_COPY_NONE) {
            return HAYWIRE_COPY_NONE;
        }
        *ret_evicted = pool->held[victim].slot;
        haywire_pool_drop(pool, victim);
    }
    number = take_free(pool);
    pool->held[number].class = class;
    link_newest(pool, number);
    pool->count++;
    return number;
}
