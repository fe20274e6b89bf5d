/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a watch finds what has moved, and how often it scans for that.
 */

#include <glib.h>
#include <string.h>

#include "haywire/bytes.h"
#include "haywire/clock.h"
#include "watch_world.h"

/* An index page has moved: discovery says where to, its old copy stands. */
static void test_index_moved(void)
{
    g_autoptr(World) world = world_new(SCATTERED1, true);
    const HaywireGpa there = { 0x3200000 };
    HaywirePage *page = world_at(world, there);
    HaywirePage *index = world_page(world, 0, HAYWIRE_CATEGORY_MASTER, 2);
    HaywirePage *discovery = world_page(world, 0, HAYWIRE_CATEGORY_MASTER, 0);
    HaywireWireDiscovery *wire = (HaywireWireDiscovery *)discovery->payload;
    g_autoptr(HaywireModel) model = NULL;

    haywire_model_unref(world_refresh_after(world, 0));
    memcpy(page, index, sizeof(*page));
    page->header.monotonic_ns = haywire_le64(21 * S);
    haywire_beacon_reseal(page);
    wire->index_pfn[1] = haywire_le64(there.value >> HAYWIRE_PAGE_SHIFT);
    haywire_model_unref(world_next(world));
    /* The old one goes, and nobody misses it. */
    memset(index, 1, sizeof(*index));
    model = world_next(world);
    g_assert_cmpuint(model->host.remaps, ==, 0);
    g_assert_cmpuint(world_mapped(model), ==, TOTAL);
}

/* The discovery page goes on beating elsewhere; its old copy stands, or not. */
static void check_moved_discovery(bool stands)
{
    g_autoptr(World) world = world_new(SCATTERED1, true);
    HaywirePage *discovery = world_page(world, 0, HAYWIRE_CATEGORY_MASTER, 0);
    const HaywireGpa there = { 0x3200000 };

    world_go_live(world, 0);
    memcpy(world_at(world, there), discovery, sizeof(*discovery));
    world_set_index(world, 0, there);
    if (!stands) {
        memset(discovery, 1, sizeof(*discovery));
    }
    for (int i = 0; i < 30; i++) {
        g_autoptr(HaywireModel) model = NULL;

        world_beat_at(world, there);
        model = world_refresh_after(world, 100 * MS);
        g_assert_cmpint(model->overview.state, ==, HAYWIRE_STATE_LIVE);
        g_assert_cmpuint(model->overview.heartbeat_age, <=, 100 * MS);
        g_assert_cmpuint(model->host.scans, ==, 1);
        g_assert_cmpuint(world_mapped(model), ==, TOTAL);
    }
}

static void test_discovery_moved(void)
{
    check_moved_discovery(true);
    check_moved_discovery(false);
}

/* A scan takes at least this much processor time. */
#define SLOW_NS (30 * MS)

static HaywireMemoryOps plain_ops;

static HaywireStatus scan_slowly(HaywireMemory *memory,
                                 const HaywireRegion *region, uint64_t from,
                                 HaywireWindow *ret_window)
{
    uint64_t end = haywire_clock_ns(CLOCK_THREAD_CPUTIME_ID) + SLOW_NS;
    HaywireStatus status =
        plain_ops.next_window(memory, region, from, ret_window);

    while (status == HAYWIRE_OK &&
           haywire_clock_ns(CLOCK_THREAD_CPUTIME_ID) < end) {
    }
    return status;
}

static void slow_down(World *world)
{
    plain_ops = world->ram.ops;
    world->ram.ops.next_window = scan_slowly;
}

/* From the end of the scan on, and no longer than all of it took. */
static void check_pause(World *world, HaywireGpa discovery, uint64_t share)
{
    uint64_t most = (share + 1) * world_scan_duration(world);
    uint64_t least = share * SLOW_NS;

    g_assert_cmpuint(most, >, least);
    if (discovery.value != 0) {
        world_beat_at(world, discovery);
    }
    g_assert_cmpuint(world_scans_after(world, least), ==, 1);
    if (discovery.value != 0) {
        world_beat_at(world, discovery);
    }
    g_assert_cmpuint(world_scans_after(world, most - least), ==, 2);
}

static void test_slow_search(void)
{
    g_autoptr(World) world = world_new("", true);

    slow_down(world);
    world->ram.host[0] = 1;
    g_assert_cmpuint(world_scans_after(world, 0), ==, 1);
    check_pause(world, (HaywireGpa){ 0 }, LOST_SHARE);
}

static void test_slow_live(void)
{
    g_autoptr(World) world = world_new("", true);
    HaywireGpa discovery =
        world_add(world, "place first=0x100000\n"
                         "session id=1 interval=1s\nprocess pid=1\n");
    slow_down(world);
    g_assert_cmpuint(world_scans_after(world, 0), ==, 1);
    check_pause(world, discovery, LIVE_SHARE);
}

/* A discovery page that comes and goes asks for no more scans than others. */
static void test_slow_stale(void)
{
    g_autoptr(World) world = world_new("", true);
    HaywireGpa discovery;
    uint8_t *page;

    discovery = world_add(world, "place first=0x100000\n"
                                 "session id=1 pfns=0\nprocess pid=1\n");
    page = (uint8_t *)world_at(world, discovery);
    slow_down(world);
    g_assert_cmpuint(world_scans_after(world, 0), ==, 1);
    world_beat_at(world, discovery);
    g_assert_cmpuint(world_scans_after(world, 10 * MS), ==, 1);
    for (int i = 0; i < 50; i++) {
        *page ^= 1; /* magic, and no magic */
        g_assert_cmpuint(world_scans_after(world, 10 * MS), ==, 1);
    }
}

/* A page that claims to beat once a minute holds up no search. */
static void test_slow_beat(void)
{
    g_autoptr(World) world = world_new("", true);

    (void)world_add(world, "place first=0x100000\n"
                           "session id=1 interval=60s\nprocess pid=1\n");
    g_assert_cmpuint(world_scans_after(world, 0), ==, 1);
    g_assert_cmpuint(world_scans_after(world, S), ==, 1);
    g_assert_cmpuint(world_scans_after(world, 4 * S), ==, 2);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/watch-search/index-moved", test_index_moved);
    g_test_add_func("/watch-search/discovery-moved", test_discovery_moved);
    g_test_add_func("/watch-search/slow-search", test_slow_search);
    g_test_add_func("/watch-search/slow-live", test_slow_live);
    g_test_add_func("/watch-search/slow-stale", test_slow_stale);
    g_test_add_func("/watch-search/slow-beat", test_slow_beat);
    return g_test_run();
}
