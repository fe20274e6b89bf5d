/*
 * The pool of copies: who gets one, and who gives his up.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <glib.h>
#include <string.h>

#include "haywire/copy_pool.h"
#include "haywire/limits.h"

#define BYTES (256u << 10)

static const uint32_t plenty[HAYWIRE_COPIES_CLASSES] = {
    1000, 1000, 1000, 1000, 1000, 1000,
};

static void begin(HaywireCopyPool *pool, const uint32_t *need)
{
    g_assert_cmpint(haywire_pool_init(pool, BYTES), ==, HAYWIRE_OK);
    haywire_pool_begin(pool, 0, need);
}

/* A copy for slot @slot, of a page published at @time. */
static uint32_t take(HaywireCopyPool *pool, HaywireCopyClass class,
                     uint64_t time, uint32_t slot, uint32_t *ret_evicted)
{
    uint32_t number = haywire_pool_take(pool, class, time, ret_evicted);

    if (number != HAYWIRE_COPY_NONE) {
        pool->held[number].slot = slot;
        pool->held[number].copy.info.monotonic_ns = time;
        memset((void *)pool->held[number].copy.page, (int)slot,
               HAYWIRE_PAGE_SIZE);
    }
    return number;
}

/* Fill the pool with one class; how many there are then. */
static uint32_t fill(HaywireCopyPool *pool, HaywireCopyClass class)
{
    uint32_t count = 0, evicted;

    while (haywire_pool_has_room(pool)) {
        g_assert_cmpuint(take(pool, class, 100 + count, count, &evicted), !=,
                         HAYWIRE_COPY_NONE);
        g_assert_cmpuint(evicted, ==, HAYWIRE_COPY_NONE);
        count++;
    }
    return count;
}

/* All of it lies within what was asked for, and nothing overlaps. */
static void test_bytes(void)
{
    HaywireCopyPool pool;
    const uint8_t *start, *end;
    uint32_t i, count;

    begin(&pool, plenty);
    start = (const uint8_t *)pool.page;
    end = start + BYTES;
    count = fill(&pool, HAYWIRE_COPIES_SECTIONS);
    g_assert_cmpuint(count, >, BYTES / HAYWIRE_PAGE_SIZE * 9 / 10);
    g_assert_cmpuint(count, <, BYTES / HAYWIRE_PAGE_SIZE);
    for (i = 0; i < count; i++) {
        const uint8_t *page = (const uint8_t *)pool.held[i].copy.page;

        pool.order[i] = &pool.held[i].copy;
        g_assert_true(page > start && page + HAYWIRE_PAGE_SIZE <= end);
        g_assert_cmpuint(page[0], ==, (uint8_t)i);
        g_assert_cmpuint(page[HAYWIRE_PAGE_SIZE - 1], ==, (uint8_t)i);
    }
    g_assert_true((const uint8_t *)&pool.held[count] <= end);
    g_assert_true((const uint8_t *)&pool.order[count] <= end);
    haywire_pool_clear(&pool);
}

/* What slots take is not there for copies. */
static void test_slot_bytes(void)
{
    HaywireCopyPool pool;
    uint32_t all, evicted;

    begin(&pool, plenty);
    all = fill(&pool, HAYWIRE_COPIES_SECTIONS);
    haywire_pool_reset(&pool);
    haywire_pool_begin(&pool, BYTES / 2, plenty);
    g_assert_cmpuint(fill(&pool, HAYWIRE_COPIES_PID), <=, all / 2);
    haywire_pool_reset(&pool);
    haywire_pool_begin(&pool, BYTES + 1, plenty);
    g_assert_false(haywire_pool_has_room(&pool));
    g_assert_cmpuint(take(&pool, HAYWIRE_COPIES_HEAD, 1, 0, &evicted), ==,
                     HAYWIRE_COPY_NONE);
    haywire_pool_clear(&pool);
}

