/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The slots of a session, and what the index leads to.
 */

#include <glib.h>
#include <string.h>

#include "beacon_ram.h"
#include "copy_pool.h"
#include "haywire/bytes.h"
#include "follower.h"
#include "haywire/page_read.h"
#include "haywire/publish.h"
#include "map.h"

#define RAM_SIZE   (16u << 20)
#define POOL_BYTES (8u << 20)
#define TOTAL      1010

typedef struct World {
    HaywireBeaconRam ram;
    HaywireSession session;
    HaywireHostCounters host;
    HaywireCopyPool pool;
    HaywireFollower *follower;
    HaywireMap *map; /* of the same geometry */
    uint64_t clashes;
} World;

static HaywirePage *page(World *world, HaywireCategory category, uint32_t index)
{
    return haywire_beacon_ram_page(&world->ram, 0, category, index);
}

static HaywirePosition position(World *world, HaywireCategory category,
                                uint32_t index)
{
    return haywire_beacon_ram_position(&world->ram, 0, category, index);
}

static World *new_world(const char *text)
{
    World *world = g_new0(World, 1);
    HaywireSession *session = &world->session;
    HaywirePage *first;

    haywire_beacon_ram_init(&world->ram, text, RAM_SIZE, false);
    first = page(world, HAYWIRE_CATEGORY_MASTER, 0);
    session->position = position(world, HAYWIRE_CATEGORY_MASTER, 0);
    g_assert_cmpint(haywire_page_verify(first, &session->info, NULL), ==,
                    HAYWIRE_OK);
    session->id = session->info.session;
    g_assert_cmpint(haywire_decode_discovery(first, &session->info,
                                             &session->discovery, NULL),
                    ==, HAYWIRE_OK);
    g_assert_cmpint(haywire_pool_init(&world->pool, POOL_BYTES), ==,
                    HAYWIRE_OK);
    g_assert_cmpint(haywire_follower_new(world->ram.source, &world->pool,
                                         &world->host, session,
                                         &world->follower),
                    ==, HAYWIRE_OK);
    g_assert_cmpint(haywire_map_new(session, &world->map), ==, HAYWIRE_OK);
    return world;
}

static void free_world(World *world)
{
    free(world->map);
    haywire_follower_destroy(world->follower);
    haywire_follower_destroy(NULL);
    haywire_pool_clear(&world->pool);
    haywire_beacon_ram_clear(&world->ram);
    g_free(world);
}

static HaywirePosition mapped_at(World *world, HaywireCategory category,
                                 uint32_t index)
{
    return haywire_follower_position(world->follower, category, index);
}

/* A scan has met this page. */
static void found(World *world, HaywireCategory category, uint32_t index)
{
    HaywirePageInfo info;

    g_assert_cmpint(
        haywire_page_verify(page(world, category, index), &info, NULL), ==,
        HAYWIRE_OK);
    haywire_follower_found(world->follower, position(world, category, index),
                           &info);
}

/* What the index names is mapped, wherever it lies. Pages that are missing. */
static uint32_t follow_index(World *world, bool expect_all)
{
    haywire_memory_set_layout(world->ram.source, &world->ram.layout);
    g_assert_cmpint(haywire_follower_by_index(world->follower), ==, expect_all);
    return world->follower->map->missing;
}

static void test_default_sizes(void)
{
    static const uint32_t sizes[] = { 10, 500, 100, 200, 200 };
    World *world = new_world("session id=1\n");
    int i;

    for (i = 0; i < HAYWIRE_CATEGORY_COUNT; i++) {
        g_assert_cmpuint(world->follower->map->pages[i], ==, sizes[i]);
        /* The discovery page alone. */
        g_assert_cmpuint(world->follower->map->mapped[i], ==,
                         i == HAYWIRE_CATEGORY_MASTER);
        g_assert_cmpuint(mapped_at(world, i, 1).value, ==,
                         HAYWIRE_POSITION_NONE.value);
        g_assert_cmpuint(mapped_at(world, i, sizes[i]).value, ==,
                         HAYWIRE_POSITION_NONE.value);
    }
    g_assert_cmpuint(world->follower->map->missing, ==, TOTAL - 1);
    free_world(world);
}

