/*
 * The mapping arrays, by scan and by index.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <glib.h>
#include <string.h>

#include "beacon_ram.h"
#include "haywire/bytes.h"
#include "haywire/map.h"
#include "haywire/publish.h"

#define RAM_SIZE (16u << 20)
#define TOTAL    1010

typedef struct World {
    HaywireBeaconRam ram;
    HaywireDiscovery discovery;
    HaywireMap *map;
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
    HaywirePageInfo info;
    HaywirePage *first;

    haywire_beacon_ram_init(&world->ram, text, RAM_SIZE, false);
    first = page(world, HAYWIRE_CATEGORY_MASTER, 0);
    g_assert_cmpint(haywire_page_verify(first, &info, NULL), ==, HAYWIRE_OK);
    g_assert_cmpint(
        haywire_decode_discovery(first, &info, &world->discovery, NULL), ==,
        HAYWIRE_OK);
    g_assert_cmpint(
        haywire_map_new(info.session, &world->discovery, &world->map), ==,
        HAYWIRE_OK);
    return world;
}

static void free_world(World *world)
{
    haywire_map_destroy(world->map);
    haywire_map_destroy(NULL);
    haywire_beacon_ram_clear(&world->ram);
    g_free(world);
}

static HaywireStatus add(World *world, HaywireCategory category, uint32_t index)
{
    HaywirePageInfo info;

    g_assert_cmpint(
        haywire_page_verify(page(world, category, index), &info, NULL), ==,
        HAYWIRE_OK);
    return haywire_map_add(world->map, position(world, category, index), &info);
}

static HaywireStatus read_slot(World *world, HaywireCategory category,
                               uint32_t index)
{
    HaywirePageInfo info;
    HaywirePage copy;
    HaywireStatus status = haywire_map_read(world->map, world->ram.source,
                                            category, index, &copy, &info);

    if (status == HAYWIRE_OK) {
        g_assert_cmpint(info.category, ==, category);
        g_assert_cmpuint(info.index, ==, index);
    }
    return status;
}

/* What the index names is mapped, wherever it lies. */
static HaywireStatus follow_index(World *world, uint32_t *ret_missing)
{
    return haywire_map_add_index(world->map, world->ram.source,
                                 &world->ram.layout, ret_missing);
}

static void test_default_sizes(void)
{
    static const uint32_t sizes[] = { 10, 500, 100, 200, 200 };
    World *world = new_world("session id=1\n");
    int i;

    for (i = 0; i < HAYWIRE_CATEGORY_COUNT; i++) {
        g_assert_cmpuint(haywire_map_pages(world->map, i), ==, sizes[i]);
        g_assert_cmpuint(haywire_map_mapped(world->map, i), ==, 0);
        g_assert_cmpuint(haywire_map_position(world->map, i, 0).value, ==,
                         UINT64_MAX);
    }
    g_assert_cmpuint(haywire_map_pages(world->map, HAYWIRE_CATEGORY_COUNT), ==,
                     0);
    g_assert_cmpuint(haywire_map_mapped(world->map, HAYWIRE_CATEGORY_COUNT), ==,
                     0);
    free_world(world);
}

static void test_add_and_read(void)
{
    World *world = new_world("session id=1\n");

    g_assert_cmpint(read_slot(world, HAYWIRE_CATEGORY_PID, 99), ==,
                    HAYWIRE_NOT_FOUND);
    g_assert_cmpint(add(world, HAYWIRE_CATEGORY_PID, 99), ==, HAYWIRE_OK);
    g_assert_cmpuint(haywire_map_mapped(world->map, HAYWIRE_CATEGORY_PID), ==,
                     1);
    g_assert_cmpuint(
        haywire_map_position(world->map, HAYWIRE_CATEGORY_PID, 99).value, ==,
        position(world, HAYWIRE_CATEGORY_PID, 99).value);
    g_assert_cmpint(read_slot(world, HAYWIRE_CATEGORY_PID, 99), ==, HAYWIRE_OK);
    g_assert_cmpint(add(world, HAYWIRE_CATEGORY_PID, 99), ==, HAYWIRE_OK);
    g_assert_cmpuint(haywire_map_clashes(world->map), ==, 0);
    g_assert_cmpint(read_slot(world, HAYWIRE_CATEGORY_PID, 100), ==,
                    HAYWIRE_NOT_FOUND);
    haywire_map_forget(world->map, HAYWIRE_CATEGORY_PID, 99);
    haywire_map_forget(world->map, HAYWIRE_CATEGORY_PID, 99);
    haywire_map_forget(world->map, HAYWIRE_CATEGORY_PID, 1000);
    g_assert_cmpuint(haywire_map_mapped(world->map, HAYWIRE_CATEGORY_PID), ==,
                     0);
    g_assert_cmpint(read_slot(world, HAYWIRE_CATEGORY_PID, 99), ==,
                    HAYWIRE_NOT_FOUND);
    free_world(world);
}

