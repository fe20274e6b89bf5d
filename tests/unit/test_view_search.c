/*
 * How a view comes to a session: by hints, and how often by scans.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <glib.h>
#include <string.h>
#include <time.h>

#include "beacon_builder.h"
#include "haywire/bytes.h"
#include "haywire/publish.h"
#include "haywire/view.h"

#define MS       UINT64_C(1000000)
#define S        UINT64_C(1000000000)
#define RAM_SIZE (64u << 20)
#define TOTAL    1010

/* Times what a scan costs: the pause behind it, at least. */
#define LOST_SHARE 20
#define LIVE_SHARE 400

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HaywireModel, haywire_model_unref)

#define SESSION1                                                             \
    "place seed=1 first=0x100000 pages=4000\n"                               \
    "session id=0x11 started=10s wall-started=10s time=20s interval=100ms\n" \
    "process pid=1 name=\"init\"\n"                                          \
    "process pid=2 name=\"kthreadd\" flags=kernel\n"

#define SESSION2                                                             \
    "place seed=2 first=0x2000000 pages=4000\n"                              \
    "session id=0x22 started=30s wall-started=30s time=40s interval=100ms\n" \
    "process pid=7 name=\"other\"\n"

typedef struct World {
    uint8_t *ram;
    HaywireSource *source;
    HaywireSourceOps ops; /* the array's, or slower, or without a layout */
    HaywireView *view;
    HaywireNow now;
} World;

static void world_open(World *world)
{
    static const HaywireLayout layout = {
        .count = 1,
        .range = { { { 0 }, { 0 }, RAM_SIZE } },
    };
    HaywireRegion region = { { 0 }, RAM_SIZE, NULL };

    memset(world, 0, sizeof(*world));
    world->ram = g_aligned_alloc0(1, RAM_SIZE, HAYWIRE_PAGE_SIZE);
    region.host = world->ram;
    g_assert_cmpint(
        haywire_array_source_new(&region, 1, true, &layout, &world->source), ==,
        HAYWIRE_OK);
    world->ops = *world->source->ops;
    world->source->ops = &world->ops;
    g_assert_cmpint(haywire_view_new(world->source, &world->view), ==,
                    HAYWIRE_OK);
    world->now = (HaywireNow){ .now_ns = 100 * S, .host_ns = 100 * S };
}

static void world_close(World *world)
{
    haywire_view_destroy(world->view);
    haywire_source_destroy(world->source);
    g_aligned_free(world->ram);
}

/* Put a companion's pages there; where its discovery page lies. */
static HaywireGpa place(World *world, const char *text)
{
    g_autoptr(HaywireBeacons) beacons = haywire_beacons_make(text);

    g_assert_true(haywire_beacons_place(beacons, world->ram, RAM_SIZE, NULL));
    return haywire_beacons_find(beacons, 0, HAYWIRE_CATEGORY_MASTER, 0)->gpa;
}

static void beat(World *world, HaywireGpa discovery)
{
    haywire_beacon_beat((HaywirePage *)(world->ram + discovery.value),
                        100 * MS);
}

static HaywireModel *refresh_after(World *world, uint64_t ns)
{
    HaywireModel *model = NULL;

    world->now.now_ns += ns;
    world->now.host_ns += ns;
    g_assert_cmpint(haywire_view_refresh(world->view, world->now, &model), ==,
                    HAYWIRE_OK);
    return model;
}

static uint64_t scans_after(World *world, uint64_t ns)
{
    g_autoptr(HaywireModel) model = refresh_after(world, ns);

    return model->host.scans;
}

static uint64_t scan_duration(World *world)
{
    g_autoptr(HaywireModel) model = refresh_after(world, 0);

    return model->overview.scan_duration;
}

static uint32_t mapped(const HaywireModel *model)
{
    uint32_t sum = 0;

    for (int i = 0; i < HAYWIRE_CATEGORY_COUNT; i++) {
        sum += model->overview.category[i].mapped;
    }
    return sum;
}