static void test_found(void)
{
    World *world = new_world("session id=1\n");
    const HaywireFollower *follower = world->follower;

    found(world, HAYWIRE_CATEGORY_PID, 99);
    found(world, HAYWIRE_CATEGORY_PID, 99);
    g_assert_cmpuint(follower->map->mapped[HAYWIRE_CATEGORY_PID], ==, 1);
    g_assert_cmpuint(mapped_at(world, HAYWIRE_CATEGORY_PID, 99).value, ==,
                     position(world, HAYWIRE_CATEGORY_PID, 99).value);
    g_assert_cmpuint(world->host.slot_clashes, ==, 0);
    /* Its page goes, and the session beats on. */
    memset(page(world, HAYWIRE_CATEGORY_PID, 99), 0xcc, HAYWIRE_PAGE_SIZE);
    g_assert_cmpint(haywire_follower_update(world->follower, true), ==,
                    HAYWIRE_OK);
    g_assert_cmpuint(follower->map->mapped[HAYWIRE_CATEGORY_PID], ==, 0);
    g_assert_cmpuint(mapped_at(world, HAYWIRE_CATEGORY_PID, 99).value, ==,
                     HAYWIRE_POSITION_NONE.value);
    g_assert_cmpuint(world->host.rejected[HAYWIRE_BAD_MAGIC], ==, 1);
    free_world(world);
}

static HaywirePageInfo pid_page(uint32_t index, uint64_t time)
{
    return (HaywirePageInfo){ .session = 1,
                              .category = HAYWIRE_CATEGORY_PID,
                              .index = index,
                              .monotonic_ns = time };
}

static void test_find(void)
{
    World *world = new_world("session id=1\n");
    HaywirePageInfo info = pid_page(100, 1);
    uint32_t slot = 7;

    g_assert_cmpint(haywire_map_find(world->map, &info, &slot), ==,
                    HAYWIRE_BAD_INDEX);
    info.index = 99;
    g_assert_cmpint(haywire_map_find(world->map, &info, &slot), ==, HAYWIRE_OK);
    g_assert_cmpuint(slot, ==, 10 + 500 + 99);
    info.session = 2;
    g_assert_cmpint(haywire_map_find(world->map, &info, &slot), ==,
                    HAYWIRE_BAD_SESSION);
    free_world(world);
}

/* A page whose time runs ahead of its session's. */
static void test_ahead(void)
{
    World *world = new_world("session id=1 time=10s\n");
    const uint64_t latest = UINT64_C(10000000000) + HAYWIRE_AHEAD_MAX_NS;
    HaywirePageInfo info = pid_page(99, latest);
    uint32_t slot = 7;

    g_assert_cmpint(haywire_map_find(world->map, &info, &slot), ==, HAYWIRE_OK);
    g_assert_cmpint(haywire_map_check(world->map, slot, &info), ==, HAYWIRE_OK);
    info.monotonic_ns = latest + 1;
    g_assert_cmpint(haywire_map_find(world->map, &info, &slot), ==,
                    HAYWIRE_BAD_TIME);
    g_assert_cmpint(haywire_map_check(world->map, slot, &info), ==,
                    HAYWIRE_BAD_TIME);
    haywire_map_set_clock(world->map, UINT64_MAX);
    g_assert_cmpint(haywire_map_find(world->map, &info, &slot), ==, HAYWIRE_OK);
    free_world(world);
}

/* A page of PID slot 3 that was published then is met there. */
static bool claim(World *world, uint64_t where, uint64_t time, bool by_index)
{
    HaywirePageInfo info = pid_page(3, time);
    uint32_t slot;

    g_assert_cmpint(haywire_map_find(world->map, &info, &slot), ==, HAYWIRE_OK);
    return haywire_map_claim(world->map, slot, (HaywirePosition){ where },
                             &info, by_index, &world->clashes);
}

/* The newer page wins, whichever comes first; on a tie the index. */
static void test_clash(void)
{
    World *world = new_world("session id=1\n");
    const HaywireSlot *slot = &world->map->slot[10 + 500 + 3];

    g_assert_true(claim(world, 0x1000, 100, false));
    g_assert_false(claim(world, 0x2000, 99, false));
    g_assert_false(claim(world, 0x2000, 99, true));
    g_assert_false(claim(world, 0x2000, 100, false));
    g_assert_cmpuint(slot->position.value, ==, 0x1000);
    g_assert_true(claim(world, 0x2000, 100, true));
    g_assert_true(claim(world, 0x3000, 101, false));
    g_assert_cmpuint(slot->position.value, ==, 0x3000);
    g_assert_cmpuint(world->clashes, ==, 5);
    g_assert_cmpuint(world->map->mapped[HAYWIRE_CATEGORY_PID], ==, 1);
    /* Where it is, it is it, whatever it says. */
    g_assert_true(claim(world, 0x3000, 50, false));
    g_assert_cmpuint(world->clashes, ==, 5);
    free_world(world);
}