static void test_bad_index(void)
{
    World *world = new_world("session id=1\n");
    HaywirePageInfo info = { .session = 1,
                             .category = HAYWIRE_CATEGORY_PID,
                             .index = 100 };

    g_assert_cmpint(haywire_map_add(world->map, (HaywirePosition){ 0 }, &info),
                    ==, HAYWIRE_BAD_INDEX);
    free_world(world);
}

static void test_bad_session(void)
{
    World *world = new_world("session id=1\n");
    HaywirePageInfo info = { .session = 2, .category = HAYWIRE_CATEGORY_PID };

    g_assert_cmpint(haywire_map_add(world->map, (HaywirePosition){ 0 }, &info),
                    ==, HAYWIRE_BAD_SESSION);
    free_world(world);
}

/* The newer page wins, whichever comes first. */
static void test_clash(void)
{
    World *world = new_world("session id=1\n");
    HaywirePageInfo info = { .session = 1,
                             .category = HAYWIRE_CATEGORY_PID,
                             .index = 3,
                             .monotonic_ns = 100 };
    const HaywirePosition a = { 0x1000 }, b = { 0x2000 }, c = { 0x3000 };

    g_assert_cmpint(haywire_map_add(world->map, a, &info), ==, HAYWIRE_OK);
    info.monotonic_ns = 99;
    g_assert_cmpint(haywire_map_add(world->map, b, &info), ==, HAYWIRE_OK);
    g_assert_cmpuint(haywire_map_position(world->map, info.category, 3).value,
                     ==, a.value);
    info.monotonic_ns = 101;
    g_assert_cmpint(haywire_map_add(world->map, c, &info), ==, HAYWIRE_OK);
    g_assert_cmpuint(haywire_map_position(world->map, info.category, 3).value,
                     ==, c.value);
    g_assert_cmpuint(haywire_map_clashes(world->map), ==, 2);
    g_assert_cmpuint(haywire_map_mapped(world->map, info.category), ==, 1);
    free_world(world);
}

/* What is older than what was read of a slot is a copy left behind. */
static void test_left_behind(void)
{
    World *world = new_world("session id=1\n");
    HaywirePage *live = page(world, HAYWIRE_CATEGORY_PID, 3);
    HaywirePageInfo info;
    const HaywirePosition elsewhere = { 0x3000 };
    uint32_t missing;

    g_assert_cmpint(add(world, HAYWIRE_CATEGORY_PID, 3), ==, HAYWIRE_OK);
    live->header.monotonic_ns =
        haywire_le64(haywire_le64_get(live->header.monotonic_ns) + 50);
    haywire_beacon_reseal(live);
    g_assert_cmpint(read_slot(world, HAYWIRE_CATEGORY_PID, 3), ==, HAYWIRE_OK);
    g_assert_cmpint(haywire_page_verify(live, &info, NULL), ==, HAYWIRE_OK);
    haywire_map_forget(world->map, HAYWIRE_CATEGORY_PID, 3);
    info.monotonic_ns--;
    g_assert_cmpint(haywire_map_add(world->map, elsewhere, &info), ==,
                    HAYWIRE_OK);
    live->header.monotonic_ns = haywire_le64(info.monotonic_ns);
    haywire_beacon_reseal(live);
    g_assert_cmpint(follow_index(world, &missing), ==, HAYWIRE_OK);
    g_assert_cmpuint(missing, ==, 1);
    g_assert_cmpuint(
        haywire_map_position(world->map, HAYWIRE_CATEGORY_PID, 3).value, ==,
        HAYWIRE_POSITION_NONE.value);
    info.monotonic_ns++;
    g_assert_cmpint(haywire_map_add(world->map, elsewhere, &info), ==,
                    HAYWIRE_OK);
    g_assert_cmpuint(
        haywire_map_position(world->map, HAYWIRE_CATEGORY_PID, 3).value, ==,
        elsewhere.value);
    g_assert_cmpuint(haywire_map_clashes(world->map), ==, 0);
    free_world(world);
}

