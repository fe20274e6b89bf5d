/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pool of page copies.
 */

#include <string.h>
#include <sys/mman.h>

#include "copy_pool.h"

/* What one copy takes. */
#define COPY_BYTES \
    (sizeof(HaywirePage) + sizeof(HaywireHeld) + sizeof(HaywireCopy *))

static uint32_t room_for(size_t bytes)
{
    size_t room = bytes / COPY_BYTES;

    return room < HAYWIRE_COPY_NONE ? (uint32_t)room : HAYWIRE_COPY_NONE - 1;
}

HaywireStatus haywire_pool_init(HaywireCopyPool *pool, size_t bytes)
{
    uint32_t room = room_for(bytes);
    uint8_t *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (start == MAP_FAILED) {
        return HAYWIRE_NO_MEMORY;
    }
    *pool = (HaywireCopyPool){ .bytes = bytes,
                               .room = room,
                               .page = (HaywirePage *)start,
                               .capacity = room,
                               .free = HAYWIRE_COPY_NONE };
    pool->held = (HaywireHeld *)(pool->page + room);
    pool->order = (const HaywireCopy **)(pool->held + room);
    return HAYWIRE_OK;
}

void haywire_pool_clear(HaywireCopyPool *pool)
{
    if (pool->page) {
        munmap(pool->page, pool->bytes);
    }
    memset(pool, 0, sizeof(*pool));
}

void haywire_pool_reset(HaywireCopyPool *pool, size_t other_bytes)
{
    if (pool->used > 0) {
        madvise(pool->page, pool->bytes, MADV_DONTNEED);
    }
    pool->capacity =
        other_bytes < pool->bytes ? room_for(pool->bytes - other_bytes) : 0;
    pool->count = 0;
    pool->used = 0;
    pool->free = HAYWIRE_COPY_NONE;
}

bool haywire_pool_has_room(const HaywireCopyPool *pool)
{
    return pool->count < pool->capacity;
}

uint32_t haywire_pool_take(HaywireCopyPool *pool)
{
    uint32_t number = pool->free;

    if (!haywire_pool_has_room(pool)) {
        return HAYWIRE_COPY_NONE;
    }
    if (number == HAYWIRE_COPY_NONE) {
        number = pool->used++;
        pool->held[number].copy.page = &pool->page[number];
    } else {
        pool->free = pool->held[number].free;
    }
    pool->count++;
    return number;
}

void haywire_pool_drop(HaywireCopyPool *pool, uint32_t number)
{
    pool->held[number].free = pool->free;
    pool->free = number;
    pool->count--;
}