/* What is older than what was read of a slot is a copy left behind. */
static void test_left_behind(void)
{
    World *world = new_world("session id=1\n");
    const uint32_t number = 10 + 500 + 3;

    g_assert_true(claim(world, 0x1000, 100, false));
    haywire_map_forget(world->map, number);
    haywire_map_forget(world->map, number);
    g_assert_cmpuint(world->map->mapped[HAYWIRE_CATEGORY_PID], ==, 0);
    g_assert_cmpuint(world->map->missing, ==, TOTAL);
    g_assert_false(claim(world, 0x3000, 99, false));
    g_assert_false(claim(world, 0x3000, 99, true));
    g_assert_false(haywire_slot_is_mapped(&world->map->slot[number]));
    g_assert_true(claim(world, 0x3000, 100, false));
    g_assert_cmpuint(world->map->slot[number].position.value, ==, 0x3000);
    g_assert_cmpuint(world->clashes, ==, 0);
    free_world(world);
}

static HaywireStatus check_slot(World *world, HaywireCategory category,
                                uint32_t index)
{
    HaywirePageInfo info;
    HaywirePage copy;
    HaywireStatus status =
        haywire_page_read(world->ram.source, position(world, category, index),
                          &copy, &info, NULL);

    return status == HAYWIRE_OK
               ? haywire_map_check(world->map,
                                   world->map->first[category] + index, &info)
               : status;
}

/* Another page lies where the map points: it says which, and reads nothing. */
static void test_replaced(void)
{
    const HaywireCategory camera = HAYWIRE_CATEGORY_CAMERA1;
    World *world = new_world("session id=1\n");
    HaywirePage *here = page(world, camera, 7);

    g_assert_cmpint(check_slot(world, camera, 7), ==, HAYWIRE_OK);
    here->header.session = haywire_le64(2);
    haywire_beacon_reseal(here);
    g_assert_cmpint(check_slot(world, camera, 7), ==, HAYWIRE_BAD_SESSION);
    memcpy(here, page(world, HAYWIRE_CATEGORY_CAMERA2, 7), sizeof(*here));
    g_assert_cmpint(check_slot(world, camera, 7), ==, HAYWIRE_BAD_CATEGORY);
    memcpy(here, page(world, HAYWIRE_CATEGORY_PID, 7), sizeof(*here));
    g_assert_cmpint(check_slot(world, camera, 7), ==, HAYWIRE_BAD_CATEGORY);
    memcpy(here, page(world, camera, 8), sizeof(*here));
    g_assert_cmpint(check_slot(world, camera, 7), ==, HAYWIRE_BAD_INDEX);
    here->payload[0] ^= 1;
    here->header.payload_length = haywire_le32(8);
    g_assert_cmpint(check_slot(world, camera, 7), ==, HAYWIRE_BAD_CHECKSUM);
    memset(here, 0, sizeof(*here));
    g_assert_cmpint(check_slot(world, camera, 7), !=, HAYWIRE_OK);
    free_world(world);
}

static void add_index_pages(World *world)
{
    const HaywirePart *part =
        &world->session.discovery.part[HAYWIRE_PART_INDEX];
    uint32_t i;

    for (i = 0; i < part->pages; i++) {
        found(world, HAYWIRE_CATEGORY_MASTER, part->first + i);
    }
}

static uint32_t mapped(World *world)
{
    uint32_t i, sum = 0;

    for (i = 0; i < HAYWIRE_CATEGORY_COUNT; i++) {
        sum += world->follower->map->mapped[i];
    }
    return sum;
}

/* From the index pages to all others, wherever they lie. */
static void test_index(void)
{
    World *world = new_world("place seed=5 first=0x200000 pages=3000\n"
                             "session id=1\n");
    size_t i;

    add_index_pages(world);
    g_assert_cmpuint(follow_index(world, true), ==, 0);
    g_assert_cmpuint(mapped(world), ==, TOTAL);
    g_assert_cmpuint(haywire_beacons_count(world->ram.beacons), ==, TOTAL);
    for (i = 0; i < TOTAL; i++) {
        const HaywireBeacon *beacon =
            haywire_beacons_get(world->ram.beacons, i);

        g_assert_cmpuint(
            mapped_at(world, beacon->category, beacon->index).value, ==,
            beacon->position.value);
    }
    free_world(world);
}