/* Who borrowed gives back, from the oldest on, until all have their share. */
static void test_shares(void)
{
    HaywireCopyPool pool;
    uint32_t count, share, i, evicted;

    begin(&pool, plenty);
    count = fill(&pool, HAYWIRE_COPIES_SECTIONS);
    share = count / HAYWIRE_COPIES_CLASSES;
    for (i = 0; i < share; i++) {
        /* However old it is. */
        g_assert_cmpuint(take(&pool, HAYWIRE_COPIES_PID, 1, 1000 + i, &evicted),
                         !=, HAYWIRE_COPY_NONE);
        g_assert_cmpuint(evicted, ==, i);
    }
    /* From now on each new page takes the place of an older one. */
    g_assert_cmpuint(take(&pool, HAYWIRE_COPIES_PID, 0, 2000, &evicted), ==,
                     HAYWIRE_COPY_NONE);
    g_assert_cmpuint(take(&pool, HAYWIRE_COPIES_PID, 2, 2000, &evicted), !=,
                     HAYWIRE_COPY_NONE);
    g_assert_cmpuint(evicted, ==, 1000);
    g_assert_cmpuint(pool.queue[HAYWIRE_COPIES_PID].count, ==, share);
    g_assert_cmpuint(pool.queue[HAYWIRE_COPIES_SECTIONS].count, ==,
                     count - share);
    haywire_pool_clear(&pool);
}

/* A class that needs little is never short of it. */
static void test_modest(void)
{
    static const uint32_t need[HAYWIRE_COPIES_CLASSES] = {
        3, 1000, 1000, 1000, 1000, 1000,
    };
    HaywireCopyPool pool;
    uint32_t i, evicted;

    begin(&pool, need);
    fill(&pool, HAYWIRE_COPIES_PID);
    for (i = 0; i < 3; i++) {
        g_assert_cmpuint(take(&pool, HAYWIRE_COPIES_HEAD, 1, 500, &evicted), !=,
                         HAYWIRE_COPY_NONE);
    }
    g_assert_cmpuint(take(&pool, HAYWIRE_COPIES_CAMERA1, 1, 501, &evicted), !=,
                     HAYWIRE_COPY_NONE);
    g_assert_cmpuint(pool.queue[HAYWIRE_COPIES_HEAD].count, ==, 3);
    haywire_pool_clear(&pool);
}

/* A copy that is taken anew is the last to go; one given back is free. */
static void test_renew(void)
{
    HaywireCopyPool pool;
    uint32_t count, number, evicted;

    begin(&pool, plenty);
    count = fill(&pool, HAYWIRE_COPIES_SECTIONS);
    haywire_pool_renew(&pool, 0);
    take(&pool, HAYWIRE_COPIES_SECTIONS, 5000, 7, &evicted);
    g_assert_cmpuint(evicted, ==, 1);
    haywire_pool_drop(&pool, 0);
    haywire_pool_drop(&pool, 5);
    haywire_pool_drop(&pool, count - 1);
    g_assert_true(haywire_pool_has_room(&pool));
    number = take(&pool, HAYWIRE_COPIES_PID, 5000, 8, &evicted);
    g_assert_cmpuint(number, ==, count - 1);
    g_assert_cmpuint(evicted, ==, HAYWIRE_COPY_NONE);
    g_assert_cmpuint(pool.count, ==, count - 2);
    haywire_pool_clear(&pool);
}

/* The page read into becomes the copy, and the copy's the next to read into. */
static void test_swap(void)
{
    HaywireCopyPool pool;
    HaywirePage *spare, *other;
    uint32_t number, evicted;

    begin(&pool, plenty);
    spare = pool.page;
    number = take(&pool, HAYWIRE_COPIES_PID, 1, 1, &evicted);
    other = haywire_pool_swap(&pool, number, spare);
    g_assert_true(other != spare);
    g_assert_true(pool.held[number].copy.page == spare);
    g_assert_true(haywire_pool_swap(&pool, number, other) == spare);
    haywire_pool_clear(&pool);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/copy-pool/bytes", test_bytes);
    g_test_add_func("/copy-pool/slot-bytes", test_slot_bytes);
    g_test_add_func("/copy-pool/shares", test_shares);
    g_test_add_func("/copy-pool/modest", test_modest);
    g_test_add_func("/copy-pool/renew", test_renew);
    g_test_add_func("/copy-pool/swap", test_swap);
    return g_test_run();
}
