/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The watch over arrays: pages that move, are torn, false, too many or gone.
 */

#include <glib.h>
#include <string.h>

#include "haywire/bytes.h"
#include "haywire/focus.h"
#include "haywire/publish.h"
#include "watch_world.h"

/* Where nothing lies yet. */
static const HaywireGpa elsewhere = { 0x3000000 };

/* Publish a page's content again elsewhere, stamped as lying there. */
static void move_page(World *world, HaywirePage *from)
{
    HaywirePage *target = world_at(world, elsewhere);

    memcpy(target, from, sizeof(*target));
    target->header.pfn = haywire_le64(elsewhere.value >> HAYWIRE_PAGE_SHIFT);
    target->header.monotonic_ns =
        haywire_le64(haywire_le64_get(target->header.monotonic_ns) + 1);
    haywire_beacon_reseal(target);
}

/* The index says where a page has gone, while its old copy still stands. */
static void check_moved(bool knows_layout)
{
    World *world = world_new(SESSION1, knows_layout);
    HaywirePage *stats;
    HaywireModel *model;

    world_go_live(world, 0);
    model = world_refresh(world);
    g_assert_cmpuint(model->layout.count, ==, 1);
    haywire_model_unref(model);
    stats = world_page(world, 0, HAYWIRE_CATEGORY_MASTER, 4);
    move_page(world, stats);
    world_set_index(world, 4, elsewhere);
    world_beat(world, 0);
    model = world_refresh_after(world, 100 * MS);
    g_assert_cmpuint(model->host.slot_clashes, ==, 1);
    g_assert_cmpuint(model->host.remaps, ==, 1);
    haywire_model_unref(model);
    /* And now the old place is used for something else. */
    memset(stats, 0xcc, sizeof(*stats));
    world_beat(world, 0);
    model = world_refresh_after(world, 100 * MS);
    g_assert_cmpuint(model->host.remaps, ==, 1);
    g_assert_true(model->guest.valid);
    g_assert_cmpuint(model->host.scans, ==, 1);
    haywire_model_unref(model);
    world_free(world);
}

static void test_moved(void)
{
    check_moved(true);
    check_moved(false);
}

/* Where it beats now is found before the copy left behind counts as stale. */
static void test_moved_discovery(void)
{
    World *world = world_new(SESSION1, true);
    HaywirePage *discovery;

    world_go_live(world, 0);
    discovery = world_page(world, 0, HAYWIRE_CATEGORY_MASTER, 0);
    move_page(world, discovery);
    for (int i = 0; i < 40; i++) {
        g_autoptr(HaywireModel) model = NULL;

        world_beat_at(world, elsewhere);
        model = world_refresh_after(world, 100 * MS);
        g_assert_cmpint(model->overview.state, ==, HAYWIRE_STATE_LIVE);
        g_assert_cmpuint(model->host.scans, <=, 2);
        g_assert_true(i < 20 || model->overview.heartbeat_age == 0);
    }
    world_free(world);
}

/* A beat, and a look when the next scan for lost pages is due. */
static HaywireModel *look_after_scan(World *world)
{
    g_autoptr(HaywireModel) model = world_refresh(world);

    world_beat(world, 0);
    return world_refresh_after(
        world, MAX(1500 * MS, 30 * model->overview.scan_duration));
}

/* Without frame numbers only a scan finds a page that has moved. */
static void test_moved_unprivileged(void)
{
    World *world = world_new("session id=9 pfns=0 interval=100ms\n"
                             "process pid=1\n",
                             true);
    HaywirePage *stats;
    HaywireModel *model;

    world_go_live(world, 0);
    stats = world_page(world, 0, HAYWIRE_CATEGORY_MASTER, 4);
    move_page(world, stats);
    memset(stats, 0xcc, sizeof(*stats));
    world_beat(world, 0);
    model = world_refresh_after(world, 100 * MS);
    g_assert_cmpuint(model->host.remaps, ==, 1);
    g_assert_cmpuint(model->host.rejected[HAYWIRE_BAD_MAGIC], ==, 1);
    g_assert_true(model->guest.valid); /* as last read */
    g_assert_cmpuint(model->overview.category[0].mapped, ==, 9);
    haywire_model_unref(model);
    model = look_after_scan(world);
    g_assert_cmpuint(model->host.scans, ==, 2);
    g_assert_cmpuint(model->host.remaps, ==, 1);
    g_assert_true(model->guest.valid);
    g_assert_cmpuint(model->overview.category[0].mapped, ==, 10);
    haywire_model_unref(model);
    world_free(world);
}