/* Another page lies where the map points: it says which, and reads nothing. */
static void test_replaced(void)
{
    World *world = new_world("session id=1\n");
    HaywirePage *here = page(world, HAYWIRE_CATEGORY_CAMERA1, 7);

    g_assert_cmpint(add(world, HAYWIRE_CATEGORY_CAMERA1, 7), ==, HAYWIRE_OK);
    here->header.session = haywire_le64(2);
    haywire_beacon_reseal(here);
    g_assert_cmpint(read_slot(world, HAYWIRE_CATEGORY_CAMERA1, 7), ==,
                    HAYWIRE_BAD_SESSION);
    memcpy(here, page(world, HAYWIRE_CATEGORY_CAMERA2, 7), sizeof(*here));
    g_assert_cmpint(read_slot(world, HAYWIRE_CATEGORY_CAMERA1, 7), ==,
                    HAYWIRE_BAD_CATEGORY);
    memcpy(here, page(world, HAYWIRE_CATEGORY_CAMERA1, 8), sizeof(*here));
    g_assert_cmpint(read_slot(world, HAYWIRE_CATEGORY_CAMERA1, 7), ==,
                    HAYWIRE_BAD_INDEX);
    here->payload[0] ^= 1;
    here->header.payload_length = haywire_le32(8);
    g_assert_cmpint(read_slot(world, HAYWIRE_CATEGORY_CAMERA1, 7), ==,
                    HAYWIRE_BAD_CHECKSUM);
    memset(here, 0, sizeof(*here));
    g_assert_cmpint(read_slot(world, HAYWIRE_CATEGORY_CAMERA1, 7), ==,
                    HAYWIRE_HOLE);
    free_world(world);
}

static void add_index_pages(World *world)
{
    const HaywirePart *part = &world->discovery.part[HAYWIRE_PART_INDEX];
    uint32_t i;

    for (i = 0; i < part->pages; i++) {
        g_assert_cmpint(add(world, HAYWIRE_CATEGORY_MASTER, part->first + i),
                        ==, HAYWIRE_OK);
    }
}

static uint32_t mapped(World *world)
{
    uint32_t i, sum = 0;

    for (i = 0; i < HAYWIRE_CATEGORY_COUNT; i++) {
        sum += haywire_map_mapped(world->map, i);
    }
    return sum;
}

/* From the index pages to all others, wherever they lie. */
static void test_index(void)
{
    World *world = new_world("place seed=5 first=0x200000 pages=3000\n"
                             "session id=1\n");
    uint32_t missing = 77;
    size_t i;

    add_index_pages(world);
    g_assert_cmpint(follow_index(world, &missing), ==, HAYWIRE_OK);
    g_assert_cmpuint(missing, ==, 0);
    g_assert_cmpuint(mapped(world), ==, TOTAL);
    g_assert_cmpuint(haywire_beacons_count(world->ram.beacons), ==, TOTAL);
    for (i = 0; i < TOTAL; i++) {
        const HaywireBeacon *beacon =
            haywire_beacons_get(world->ram.beacons, i);

        g_assert_cmpuint(
            haywire_map_position(world->map, beacon->category, beacon->index)
                .value,
            ==, beacon->position.value);
    }
    free_world(world);
}

static void test_index_missing(void)
{
    World *world = new_world("session id=1\n");
    uint32_t missing;

    add_index_pages(world);
    memset(page(world, HAYWIRE_CATEGORY_PID, 1), 0, HAYWIRE_PAGE_SIZE);
    page(world, HAYWIRE_CATEGORY_PID, 2)->header.generation.byte[0] ^= 1;
    memcpy(page(world, HAYWIRE_CATEGORY_PID, 3),
           page(world, HAYWIRE_CATEGORY_PID, 4), HAYWIRE_PAGE_SIZE);
    g_assert_cmpint(follow_index(world, &missing), ==, HAYWIRE_OK);
    g_assert_cmpuint(missing, ==, 3);
    g_assert_cmpuint(mapped(world), ==, TOTAL - 3);
    g_assert_cmpuint(haywire_map_rejected(world->map, HAYWIRE_BAD_CHECKSUM), ==,
                     1);
    g_assert_cmpuint(haywire_map_rejected(world->map, HAYWIRE_BAD_INDEX), ==,
                     1);
    free_world(world);
}