static void test_index_missing(void)
{
    World *world = new_world("session id=1\n");

    add_index_pages(world);
    memset(page(world, HAYWIRE_CATEGORY_PID, 1), 0, HAYWIRE_PAGE_SIZE);
    page(world, HAYWIRE_CATEGORY_PID, 2)->header.generation.byte[0] ^= 1;
    memcpy(page(world, HAYWIRE_CATEGORY_PID, 3),
           page(world, HAYWIRE_CATEGORY_PID, 4), HAYWIRE_PAGE_SIZE);
    g_assert_cmpuint(follow_index(world, false), ==, 3);
    g_assert_cmpuint(mapped(world), ==, TOTAL - 3);
    g_assert_cmpuint(world->host.rejected[HAYWIRE_BAD_CHECKSUM], ==, 1);
    g_assert_cmpuint(world->host.rejected[HAYWIRE_BAD_INDEX], ==, 1);
    free_world(world);
}

static void test_index_hidden(void)
{
    World *world = new_world("session id=1 pfns=0\n");

    add_index_pages(world);
    g_assert_cmpuint(follow_index(world, false), ==, TOTAL - 4);
    free_world(world);
}

/* A layout that does not reach the pages. */
static void test_index_outside(void)
{
    static const HaywireLayout small = {
        .count = 1,
        .range = { { { 0 }, { 0 }, 0x100000 } },
    };
    World *world = new_world("session id=1\n");

    add_index_pages(world);
    haywire_memory_set_layout(world->ram.source, &small);
    g_assert_false(haywire_follower_by_index(world->follower));
    g_assert_cmpuint(world->follower->map->missing, ==, TOTAL - 4);
    g_assert_cmpuint(mapped(world), ==, 4);
    /* Each once: of the index itself what discovery says. */
    g_assert_cmpuint(world->host.rejected[HAYWIRE_NO_LAYOUT], ==, TOTAL);
    free_world(world);
}

/* A geometry beyond the defaults has more index pages, behind the manifest. */
static void test_big(void)
{
    World *world = new_world("session id=1\n"
                             "geometry master=12 roundrobin=1000 pid=200\n"
                             "part index first=8 pages=4\n"
                             "part stats first=1 pages=1\n"
                             "part request first=2 pages=1\n"
                             "part response first=3 pages=1\n"
                             "part manifest first=4 pages=4\n");

    add_index_pages(world);
    g_assert_cmpuint(follow_index(world, true), ==, 0);
    g_assert_cmpuint(mapped(world), ==, 12 + 1000 + 200 + 400);
    free_world(world);
}

/* An index that names the same slots again and again ends somewhere. */
static void test_index_repeats(void)
{
    World *world = new_world("session id=1\n");
    HaywirePage *second = page(world, HAYWIRE_CATEGORY_MASTER, 2);
    uint32_t length = haywire_le32_get(second->header.payload_length);
    const HaywirePageStamp stamp = { .kind = HAYWIRE_KIND_INDEX };
    uint8_t payload[HAYWIRE_PAYLOAD_MAX];

    memcpy(payload, second->payload, length);
    for (uint32_t i = 1; i <= 3; i++) {
        haywire_page_publish(page(world, HAYWIRE_CATEGORY_MASTER, i), &stamp,
                             payload, length);
    }
    /* The 490 slots that they name have no pages. */
    for (size_t i = 490; i < 980; i++) {
        const HaywireBeacon *beacon =
            haywire_beacons_get(world->ram.beacons, i);

        memset(haywire_beacon_ram_at(&world->ram, beacon->position), 0,
               HAYWIRE_PAGE_SIZE);
    }
    g_assert_cmpuint(follow_index(world, false), ==, TOTAL - 4);
    g_assert_cmpuint(world->host.rejected[HAYWIRE_HOLE], ==, TOTAL);
    free_world(world);
}

/* The discovery page alone leads to the index, and that to all. */
static void check_discovery(const char *text, bool leads)
{
    World *world = new_world(text);

    g_assert_cmpuint(follow_index(world, leads), ==, leads ? 0 : TOTAL - 1);
    g_assert_cmpuint(mapped(world), ==, leads ? TOTAL : 1);
    free_world(world);
}