/* The newest snapshot stays while one of its pages is looked for. */
static void test_moved_snapshot(void)
{
    World *world = world_new("session id=9 pfns=0 interval=100ms\n"
                             "process pid=1\n"
                             "snapshot\n"
                             "process pid=1\n"
                             "process pid=2\n",
                             true);
    static const unsigned mapped[] = { 99, 99, 100 };
    HaywirePage *page, *older, *newer;
    HaywirePage newest;

    world_go_live(world, 0);
    page = world_page(world, 0, HAYWIRE_CATEGORY_PID, 1);
    older = world_at(world, elsewhere);
    newer = world_at(world, (HaywireGpa){ 0x3100000 });
    newest = *page;
    memset(page, 0xcc, sizeof(*page));
    for (size_t look = 0; look < G_N_ELEMENTS(mapped); look++) {
        g_autoptr(HaywireModel) model = NULL;

        if (look == 1) {
            *older = newest; /* left behind where it lay before */
            older->header.monotonic_ns =
                haywire_le64(haywire_le64_get(newest.header.monotonic_ns) - 1);
            haywire_beacon_reseal(older);
        } else if (look == 2) {
            *newer = newest;
        }
        if (look > 0) {
            haywire_watch_request_scan(world->watch);
        }
        model = world_next(world);
        g_assert_cmpuint(model->host.scans, ==, look + 1);
        g_assert_cmpuint(model->overview.category[HAYWIRE_CATEGORY_PID].mapped,
                         ==, mapped[look]);
        g_assert_cmpuint(model->overview.snapshot_generation, ==, 2);
        g_assert_cmpuint(model->process_count, ==, 2);
        g_assert_cmpuint(model->host.remaps, ==, 1);
    }
    world_free(world);
}

/* Nor does a camera vanish; only that there is no page now to write to. */
static void test_moved_control(void)
{
    World *world = world_new(SESSION1, true);
    g_autoptr(HaywireModel) model = NULL;
    HaywireFocusTarget target;

    world_go_live(world, 0);
    memset(world_page(world, 0, HAYWIRE_CATEGORY_CAMERA1, 0), 0xcc,
           HAYWIRE_PAGE_SIZE);
    model = world_next(world);
    g_assert_cmpuint(model->camera[0].target_pid, ==, 1);
    g_assert_cmpint(haywire_focus_target(model, 1, &target), ==,
                    HAYWIRE_NOT_FOUND);
    g_assert_cmpint(haywire_focus_target(model, 2, &target), ==, HAYWIRE_OK);
    world_free(world);
}

static void rename_init(World *world, const char *name)
{
    HaywirePage *page = world_page(world, 0, HAYWIRE_CATEGORY_PID, 0);
    uint8_t *at = memmem(page->payload, sizeof(page->payload), "init", 4);

    g_assert_nonnull(at);
    memcpy(at, name, 4);
    world_republish(page);
}

/* Memory is put back in time: nothing that was read since then is shown. */
static void test_put_back(void)
{
    World *world = world_new(SESSION1, true);
    g_autofree uint8_t *kept = NULL;
    HaywireModel *model;

    world_go_live(world, 0);
    kept = g_memdup2(world->ram.host, RAM_SIZE);
    rename_init(world, "then");
    model = world_next(world);
    g_assert_cmpstr(model->process[0].name, ==, "then");
    haywire_model_unref(model);
    memcpy(world->ram.host, kept, RAM_SIZE);
    rename_init(world, "else"); /* as often as before: the same lock */
    model = world_refresh_after(world, 100 * MS);
    g_assert_cmpstr(model->process[0].name, ==, "else");
    haywire_model_unref(model);
    model = world_next(world);
    g_assert_cmpint(model->overview.state, ==, HAYWIRE_STATE_LIVE);
    haywire_model_unref(model);
    world_free(world);
}

