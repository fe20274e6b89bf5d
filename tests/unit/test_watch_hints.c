/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a watch comes to a session by hints.
 */

#include <glib.h>
#include <string.h>

#include "watch_world.h"

/* Told where the discovery page lies, the watch has it all without a scan. */
static void test_all(void)
{
    g_autoptr(World) world = world_new("", true);
    g_autoptr(HaywireModel) model = NULL;
    HaywireGpa discovery = world_add(world, SCATTERED1);

    haywire_watch_hint(world->watch, (HaywireGpa){ discovery.value + 0x123 });
    model = world_refresh_after(world, 0);
    g_assert_cmphex(model->overview.session, ==, 0x11);
    g_assert_cmpuint(world_mapped(model), ==, TOTAL);
    g_assert_cmpuint(model->process_count, ==, 2);
    g_assert_cmpuint(model->host.scans, ==, 0);
    g_assert_false(model->overview.has_scan);
    g_assert_cmpuint(model->host.index_attaches, ==, 1);
    g_assert_cmpuint(model->host.sessions_seen, ==, 1);
    world_beat_at(world, discovery);
    haywire_model_unref(g_steal_pointer(&model));
    model = world_refresh_after(world, 100 * MS);
    g_assert_cmpint(model->overview.state, ==, HAYWIRE_STATE_LIVE);
    g_assert_cmpuint(model->host.scans, ==, 0);
    /* The search for others comes all the same, in its turn. */
    world_beat_at(world, discovery);
    g_assert_cmpuint(world_scans_after(world, 9 * S), ==, 0);
    world_beat_at(world, discovery);
    g_assert_cmpuint(world_scans_after(world, 2 * S), ==, 1);
}

/* A session that is dead: found by the hint, and looked past by a scan. */
static void test_stale(void)
{
    g_autoptr(World) world = world_new("", true);
    g_autoptr(HaywireModel) model = NULL;
    HaywireGpa alive;

    haywire_watch_hint(world->watch, world_add(world, SCATTERED1));
    alive = world_add(world, SCATTERED2);
    g_assert_cmpuint(world_scans_after(world, 0), ==, 0);
    g_assert_cmpuint(world_scans_after(world, 500 * MS), ==, 0);
    g_assert_cmpuint(world_scans_after(world, S), ==, 1);
    world_beat_at(world, alive);
    model = world_refresh_after(world, 100 * MS);
    g_assert_cmphex(model->overview.session, ==, 0x22);
    g_assert_cmpint(model->overview.state, ==, HAYWIRE_STATE_LIVE);
}

/* A newer companion beside one that is live: no wait for the next scan. */
static void test_successor(void)
{
    g_autoptr(World) world = world_new("", true);
    g_autoptr(HaywireModel) model = NULL;
    HaywireGpa first, second;

    first = world_add(world, SCATTERED1);
    g_assert_cmpuint(world_scans_after(world, 0), ==, 1);
    world_beat_at(world, first);
    g_assert_cmpuint(world_scans_after(world, 100 * MS), ==, 1);
    second = world_add(world, SCATTERED2);
    haywire_watch_hint(world->watch, second);
    world_beat_at(world, first);
    model = world_refresh_after(world, 100 * MS);
    g_assert_cmphex(model->overview.session, ==, 0x11);
    world_beat_at(world, first);
    world_beat_at(world, second);
    haywire_model_unref(g_steal_pointer(&model));
    model = world_refresh_after(world, 100 * MS);
    g_assert_cmphex(model->overview.session, ==, 0x22);
    g_assert_cmpint(model->overview.state, ==, HAYWIRE_STATE_LIVE);
    g_assert_cmpuint(world_mapped(model), ==, TOTAL);
    g_assert_cmpuint(model->process_count, ==, 1);
    g_assert_cmpuint(model->host.scans, ==, 1);
    g_assert_cmpuint(model->host.index_attaches, ==, 1);
}

/* What does not lead to all pages spares no scan. */
static void test_incomplete(void)
{
    static const char *const texts[] = {
        SCATTERED1 "set master 0 length=176\n",
        SCATTERED1 "set master 0 +176.4=0\n",
        SCATTERED1 "set pid 3 kind=0x45796148 category=3 index=3\n",
        "session id=0x11 pfns=0\nprocess pid=1\nprocess pid=2\n",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(World) world = world_new("", true);
        g_autoptr(HaywireModel) model = NULL;

        haywire_watch_hint(world->watch, world_add(world, texts[i]));
        model = world_refresh_after(world, 0);
        g_assert_cmpuint(model->process_count, ==, 2);
        g_assert_cmpuint(model->host.scans, ==, 1);
        g_assert_cmpuint(world_mapped(model), >=, TOTAL - 1);
        g_assert_cmpuint(model->host.index_attaches, ==, 0);
    }
}

/* A session that hides its frame numbers, beside one that has ended. */
static void test_unprivileged(void)
{
    g_autoptr(World) world = world_new("", true);
    g_autoptr(HaywireModel) model = NULL;
    HaywireGpa discovery;
    uint64_t pause;

    (void)world_add(world, "session id=5 state=2\n");
    g_assert_cmpuint(world_scans_after(world, 0), ==, 1);
    pause = MAX(S, LOST_SHARE * world_scan_duration(world));
    discovery = world_add(world, "place first=0x2000000\n"
                                 "session id=0x11 pfns=0 interval=100ms\n"
                                 "process pid=1\n");
    haywire_watch_hint(world->watch, discovery);
    g_assert_cmpuint(world_scans_after(world, 10 * MS), ==, 1);
    world_beat_at(world, discovery);
    g_assert_cmpuint(world_scans_after(world, 100 * MS), ==, 1);
    world_beat_at(world, discovery);
    model = world_refresh_after(world, pause);
    g_assert_cmpint(model->overview.state, ==, HAYWIRE_STATE_LIVE);
    g_assert_cmpuint(model->host.scans, ==, 2);
    g_assert_cmpuint(world_mapped(model), ==, TOTAL);
    g_assert_cmpuint(model->process_count, ==, 1);
}