#define SHUFFLED "place seed=5 first=0x200000 pages=3000\nsession id=1\n"

static void test_discovery(void)
{
    check_discovery(SHUFFLED, true);
    /* The first frame will do: the first index page names the others. */
    check_discovery(SHUFFLED "set master 0 +176.4=1 +192.8=0 +200.8=0", true);
    /* So will any: what it names of MASTER, it has by itself. */
    check_discovery(SHUFFLED "set master 0 +192.8=0 +200.8=0", true);
    check_discovery(SHUFFLED "set master 0 length=176", false);
    check_discovery(SHUFFLED "set master 0 +176.4=0", false);
    check_discovery("session id=1 pfns=0\n", false);
}

/* All frames lead to @pfn, where no index page of this session is. */
static void check_lie(uint64_t pfn, HaywireStatus reason)
{
    g_autofree char *text = g_strdup_printf(
        "session id=1\n"
        "set master 0 +184.8=0x%" G_GINT64_MODIFIER
        "x +192.8=0x%" G_GINT64_MODIFIER "x +200.8=0x%" G_GINT64_MODIFIER "x\n"
        "place first=0x800000\n"
        "session id=2\n",
        pfn, pfn, pfn);
    World *world = new_world(text);

    g_assert_cmpuint(follow_index(world, false), ==, TOTAL - 1);
    g_assert_cmpuint(mapped(world), ==, 1);
    g_assert_cmpuint(world->host.rejected[reason], ==, 3);
    free_world(world);
}

static void test_discovery_lies(void)
{
    check_lie(0x100, HAYWIRE_BAD_INDEX);      /* the page itself */
    check_lie(0x104, HAYWIRE_BAD_INDEX);      /* statistics */
    check_lie(0x10a, HAYWIRE_BAD_CATEGORY);   /* ROUNDROBIN */
    check_lie(0x801, HAYWIRE_BAD_SESSION);    /* the index of another one */
    check_lie(0xf00, HAYWIRE_HOLE);           /* nothing */
    check_lie(0x1000, HAYWIRE_NO_LAYOUT);     /* behind all RAM */
    check_lie(UINT64_MAX, HAYWIRE_BAD_RANGE); /* no address at all */
    check_lie(1ull << 52, HAYWIRE_BAD_RANGE); /* the first that wraps */
}

/* An index page has moved; its old copy still stands. */
static void test_discovery_moved(void)
{
    World *world = new_world("session id=1\n");
    HaywirePage *old = page(world, HAYWIRE_CATEGORY_MASTER, 2);
    HaywirePosition now = { 0xa00000 };

    g_assert_cmpuint(follow_index(world, true), ==, 0);
    memcpy(haywire_beacon_ram_at(&world->ram, now), old, HAYWIRE_PAGE_SIZE);
    world->session.discovery.index_pfn[1] = now.value >> HAYWIRE_PAGE_SHIFT;
    haywire_follower_take_discovery(world->follower, &world->session, false);
    memset(page(world, HAYWIRE_CATEGORY_MASTER, 1), 0, HAYWIRE_PAGE_SIZE);
    g_assert_cmpuint(follow_index(world, false), ==, 1);
    g_assert_cmpuint(mapped_at(world, HAYWIRE_CATEGORY_MASTER, 2).value, ==,
                     now.value);
    g_assert_cmpuint(world->host.slot_clashes, ==, 1);
    free_world(world);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/map/default-sizes", test_default_sizes);
    g_test_add_func("/map/found", test_found);
    g_test_add_func("/map/find", test_find);
    g_test_add_func("/map/ahead", test_ahead);
    g_test_add_func("/map/clash", test_clash);
    g_test_add_func("/map/left-behind", test_left_behind);
    g_test_add_func("/map/replaced", test_replaced);
    g_test_add_func("/map/index", test_index);
    g_test_add_func("/map/index-missing", test_index_missing);
    g_test_add_func("/map/index-hidden", test_index_hidden);
    g_test_add_func("/map/index-outside", test_index_outside);
    g_test_add_func("/map/big", test_big);
    g_test_add_func("/map/index-repeats", test_index_repeats);
    g_test_add_func("/map/discovery", test_discovery);
    g_test_add_func("/map/discovery-lies", test_discovery_lies);
    g_test_add_func("/map/discovery-moved", test_discovery_moved);
    return g_test_run();
}