static void test_layout_deduced(void)
{
    World *world = world_new(SESSION1, false);
    g_autoptr(HaywireModel) model = world_refresh(world);

    g_assert_cmpuint(model->layout.count, ==, 1);
    g_assert_cmpuint(model->layout.range[0].length, ==, RAM_SIZE);
    world_free(world);
    world = world_new("session id=1\nprocess pid=1\n", false);
    haywire_model_unref(g_steal_pointer(&model));
    model = world_refresh(world);
    g_assert_cmpuint(model->process_count, ==, 1);
    g_assert_cmpuint(model->layout.count, ==, 0);
    world_free(world);
}

/* A busy page keeps what was last read of it. */
static void test_busy(void)
{
    World *world = world_new(SESSION1, true);
    g_autoptr(HaywireModel) model = NULL;
    HaywirePage *stats;

    world_go_live(world, 0);
    stats = world_page(world, 0, HAYWIRE_CATEGORY_MASTER, 4);
    stats->header.lock_top = haywire_le32(99);
    world_beat(world, 0);
    model = world_refresh_after(world, 100 * MS);
    g_assert_true(model->guest.valid);
    g_assert_cmpuint(model->host.remaps, ==, 0);
    g_assert_cmpuint(model->host.rejected[HAYWIRE_PAGE_BUSY], ==, 1);
    world_free(world);
}

/* While nothing is found: 250 ms, doubling up to 4 s. */
static void test_pacing(void)
{
    World *world = world_new("", true);
    static const unsigned due_ms[] = { 0,    250,  750,   1750,
                                       3750, 7750, 11750, 15750 };
    unsigned ms, next = 0;

    for (ms = 0; ms < 19000; ms += 50) {
        g_autoptr(HaywireModel) model =
            world_refresh_after(world, ms ? 50 * MS : 0);

        while (next < G_N_ELEMENTS(due_ms) && due_ms[next] + 40 < ms) {
            next++;
        }
        g_assert_cmpuint(model->host.scans, >=, next ? next - 1 : 0);
        g_assert_cmpuint(model->host.scans, <=, next + 1);
    }
    world_free(world);
}

static void test_reset(void)
{
    World *world = world_new(SESSION1, true);
    g_autoptr(HaywireModel) model = NULL;

    world_go_live(world, 0);
    memset(world->ram.host, 0, RAM_SIZE);
    haywire_watch_reset(world->watch);
    model = world_refresh_after(world, 10 * MS);
    g_assert_cmpint(model->overview.state, ==, HAYWIRE_STATE_SEARCHING);
    g_assert_false(model->overview.has_session);
    world_free(world);
}

#define FLOOD_SIZE (512u << 20)
#define FORGED     100000

/* Forged pages all over the memory, a real session in between. */
static uint8_t *make_flood(void)
{
    HaywirePageStamp stamp = { .kind = HAYWIRE_KIND_EMPTY };
    g_autoptr(HaywireBeacons) real =
        haywire_beacons_make("place first=0x3800000\n"
                             "session id=0x99 time=900s interval=100ms\n"
                             "process pid=4\n");
    uint8_t *ram = g_aligned_alloc0(1, FLOOD_SIZE, HAYWIRE_PAGE_SIZE);
    size_t i;

    for (i = 0; i < FORGED; i++) {
        size_t place = i < 0x3800 ? i : i + 2000;

        haywire_page_init((HaywirePage *)(ram + place * HAYWIRE_PAGE_SIZE),
                          HAYWIRE_CATEGORY_PID, i % 100, 0x99 + i % 3, &stamp);
    }
    g_assert_true(haywire_beacons_place(real, ram, FLOOD_SIZE, NULL));
    return ram;
}