/* Each costs one page and is counted by what is wrong with it. */
static void test_lies(void)
{
    g_autoptr(World) world = world_new("", true);
    const HaywireGpa nothing = { 0x3000000 }, outside = { RAM_SIZE };
    const HaywireGpa plain = { 0x3100000 }, far = { UINT64_MAX };
    g_autoptr(HaywireModel) model = NULL;

    memset(world_at(world, plain), 1, HAYWIRE_PAGE_SIZE);
    haywire_watch_hint(world->watch, nothing);
    haywire_watch_hint(world->watch, outside);
    haywire_watch_hint(world->watch, plain);
    haywire_watch_hint(world->watch, far);
    model = world_refresh_after(world, 0);
    g_assert_cmpuint(model->host.rejected[HAYWIRE_HOLE], ==, 1);
    g_assert_cmpuint(model->host.rejected[HAYWIRE_NO_LAYOUT], ==, 2);
    g_assert_cmpuint(model->host.rejected[HAYWIRE_BAD_MAGIC], ==, 1);
    g_assert_cmpuint(model->host.pages_read, ==, 0);
    g_assert_cmpuint(model->host.scans, ==, 1);
}

/* A good page of a session, but not its discovery page. */
static void test_other_page(void)
{
    g_autoptr(World) world = world_new(SCATTERED1, true);
    g_autoptr(HaywireModel) model = NULL;

    haywire_watch_hint(world->watch,
                       world_gpa(world, 0, HAYWIRE_CATEGORY_PID, 0));
    model = world_refresh_after(world, 0);
    g_assert_cmpuint(model->host.rejected[HAYWIRE_BAD_KIND], ==, 1);
    g_assert_cmpuint(model->host.scans, ==, 1);
    g_assert_cmpuint(model->process_count, ==, 2);
}

/* However many come, four are looked at: the newest. */
static void test_storm(void)
{
    g_autoptr(World) world = world_new("", true);
    const HaywireGpa nothing = { 0x3000000 };
    g_autoptr(HaywireModel) model = NULL;

    for (int i = 0; i < 1000; i++) {
        haywire_watch_hint(world->watch, nothing);
    }
    haywire_watch_hint(world->watch, world_add(world, SCATTERED1));
    model = world_refresh_after(world, 0);
    g_assert_cmpuint(model->host.rejected[HAYWIRE_HOLE], ==, 3);
    g_assert_cmpuint(model->host.scans, ==, 0);
    g_assert_cmpuint(model->process_count, ==, 2);
    /* They are gone. */
    haywire_model_unref(g_steal_pointer(&model));
    model = world_refresh_after(world, 10 * MS);
    g_assert_cmpuint(model->host.rejected[HAYWIRE_HOLE], ==, 3);
}

static void test_without_layout(void)
{
    g_autoptr(World) world = world_new("", false);
    g_autoptr(HaywireModel) model = NULL;

    haywire_watch_hint(world->watch, world_add(world, SCATTERED1));
    model = world_refresh_after(world, 0);
    g_assert_cmpuint(model->host.rejected[HAYWIRE_NO_LAYOUT], ==, 1);
    g_assert_cmpuint(model->host.scans, ==, 1);
    g_assert_cmpuint(model->process_count, ==, 2);
}

static gpointer give_hints(gpointer opaque)
{
    for (uint64_t i = 0; i < 100000; i++) {
        haywire_watch_hint(opaque, (HaywireGpa){ i << HAYWIRE_PAGE_SHIFT });
    }
    return NULL;
}

/* From other threads, while the watch works. */
static void test_threads(void)
{
    g_autoptr(World) world = world_new("", true);
    GThread *thread[2];

    for (size_t i = 0; i < G_N_ELEMENTS(thread); i++) {
        thread[i] = g_thread_new("hints", give_hints, world->watch);
    }
    for (int i = 0; i < 100; i++) {
        haywire_model_unref(world_refresh_after(world, MS));
    }
    for (size_t i = 0; i < G_N_ELEMENTS(thread); i++) {
        g_thread_join(thread[i]);
    }
    haywire_watch_hint(world->watch, world_add(world, SCATTERED1));
    {
        g_autoptr(HaywireModel) model = world_refresh_after(world, MS);

        g_assert_cmpuint(model->process_count, ==, 2);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/watch-hints/all", test_all);
    g_test_add_func("/watch-hints/stale", test_stale);
    g_test_add_func("/watch-hints/successor", test_successor);
    g_test_add_func("/watch-hints/incomplete", test_incomplete);
    g_test_add_func("/watch-hints/unprivileged", test_unprivileged);
    g_test_add_func("/watch-hints/lies", test_lies);
    g_test_add_func("/watch-hints/other-page", test_other_page);
    g_test_add_func("/watch-hints/storm", test_storm);
    g_test_add_func("/watch-hints/without-layout", test_without_layout);
    g_test_add_func("/watch-hints/threads", test_threads);
    return g_test_run();
}
