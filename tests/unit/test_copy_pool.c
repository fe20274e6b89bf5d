/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pool of copies: within its bytes, and what is held when it is full.
 */

#include <glib.h>
#include <string.h>

#include "beacon_ram.h"
#include "copy_pool.h"
#include "haywire/bytes.h"
#include "follower.h"
#include "haywire/publish.h"

#define BYTES    (256u << 10)
#define RAM_SIZE (16u << 20)

/* Take all that there are, and mark each; how many. */
static uint32_t fill(HaywireCopyPool *pool)
{
    uint32_t count = 0, number;

    while ((number = haywire_pool_take(pool)) != HAYWIRE_COPY_NONE) {
        g_assert_cmpuint(number, ==, count);
        memset((void *)pool->held[number].copy.page, (int)count,
               HAYWIRE_PAGE_SIZE);
        count++;
    }
    g_assert_false(haywire_pool_has_room(pool));
    return count;
}

/* All of it lies within what was asked for, and nothing overlaps. */
static void test_bytes(void)
{
    HaywireCopyPool pool;
    const uint8_t *start, *end;
    uint32_t i, count;

    g_assert_cmpint(haywire_pool_init(&pool, BYTES), ==, HAYWIRE_OK);
    start = (const uint8_t *)pool.page;
    end = start + BYTES;
    count = fill(&pool);
    g_assert_cmpuint(count, >, BYTES / HAYWIRE_PAGE_SIZE * 9 / 10);
    g_assert_cmpuint(count, <, BYTES / HAYWIRE_PAGE_SIZE);
    for (i = 0; i < count; i++) {
        const uint8_t *page = (const uint8_t *)pool.held[i].copy.page;

        pool.order[i] = &pool.held[i].copy;
        g_assert_true(page >= start && page + HAYWIRE_PAGE_SIZE <= end);
        g_assert_cmpuint(page[0], ==, (uint8_t)i);
        g_assert_cmpuint(page[HAYWIRE_PAGE_SIZE - 1], ==, (uint8_t)i);
    }
    g_assert_true((const uint8_t *)&pool.held[count] <= end);
    g_assert_true((const uint8_t *)&pool.order[count] <= end);
    haywire_pool_clear(&pool);
}

/* What slots take is not there for copies. */
static void test_other_bytes(void)
{
    HaywireCopyPool pool;
    uint32_t all;

    g_assert_cmpint(haywire_pool_init(&pool, BYTES), ==, HAYWIRE_OK);
    all = fill(&pool);
    haywire_pool_reset(&pool, BYTES / 2);
    g_assert_cmpuint(fill(&pool), ==, all / 2);
    haywire_pool_reset(&pool, BYTES + 1);
    g_assert_cmpuint(fill(&pool), ==, 0);
    haywire_pool_clear(&pool);
}

/* One that is given back is the next to be taken. */
static void test_drop(void)
{
    HaywireCopyPool pool;
    const HaywirePage *page;

    g_assert_cmpint(haywire_pool_init(&pool, BYTES), ==, HAYWIRE_OK);
    fill(&pool);
    page = pool.held[5].copy.page;
    haywire_pool_drop(&pool, 0);
    haywire_pool_drop(&pool, 5);
    g_assert_cmpuint(haywire_pool_take(&pool), ==, 5);
    g_assert_true(pool.held[5].copy.page == page);
    g_assert_cmpuint(haywire_pool_take(&pool), ==, 0);
    g_assert_cmpuint(haywire_pool_take(&pool), ==, HAYWIRE_COPY_NONE);
    haywire_pool_clear(&pool);
}

/* A small guest, followed with room for few copies. */
typedef struct World {
    HaywireBeaconRam ram;
    HaywireHostCounters host;
    HaywireCopyPool pool;
    HaywireFollower *follower;
} World;

#define ROOM 8 /* copies, beside those that there are at first */

/* The first of these pages is published anew, with nothing in it. */
static void publish(World *world, HaywireCategory category, uint32_t first,
                    uint32_t count, uint32_t kind)
{
    for (uint32_t i = first; i < first + count; i++) {
        HaywirePage *page =
            haywire_beacon_ram_page(&world->ram, 0, category, i);
        HaywirePageStamp stamp = haywire_beacon_stamp(page);

        stamp.kind = kind;
        stamp.monotonic_ns++;
        haywire_page_publish(page, &stamp, "", 0);
    }
}

static void update(World *world)
{
    g_assert_cmpint(haywire_follower_update(world->follower, true), ==,
                    HAYWIRE_OK);
}

static void world_init(World *world)
{
    HaywireSession session = { .id = 1 };
    HaywirePage *page;

    haywire_beacon_ram_init(&world->ram, "session id=1\n", RAM_SIZE, true);
    page = haywire_beacon_ram_page(&world->ram, 0, HAYWIRE_CATEGORY_MASTER, 0);
    session.position =
        haywire_beacon_ram_position(&world->ram, 0, HAYWIRE_CATEGORY_MASTER, 0);
    g_assert_cmpint(haywire_page_verify(page, &session.info, NULL), ==,
                    HAYWIRE_OK);
    g_assert_cmpint(
        haywire_decode_discovery(page, &session.info, &session.discovery, NULL),
        ==, HAYWIRE_OK);
    g_assert_cmpint(haywire_pool_init(&world->pool, 8u << 20), ==, HAYWIRE_OK);
    g_assert_cmpint(haywire_follower_new(world->ram.source, &world->pool,
                                         &world->host, &session,
                                         &world->follower),
                    ==, HAYWIRE_OK);
    g_assert_true(haywire_follower_by_index(world->follower));
    update(world);
    world->pool.capacity = world->pool.count + ROOM;
}