/* Told where the discovery page lies, the view has it all without a scan. */
static void test_hint(void)
{
    g_autoptr(HaywireModel) model = NULL;
    HaywireGpa discovery;
    World world;

    world_open(&world);
    discovery = place(&world, SESSION1);
    haywire_view_hint(world.view, (HaywireGpa){ discovery.value + 0x123 });
    model = refresh_after(&world, 0);
    g_assert_cmphex(model->overview.session, ==, 0x11);
    g_assert_cmpuint(mapped(model), ==, TOTAL);
    g_assert_cmpuint(model->process_count, ==, 2);
    g_assert_cmpuint(model->host.scans, ==, 0);
    g_assert_false(model->overview.has_scan);
    g_assert_cmpuint(model->host.index_attaches, ==, 1);
    g_assert_cmpuint(model->host.sessions_seen, ==, 1);
    beat(&world, discovery);
    haywire_model_unref(g_steal_pointer(&model));
    model = refresh_after(&world, 100 * MS);
    g_assert_cmpint(model->overview.state, ==, HAYWIRE_STATE_LIVE);
    g_assert_cmpuint(model->host.scans, ==, 0);
    /* The search for others comes all the same, in its turn. */
    beat(&world, discovery);
    g_assert_cmpuint(scans_after(&world, 9 * S), ==, 0);
    beat(&world, discovery);
    g_assert_cmpuint(scans_after(&world, 2 * S), ==, 1);
    world_close(&world);
}

/* A session that is dead: found by the hint, and looked past by a scan. */
static void test_hint_stale(void)
{
    g_autoptr(HaywireModel) model = NULL;
    HaywireGpa alive;
    World world;

    world_open(&world);
    haywire_view_hint(world.view, place(&world, SESSION1));
    alive = place(&world, SESSION2);
    g_assert_cmpuint(scans_after(&world, 0), ==, 0);
    g_assert_cmpuint(scans_after(&world, 500 * MS), ==, 0);
    g_assert_cmpuint(scans_after(&world, S), ==, 1);
    beat(&world, alive);
    model = refresh_after(&world, 100 * MS);
    g_assert_cmphex(model->overview.session, ==, 0x22);
    g_assert_cmpint(model->overview.state, ==, HAYWIRE_STATE_LIVE);
    world_close(&world);
}

/* A newer companion beside one that is live: no wait for the next scan. */
static void test_hint_successor(void)
{
    g_autoptr(HaywireModel) model = NULL;
    HaywireGpa first, second;
    World world;

    world_open(&world);
    first = place(&world, SESSION1);
    g_assert_cmpuint(scans_after(&world, 0), ==, 1);
    beat(&world, first);
    g_assert_cmpuint(scans_after(&world, 100 * MS), ==, 1);
    second = place(&world, SESSION2);
    haywire_view_hint(world.view, second);
    beat(&world, first);
    model = refresh_after(&world, 100 * MS);
    g_assert_cmphex(model->overview.session, ==, 0x11);
    beat(&world, first);
    beat(&world, second);
    haywire_model_unref(g_steal_pointer(&model));
    model = refresh_after(&world, 100 * MS);
    g_assert_cmphex(model->overview.session, ==, 0x22);
    g_assert_cmpint(model->overview.state, ==, HAYWIRE_STATE_LIVE);
    g_assert_cmpuint(mapped(model), ==, TOTAL);
    g_assert_cmpuint(model->process_count, ==, 1);
    g_assert_cmpuint(model->host.scans, ==, 1);
    g_assert_cmpuint(model->host.index_attaches, ==, 1);
    world_close(&world);
}

/* What does not lead to all pages spares no scan. */
static void test_hint_incomplete(void)
{
    static const char *const texts[] = {
        SESSION1 "set master 0 length=176\n",
        SESSION1 "set master 0 +176.4=0\n",
        SESSION1 "set pid 3 kind=0x45796148 category=3 index=3\n",
        "session id=0x11 pfns=0\nprocess pid=1\nprocess pid=2\n",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(HaywireModel) model = NULL;
        World world;

        world_open(&world);
        haywire_view_hint(world.view, place(&world, texts[i]));
        model = refresh_after(&world, 0);
        g_assert_cmpuint(model->process_count, ==, 2);
        g_assert_cmpuint(model->host.scans, ==, 1);
        g_assert_cmpuint(mapped(model), >=, TOTAL - 1);
        g_assert_cmpuint(model->host.index_attaches, ==, 0);
        world_close(&world);
    }
}