static void test_index_hidden(void)
{
    World *world = new_world("session id=1 pfns=0\n");
    uint32_t missing;

    add_index_pages(world);
    g_assert_cmpint(follow_index(world, &missing), ==, HAYWIRE_NO_PFN);
    g_assert_cmpuint(missing, ==, TOTAL - 3);
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
    uint32_t missing;

    add_index_pages(world);
    g_assert_cmpint(
        haywire_map_add_index(world->map, world->ram.source, &small, &missing),
        ==, HAYWIRE_OK);
    g_assert_cmpuint(missing, ==, TOTAL - 3);
    g_assert_cmpuint(mapped(world), ==, 3);
    /* Its entries, and what discovery says of its own pages. */
    g_assert_cmpuint(haywire_map_rejected(world->map, HAYWIRE_NO_LAYOUT), ==,
                     TOTAL + 3);
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
    uint32_t missing;

    add_index_pages(world);
    g_assert_cmpint(follow_index(world, &missing), ==, HAYWIRE_OK);
    g_assert_cmpuint(missing, ==, 0);
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
    uint32_t missing;

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
    g_assert_cmpint(follow_index(world, &missing), ==, HAYWIRE_OK);
    g_assert_cmpuint(missing, ==, TOTAL - 3);
    g_assert_cmpuint(haywire_map_rejected(world->map, HAYWIRE_HOLE), ==,
                     TOTAL);
    free_world(world);
}

/* The discovery page alone leads to the index, and that to all. */
static void check_discovery(const char *text, HaywireStatus expected,
                            uint32_t expected_missing)
{
    World *world = new_world(text);
    uint32_t missing;

    g_assert_cmpint(follow_index(world, &missing), ==, expected);
    g_assert_cmpuint(missing, ==, expected_missing);
    g_assert_cmpuint(mapped(world), ==, TOTAL - expected_missing);
    free_world(world);
}

#define SHUFFLED "place seed=5 first=0x200000 pages=3000\nsession id=1\n"

static void test_discovery(void)
{
    check_discovery(SHUFFLED, HAYWIRE_OK, 0);
    /* The first frame will do: the first index page names the others. */
    check_discovery(SHUFFLED "set master 0 +176.4=1 +192.8=0 +200.8=0",
                    HAYWIRE_OK, 0);
    /* So will any: what it names of MASTER, it has by itself. */
    check_discovery(SHUFFLED "set master 0 +192.8=0 +200.8=0", HAYWIRE_OK, 0);
    check_discovery(SHUFFLED "set master 0 length=176", HAYWIRE_NO_PFN, TOTAL);
    check_discovery(SHUFFLED "set master 0 +176.4=0", HAYWIRE_NO_PFN, TOTAL);
    check_discovery("session id=1 pfns=0\n", HAYWIRE_NO_PFN, TOTAL);
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
    uint32_t missing;

    g_assert_cmpint(follow_index(world, &missing), ==, HAYWIRE_OK);
    g_assert_cmpuint(missing, ==, TOTAL);
    g_assert_cmpuint(mapped(world), ==, 0);
    g_assert_cmpuint(haywire_map_rejected(world->map, reason), ==, 3);
    free_world(world);
}

static void test_discovery_lies(void)
{
    check_lie(0x100, HAYWIRE_BAD_INDEX);      /* the page itself */
    check_lie(0x104, HAYWIRE_BAD_INDEX);      /* statistics */
    check_lie(0x10a, HAYWIRE_BAD_CATEGORY);   /* ROUNDROBIN */
    check_lie(0x801, HAYWIRE_BAD_SESSION);    /* the index of another one */
    check_lie(0xf00, HAYWIRE_HOLE);   /* nothing */
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
    uint32_t missing;

    g_assert_cmpint(follow_index(world, &missing), ==, HAYWIRE_OK);
    memcpy(haywire_beacon_ram_at(&world->ram, now), old, HAYWIRE_PAGE_SIZE);
    g_assert_false(haywire_map_take_discovery(world->map, &world->discovery));
    world->discovery.index_pfn[1] = now.value >> HAYWIRE_PAGE_SHIFT;
    g_assert_true(haywire_map_take_discovery(world->map, &world->discovery));
    memset(page(world, HAYWIRE_CATEGORY_MASTER, 1), 0, HAYWIRE_PAGE_SIZE);
    g_assert_cmpint(follow_index(world, &missing), ==, HAYWIRE_OK);
    g_assert_cmpuint(
        haywire_map_position(world->map, HAYWIRE_CATEGORY_MASTER, 2).value, ==,
        now.value);
    g_assert_cmpuint(haywire_map_clashes(world->map), ==, 1);
    free_world(world);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/map/default-sizes", test_default_sizes);
    g_test_add_func("/map/add-and-read", test_add_and_read);
    g_test_add_func("/map/bad-index", test_bad_index);
    g_test_add_func("/map/bad-session", test_bad_session);
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