static HaywireModel *look_once(uint8_t *ram, const HaywireLayout *layout)
{
    const HaywireRegion region = { { 0 }, FLOOD_SIZE, ram };
    HaywireModel *model = NULL;
    HaywireMemory *source;
    HaywireWatch *watch;

    g_assert_cmpint(
        haywire_memory_array_new(&region, 1, false, layout, &source), ==,
        HAYWIRE_OK);
    g_assert_cmpint(haywire_watch_new(source, &watch), ==, HAYWIRE_OK);
    g_assert_cmpint(haywire_watch_look(watch, (HaywireNow){ S, S }, &model), ==,
                    HAYWIRE_OK);
    g_assert_cmpuint(model->host.limits_reached, >=, 1);
    g_assert_cmpuint(model->overview.category[4].mapped, ==, 200);
    g_assert_cmpuint(model->process_count, ==, 1);
    haywire_watch_destroy(watch);
    haywire_memory_destroy(source);
    return model;
}

/*
 * More forged pages than are noted: counted, and the real session is found all
 * the same, by a second scan or by its index.
 */
static void test_flood(void)
{
    static const HaywireLayout layout = {
        .count = 1,
        .range = { { { 0 }, { 0 }, FLOOD_SIZE } },
    };
    uint8_t *ram = make_flood();
    g_autoptr(HaywireModel) by_scan = look_once(ram, NULL);
    g_autoptr(HaywireModel) by_index = look_once(ram, &layout);

    g_assert_cmpuint(by_scan->host.scans, ==, 2);
    g_assert_cmpuint(by_scan->host.slot_clashes, >, 30000);
    g_assert_cmpuint(by_scan->host.index_attaches, ==, 0);
    g_assert_cmpuint(by_index->host.scans, ==, 1);
    g_assert_cmpuint(by_index->host.index_attaches, ==, 1);
    g_aligned_free(ram);
}

static HaywireStatus truncated(HaywireMemory *source)
{
    (void)source;
    return HAYWIRE_SOURCE_TRUNCATED;
}

static void test_truncated(void)
{
    World *world = world_new(SESSION1, false);
    HaywireModel *model = NULL;

    world_go_live(world, 0);
    world->ram.ops.check = truncated;
    g_assert_cmpint(haywire_watch_look(world->watch, world->now, &model), ==,
                    HAYWIRE_SOURCE_TRUNCATED);
    g_assert_null(model);
    world_free(world);
}

static void test_focus_counts(void)
{
    World *world = world_new("", true);
    g_autoptr(HaywireModel) model = NULL;

    haywire_watch_count_focus(world->watch, HAYWIRE_OK);
    haywire_watch_count_focus(world->watch, HAYWIRE_FOCUS_UNCONFIRMED);
    haywire_watch_count_focus(world->watch, HAYWIRE_FOCUS_LOST_RACE);
    model = world_refresh(world);
    g_assert_cmpuint(model->host.focus_writes, ==, 2);
    g_assert_cmpuint(model->host.focus_failures, ==, 2);
    world_free(world);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/watch-pages/moved", test_moved);
    g_test_add_func("/watch-pages/moved-discovery", test_moved_discovery);
    g_test_add_func("/watch-pages/moved-unprivileged", test_moved_unprivileged);
    g_test_add_func("/watch-pages/moved-snapshot", test_moved_snapshot);
    g_test_add_func("/watch-pages/moved-control", test_moved_control);
    g_test_add_func("/watch-pages/put-back", test_put_back);
    g_test_add_func("/watch-pages/layout-deduced", test_layout_deduced);
    g_test_add_func("/watch-pages/busy", test_busy);
    g_test_add_func("/watch-pages/pacing", test_pacing);
    g_test_add_func("/watch-pages/reset", test_reset);
    g_test_add_func("/watch-pages/flood", test_flood);
    g_test_add_func("/watch-pages/truncated", test_truncated);
    g_test_add_func("/watch-pages/focus-counts", test_focus_counts);
    return g_test_run();
}