/* A session that hides its frame numbers, beside one that has ended. */
static void test_hint_unprivileged(void)
{
    g_autoptr(HaywireModel) model = NULL;
    HaywireGpa discovery;
    uint64_t pause;
    World world;

    world_open(&world);
    place(&world, "session id=5 state=2\n");
    g_assert_cmpuint(scans_after(&world, 0), ==, 1);
    pause = MAX(S, LOST_SHARE * scan_duration(&world));
    discovery = place(&world, "place first=0x2000000\n"
                              "session id=0x11 pfns=0 interval=100ms\n"
                              "process pid=1\n");
    haywire_view_hint(world.view, discovery);
    g_assert_cmpuint(scans_after(&world, 10 * MS), ==, 1);
    beat(&world, discovery);
    g_assert_cmpuint(scans_after(&world, 100 * MS), ==, 1);
    beat(&world, discovery);
    model = refresh_after(&world, pause);
    g_assert_cmpint(model->overview.state, ==, HAYWIRE_STATE_LIVE);
    g_assert_cmpuint(model->host.scans, ==, 2);
    g_assert_cmpuint(mapped(model), ==, TOTAL);
    g_assert_cmpuint(model->process_count, ==, 1);
    world_close(&world);
}

/* Each costs one page and is counted by what is wrong with it. */
static void test_hint_lies(void)
{
    const HaywireGpa nothing = { 0x3000000 }, outside = { RAM_SIZE };
    const HaywireGpa plain = { 0x3100000 }, far = { UINT64_MAX };
    g_autoptr(HaywireModel) model = NULL;
    World world;

    world_open(&world);
    memset(world.ram + plain.value, 1, HAYWIRE_PAGE_SIZE);
    haywire_view_hint(world.view, nothing);
    haywire_view_hint(world.view, outside);
    haywire_view_hint(world.view, plain);
    haywire_view_hint(world.view, far);
    model = refresh_after(&world, 0);
    g_assert_cmpuint(model->host.rejected[HAYWIRE_NOT_RESIDENT], ==, 1);
    g_assert_cmpuint(model->host.rejected[HAYWIRE_NO_LAYOUT], ==, 2);
    g_assert_cmpuint(model->host.rejected[HAYWIRE_BAD_MAGIC], ==, 1);
    g_assert_cmpuint(model->host.pages_read, ==, 0);
    g_assert_cmpuint(model->host.scans, ==, 1);
    world_close(&world);
}

/* A good page of a session, but not its discovery page. */
static void test_hint_other_page(void)
{
    g_autoptr(HaywireBeacons) beacons = haywire_beacons_make(SESSION1);
    g_autoptr(HaywireModel) model = NULL;
    World world;

    world_open(&world);
    g_assert_true(haywire_beacons_place(beacons, world.ram, RAM_SIZE, NULL));
    haywire_view_hint(
        world.view,
        haywire_beacons_find(beacons, 0, HAYWIRE_CATEGORY_PID, 0)->gpa);
    model = refresh_after(&world, 0);
    g_assert_cmpuint(model->host.rejected[HAYWIRE_BAD_KIND], ==, 1);
    g_assert_cmpuint(model->host.scans, ==, 1);
    g_assert_cmpuint(model->process_count, ==, 2);
    world_close(&world);
}

/* However many come, four are looked at: the newest. */
static void test_hint_storm(void)
{
    const HaywireGpa nothing = { 0x3000000 };
    g_autoptr(HaywireModel) model = NULL;
    World world;

    world_open(&world);
    for (int i = 0; i < 1000; i++) {
        haywire_view_hint(world.view, nothing);
    }
    haywire_view_hint(world.view, place(&world, SESSION1));
    model = refresh_after(&world, 0);
    g_assert_cmpuint(model->host.rejected[HAYWIRE_NOT_RESIDENT], ==, 3);
    g_assert_cmpuint(model->host.scans, ==, 0);
    g_assert_cmpuint(model->process_count, ==, 2);
    /* They are gone. */
    haywire_model_unref(g_steal_pointer(&model));
    model = refresh_after(&world, 10 * MS);
    g_assert_cmpuint(model->host.rejected[HAYWIRE_NOT_RESIDENT], ==, 3);
    world_close(&world);
}

static const HaywireLayout *no_layout(HaywireSource *source)
{
    (void)source;
    return NULL;
}

static void test_hint_without_layout(void)
{
    g_autoptr(HaywireModel) model = NULL;
    World world;

    world_open(&world);
    world.ops.layout = no_layout;
    haywire_view_hint(world.view, place(&world, SESSION1));
    model = refresh_after(&world, 0);
    g_assert_cmpuint(model->host.rejected[HAYWIRE_NO_LAYOUT], ==, 1);
    g_assert_cmpuint(model->host.scans, ==, 1);
    g_assert_cmpuint(model->process_count, ==, 2);
    world_close(&world);
}