static void world_clear(World *world)
{
    haywire_follower_destroy(world->follower);
    haywire_pool_clear(&world->pool);
    haywire_beacon_ram_clear(&world->ram);
}

/* Copies that are held of pages of a category, from @first on. */
static uint32_t held(World *world, HaywireCategory category, uint32_t first)
{
    size_t i, copies;
    const HaywireCopy *const *copy =
        haywire_follower_list(world->follower, &copies);
    uint32_t count = 0;

    for (i = 0; i < copies; i++) {
        count +=
            copy[i]->info.category == category && copy[i]->info.index >= first;
    }
    return count;
}

static void check_left_out(World *world, uint32_t now, uint32_t times)
{
    g_assert_cmpuint(world->host.pages_left_out, ==, now);
    g_assert_cmpuint(world->host.limits_reached, ==, times);
}

/* What is worth less gives way: sections, cameras, records, snapshots. */
static void test_give_way(void)
{
    World world = { 0 };

    world_init(&world);
    publish(&world, HAYWIRE_CATEGORY_ROUNDROBIN, 250, ROOM,
            HAYWIRE_KIND_ROUNDROBIN);
    update(&world);
    g_assert_cmpuint(held(&world, HAYWIRE_CATEGORY_ROUNDROBIN, 250), ==, ROOM);
    check_left_out(&world, 0, 0);
    publish(&world, HAYWIRE_CATEGORY_CAMERA1, 1, 2, HAYWIRE_KIND_CAMERA);
    update(&world);
    /* A pass that the control page does not name yet. */
    g_assert_cmpuint(held(&world, HAYWIRE_CATEGORY_CAMERA1, 1), ==, 0);
    publish(&world, HAYWIRE_CATEGORY_CAMERA1, 0, 1, HAYWIRE_KIND_CONTROL);
    update(&world);
    g_assert_cmpuint(held(&world, HAYWIRE_CATEGORY_CAMERA1, 1), ==, 2);
    g_assert_cmpuint(held(&world, HAYWIRE_CATEGORY_ROUNDROBIN, 250), ==,
                     ROOM - 2);
    check_left_out(&world, 2, 2);
    publish(&world, HAYWIRE_CATEGORY_PID, 0, ROOM, HAYWIRE_KIND_PID);
    update(&world);
    g_assert_cmpuint(held(&world, HAYWIRE_CATEGORY_PID, 0), ==, ROOM);
    g_assert_cmpuint(held(&world, HAYWIRE_CATEGORY_CAMERA1, 1), ==, 0);
    g_assert_cmpuint(held(&world, HAYWIRE_CATEGORY_CAMERA1, 0), ==, 1);
    check_left_out(&world, ROOM + 2, ROOM + 2);
    /* Records come after snapshots, and stay out. */
    publish(&world, HAYWIRE_CATEGORY_ROUNDROBIN, 0, 1, HAYWIRE_KIND_ROUNDROBIN);
    update(&world);
    update(&world);
    check_left_out(&world, ROOM + 3, ROOM + 3);
    /* Where there is room again, they are the first. */
    publish(&world, HAYWIRE_CATEGORY_PID, 0, 1, HAYWIRE_KIND_EMPTY);
    update(&world);
    update(&world);
    g_assert_cmpuint(held(&world, HAYWIRE_CATEGORY_ROUNDROBIN, 0), ==, 1);
    g_assert_cmpuint(world.host.pages_left_out, ==, ROOM + 2);
    world_clear(&world);
    g_assert_cmpuint(world.host.pages_left_out, ==, 0);
}

/* A page that is held is read into its copy again, however full it is. */
static void test_renew(void)
{
    World world = { 0 };
    uint64_t read;

    world_init(&world);
    publish(&world, HAYWIRE_CATEGORY_PID, 0, ROOM, HAYWIRE_KIND_PID);
    update(&world);
    read = world.host.pages_read;
    update(&world);
    g_assert_cmpuint(world.host.pages_read, ==, read);
    g_assert_false(held(&world, HAYWIRE_CATEGORY_PID, 0) != ROOM);
    publish(&world, HAYWIRE_CATEGORY_PID, 3, 1, HAYWIRE_KIND_PID);
    update(&world);
    g_assert_cmpuint(world.host.pages_read, ==, read + 1);
    g_assert_true(world.follower->changed);
    check_left_out(&world, 0, 0);
    world_clear(&world);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/copy-pool/bytes", test_bytes);
    g_test_add_func("/copy-pool/other-bytes", test_other_bytes);
    g_test_add_func("/copy-pool/drop", test_drop);
    g_test_add_func("/copy-pool/give-way", test_give_way);
    g_test_add_func("/copy-pool/renew", test_renew);
    return g_test_run();
}