static gpointer give_hints(gpointer opaque)
{
    for (uint64_t i = 0; i < 100000; i++) {
        haywire_view_hint(opaque, (HaywireGpa){ i << HAYWIRE_PAGE_SHIFT });
    }
    return NULL;
}

/* From other threads, while the view works. */
static void test_hint_threads(void)
{
    GThread *thread[2];
    World world;

    world_open(&world);
    for (size_t i = 0; i < G_N_ELEMENTS(thread); i++) {
        thread[i] = g_thread_new("hints", give_hints, world.view);
    }
    for (int i = 0; i < 100; i++) {
        haywire_model_unref(refresh_after(&world, MS));
    }
    for (size_t i = 0; i < G_N_ELEMENTS(thread); i++) {
        g_thread_join(thread[i]);
    }
    haywire_view_hint(world.view, place(&world, SESSION1));
    {
        g_autoptr(HaywireModel) model = refresh_after(&world, MS);

        g_assert_cmpuint(model->process_count, ==, 2);
    }
    world_close(&world);
}

static HaywirePage *page_at(World *world, HaywireGpa gpa)
{
    return (HaywirePage *)(world->ram + gpa.value);
}

/* An index page has moved: discovery says where to, its old copy stands. */
static void test_index_moved(void)
{
    g_autoptr(HaywireBeacons) beacons = haywire_beacons_make(SESSION1);
    const HaywireBeacon *index =
        haywire_beacons_find(beacons, 0, HAYWIRE_CATEGORY_MASTER, 2);
    const HaywireGpa there = { 0x3200000 };
    g_autoptr(HaywireModel) model = NULL;
    HaywireWireDiscovery *wire;
    HaywireGpa discovery;
    World world;

    world_open(&world);
    discovery = place(&world, SESSION1);
    wire = (HaywireWireDiscovery *)page_at(&world, discovery)->payload;
    haywire_model_unref(refresh_after(&world, 0));
    memcpy(page_at(&world, there), index->page, HAYWIRE_PAGE_SIZE);
    page_at(&world, there)->header.monotonic_ns = haywire_le64(21 * S);
    haywire_beacon_reseal(page_at(&world, there));
    wire->index_pfn[1] = haywire_le64(there.value >> HAYWIRE_PAGE_SHIFT);
    beat(&world, discovery);
    haywire_model_unref(refresh_after(&world, 100 * MS));
    /* The old one goes, and nobody misses it. */
    memset(page_at(&world, index->gpa), 1, HAYWIRE_PAGE_SIZE);
    beat(&world, discovery);
    model = refresh_after(&world, 100 * MS);
    g_assert_cmpuint(model->host.remaps, ==, 0);
    g_assert_cmpuint(mapped(model), ==, TOTAL);
    world_close(&world);
}

/* The index says that slot 0 lies there now. */
static void move_in_index(World *world, HaywireGpa index, HaywireGpa there)
{
    HaywirePage *page = page_at(world, index);
    const HaywirePageStamp stamp = { .kind = HAYWIRE_KIND_INDEX,
                                     .monotonic_ns = 30 * S };
    uint32_t length = haywire_le32_get(page->header.payload_length);
    HaywireLe64 pfn = haywire_le64(there.value >> HAYWIRE_PAGE_SHIFT);
    uint8_t payload[HAYWIRE_PAYLOAD_MAX];

    memcpy(payload, page->payload, length);
    memcpy(payload + sizeof(HaywireWireIndex), &pfn, sizeof(pfn));
    haywire_page_publish(page, &stamp, payload, length);
}

/* The discovery page goes on beating elsewhere; its old copy stands, or not. */
static void check_moved_discovery(bool stands)
{
    g_autoptr(HaywireBeacons) beacons = haywire_beacons_make(SESSION1);
    const HaywireGpa there = { 0x3200000 };
    HaywireGpa discovery;
    World world;

    world_open(&world);
    discovery = place(&world, SESSION1);
    haywire_model_unref(refresh_after(&world, 0));
    beat(&world, discovery);
    haywire_model_unref(refresh_after(&world, 100 * MS));
    memcpy(page_at(&world, there), page_at(&world, discovery),
           HAYWIRE_PAGE_SIZE);
    move_in_index(
        &world,
        haywire_beacons_find(beacons, 0, HAYWIRE_CATEGORY_MASTER, 1)->gpa,
        there);
    if (!stands) {
        memset(page_at(&world, discovery), 1, HAYWIRE_PAGE_SIZE);
    }
    for (int i = 0; i < 30; i++) {
        g_autoptr(HaywireModel) model = NULL;

        beat(&world, there);
        model = refresh_after(&world, 100 * MS);
        g_assert_cmpint(model->overview.state, ==, HAYWIRE_STATE_LIVE);
        g_assert_cmpuint(model->overview.heartbeat_age, <=, 100 * MS);
        g_assert_cmpuint(model->host.scans, ==, 1);
        g_assert_cmpuint(mapped(model), ==, TOTAL);
    }
    world_close(&world);
}

static void test_discovery_moved(void)
{
    check_moved_discovery(true);
    check_moved_discovery(false);
}

/* A scan takes at least this much processor time. */
#define SLOW_NS (30 * MS)

static uint64_t used_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * S + (uint64_t)now.tv_nsec;
}

static void scan_slowly(HaywireSource *source, HaywirePosition start,
                        uint64_t length)
{
    uint64_t end = used_ns() + SLOW_NS;

    (void)source;
    (void)start;
    (void)length;
    while (used_ns() < end) {
    }
}

/* From the end of the scan on, and no longer than all of it took. */
static void check_pause(World *world, HaywireGpa discovery, uint64_t share)
{
    uint64_t most = (share + 1) * scan_duration(world);
    uint64_t least = share * SLOW_NS;

    g_assert_cmpuint(most, >, least);
    if (discovery.value != 0) {
        beat(world, discovery);
    }
    g_assert_cmpuint(scans_after(world, least), ==, 1);
    if (discovery.value != 0) {
        beat(world, discovery);
    }
    g_assert_cmpuint(scans_after(world, most - least), ==, 2);
}

static void test_slow_search(void)
{
    World world;

    world_open(&world);
    world.ops.will_scan = scan_slowly;
    world.ram[0] = 1;
    g_assert_cmpuint(scans_after(&world, 0), ==, 1);
    check_pause(&world, (HaywireGpa){ 0 }, LOST_SHARE);
    world_close(&world);
}

static void test_slow_live(void)
{
    HaywireGpa discovery;
    World world;

    world_open(&world);
    discovery = place(&world, "place first=0x100000\n"
                              "session id=1 interval=1s\nprocess pid=1\n");
    world.ops.will_scan = scan_slowly;
    g_assert_cmpuint(scans_after(&world, 0), ==, 1);
    check_pause(&world, discovery, LIVE_SHARE);
    world_close(&world);
}

/* A discovery page that comes and goes asks for no more scans than others. */
static void test_slow_stale(void)
{
    HaywireGpa discovery;
    uint8_t *page;
    World world;

    world_open(&world);
    discovery = place(&world, "place first=0x100000\n"
                              "session id=1 pfns=0\nprocess pid=1\n");
    page = (uint8_t *)page_at(&world, discovery);
    world.ops.will_scan = scan_slowly;
    g_assert_cmpuint(scans_after(&world, 0), ==, 1);
    beat(&world, discovery);
    g_assert_cmpuint(scans_after(&world, 10 * MS), ==, 1);
    for (int i = 0; i < 50; i++) {
        *page ^= 1; /* magic, and no magic */
        g_assert_cmpuint(scans_after(&world, 10 * MS), ==, 1);
    }
    world_close(&world);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/view-search/hint", test_hint);
    g_test_add_func("/view-search/hint-stale", test_hint_stale);
    g_test_add_func("/view-search/hint-successor", test_hint_successor);
    g_test_add_func("/view-search/hint-incomplete", test_hint_incomplete);
    g_test_add_func("/view-search/hint-unprivileged", test_hint_unprivileged);
    g_test_add_func("/view-search/hint-lies", test_hint_lies);
    g_test_add_func("/view-search/hint-other-page", test_hint_other_page);
    g_test_add_func("/view-search/hint-storm", test_hint_storm);
    g_test_add_func("/view-search/hint-without-layout",
                    test_hint_without_layout);
    g_test_add_func("/view-search/hint-threads", test_hint_threads);
    g_test_add_func("/view-search/index-moved", test_index_moved);
    g_test_add_func("/view-search/discovery-moved", test_discovery_moved);
    g_test_add_func("/view-search/slow-search", test_slow_search);
    g_test_add_func("/view-search/slow-live", test_slow_live);
    g_test_add_func("/view-search/slow-stale", test_slow_stale);
    return g_test_run();
}
