/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The watch over arrays: finding sessions, judging them and replacing them.
 */

#include <glib.h>
#include <string.h>

#include "watch_world.h"

static void test_nothing(void)
{
    World *world = world_new("", true);
    g_autoptr(HaywireModel) model = world_refresh(world);

    g_assert_cmpint(model->overview.state, ==, HAYWIRE_STATE_SEARCHING);
    g_assert_false(model->overview.has_session);
    g_assert_true(model->overview.has_scan);
    g_assert_cmpuint(model->process_count, ==, 0);
    g_assert_cmpuint(haywire_watch_beat_wait(world->watch, world->now), ==, 0);
    world_free(world);
}

static void test_live(void)
{
    World *world = world_new(SESSION1, true);
    g_autoptr(HaywireModel) first = world_refresh(world);
    g_autoptr(HaywireModel) second = NULL;
    uint64_t wait = haywire_watch_beat_wait(world->watch, world->now);

    g_assert_cmpint(first->overview.state, ==, HAYWIRE_STATE_SEARCHING);
    g_assert_true(first->overview.has_session);
    g_assert_cmpuint(first->process_count, ==, 2);
    g_assert_cmpuint(wait, >=, 100 * MS);
    g_assert_cmpuint(wait, <=, S);
    world_beat(world, 0);
    second = world_refresh_after(world, wait);
    g_assert_cmpint(second->overview.state, ==, HAYWIRE_STATE_LIVE);
    g_assert_cmphex(second->overview.session, ==, 0x11);
    g_assert_cmpuint(second->overview.heartbeat_age, ==, 0);
    g_assert_cmpuint(second->overview.category[1].pages, ==, 500);
    g_assert_cmpuint(second->overview.category[1].mapped, ==, 500);
    g_assert_cmpuint(second->overview.sessions, ==, 1);
    g_assert_cmpuint(second->host.scans, ==, 1);
    g_assert_cmpuint(second->host.sessions_seen, ==, 1);
    g_assert_cmpuint(haywire_watch_beat_wait(world->watch, world->now), ==, 0);
    world_free(world);
}

static void test_cost(void)
{
    World *world = world_new(SESSION1 "counter cpu-time=77\n", true);
    g_autoptr(HaywireModel) first = world_refresh(world);
    g_autoptr(HaywireModel) second = world_refresh_after(world, 3 * S);
    const HaywireCost *cost = &second->overview.cost;

    g_assert_cmpuint(first->overview.cost.time, ==, 0);
    g_assert_cmpuint(cost->time, ==, 3 * S);
    g_assert_cmpuint(cost->refreshes, ==, 2);
    g_assert_cmpuint(cost->scans, ==, second->host.scans);
    g_assert_cmpuint(cost->pages_read, ==, second->host.pages_read);
    g_assert_cmpuint(cost->bytes_decoded, >, 0);
    g_assert_cmpuint(cost->cpu_time, >, first->overview.cost.cpu_time);
    g_assert_true(cost->companion_known);
    g_assert_cmpuint(cost->companion_time, ==, 10 * S);
    g_assert_cmpuint(cost->companion_cpu_time, ==, 77);
    world_free(world);
}

/* Only what has changed is read again. */
static void test_rereads_changes_only(void)
{
    World *world = world_new(SESSION1, true);
    g_autoptr(HaywireModel) before = NULL;
    g_autoptr(HaywireModel) after = NULL;

    world_go_live(world, 0);
    before = world_refresh(world);
    world_beat(world, 0);
    after = world_refresh_after(world, 100 * MS);
    /* The discovery page alone. */
    g_assert_cmpuint(after->host.pages_read - before->host.pages_read, ==, 1);
    world_free(world);
}

static void test_stale(void)
{
    World *world = world_new(SESSION1, true);
    g_autoptr(HaywireModel) model = NULL;

    world_go_live(world, 0);
    model = world_refresh_after(world, 1500 * MS);
    g_assert_cmpint(model->overview.state, ==, HAYWIRE_STATE_STALE);
    g_assert_cmpuint(model->process_count, ==, 2);
    g_assert_cmpuint(model->overview.heartbeat_age, ==, 1500 * MS);
    /* Looked for a successor at once. */
    g_assert_cmpuint(model->host.scans, ==, 2);
    world_beat(world, 0);
    haywire_model_unref(g_steal_pointer(&model));
    model = world_refresh_after(world, 10 * MS);
    g_assert_cmpint(model->overview.state, ==, HAYWIRE_STATE_LIVE);
    world_free(world);
}

/* The host's clock goes on, the guest's does not. */
static HaywireModel *refresh_paused(World *world, uint64_t ns)
{
    world->now.host_ns += ns;
    world->now.paused = true;
    return world_refresh(world);
}

static void test_paused(void)
{
    World *world = world_new(SESSION1, true);
    g_autoptr(HaywireModel) before = NULL;
    g_autoptr(HaywireModel) paused = NULL;
    g_autoptr(HaywireModel) after = NULL;

    before = refresh_paused(world, 0);
    g_assert_cmpint(before->overview.state, ==, HAYWIRE_STATE_SEARCHING);
    world->now.paused = false;
    world_go_live(world, 0);
    haywire_model_unref(refresh_paused(world, 100 * MS));
    paused = refresh_paused(world, 300 * S);
    g_assert_cmpint(paused->overview.state, ==, HAYWIRE_STATE_PAUSED);
    g_assert_cmphex(paused->overview.session, ==, 0x11);
    g_assert_cmpuint(paused->process_count, ==, 2);
    /* It goes on, and has not had the time for a beat yet. */
    world->now.paused = false;
    after = world_refresh_after(world, 10 * MS);
    g_assert_cmpint(after->overview.state, ==, HAYWIRE_STATE_LIVE);
    g_assert_cmphex(after->overview.session, ==, 0x11);
    world_free(world);
}

/* Suspended to RAM: the processors stand, QEMU's clock for them does not. */
static void test_suspended(void)
{
    World *world = world_new(SESSION1, true);
    HaywireModel *model;

    world_go_live(world, 0);
    world->now.paused = true;
    for (int i = 0; i < 3; i++) {
        model = world_refresh_after(world, 90 * S);
        g_assert_cmpint(model->overview.state, ==, HAYWIRE_STATE_PAUSED);
        g_assert_cmphex(model->overview.session, ==, 0x11);
        haywire_model_unref(model);
    }
    /* It wakes, and has not had the time for a beat yet. */
    world->now.paused = false;
    model = world_refresh_after(world, 5 * S);
    g_assert_cmpint(model->overview.state, ==, HAYWIRE_STATE_LIVE);
    haywire_model_unref(model);
    /* Then it is judged as any other. */
    model = world_refresh_after(world, 1500 * MS);
    g_assert_cmpint(model->overview.state, ==, HAYWIRE_STATE_STALE);
    haywire_model_unref(model);
    world_free(world);
}

/* What was stale before is not made better by a pause. */
static void test_stale_paused(void)
{
    World *world = world_new(SESSION1, true);
    g_autoptr(HaywireModel) model = NULL;

    world_go_live(world, 0);
    haywire_model_unref(world_refresh_after(world, 1500 * MS));
    model = refresh_paused(world, S);
    g_assert_cmpint(model->overview.state, ==, HAYWIRE_STATE_STALE);
    world_free(world);
}

/* A file at rest needs no waiting; it may be used again later. */
static void test_still(void)
{
    World *world = world_new(SESSION1, false);
    g_autoptr(HaywireModel) rest = NULL;
    g_autoptr(HaywireModel) after = NULL;

    world->now.still = true;
    rest = world_refresh(world);
    g_assert_cmpint(rest->overview.state, ==, HAYWIRE_STATE_STALE);
    g_assert_cmpuint(rest->process_count, ==, 2);
    g_assert_cmpuint(haywire_watch_beat_wait(world->watch, world->now), ==, 0);
    world->now.still = false;
    world_beat(world, 0);
    after = world_refresh_after(world, 100 * MS);
    g_assert_cmpint(after->overview.state, ==, HAYWIRE_STATE_LIVE);
    world_free(world);
}

/* Killed; its memory is used for other things, bit by bit. */
static void test_killed(void)
{
    World *world = world_new(SESSION1, true);
    g_autoptr(HaywireModel) model = NULL;
    uint32_t i;

    world_go_live(world, 0);
    for (i = 0; i < 100; i++) {
        memset(world_page(world, 0, HAYWIRE_CATEGORY_PID, i), 0xab, 4096);
    }
    haywire_model_unref(world_refresh_after(world, 300 * MS));
    memset(world_page(world, 0, HAYWIRE_CATEGORY_MASTER, 0), 0xab, 4096);
    model = world_refresh_after(world, 300 * MS);
    g_assert_cmpint(model->overview.state, ==, HAYWIRE_STATE_STALE);
    g_assert_cmpuint(model->process_count, ==, 2);
    g_assert_cmphex(model->overview.session, ==, 0x11);
    world_free(world);
}

static void test_closed(void)
{
    World *world = world_new("session id=5 state=2\nprocess pid=1\n", true);
    g_autoptr(HaywireModel) model = world_refresh(world);

    g_assert_cmpint(model->overview.state, ==, HAYWIRE_STATE_STALE);
    g_assert_true(model->overview.closed);
    g_assert_cmpuint(model->process_count, ==, 1);
    g_assert_cmpuint(haywire_watch_beat_wait(world->watch, world->now), ==, 0);
    world_free(world);
}

/* A dead session's pages, one that beats, and a newer one that starts to. */
static void test_successor(void)
{
    World *world = world_new(SESSION1 SESSION2, true);
    HaywireModel *model;

    model = world_refresh(world);
    g_assert_cmphex(model->overview.session, ==, 0x22);
    haywire_model_unref(model);
    world_beat(world, 0);
    model = world_refresh_after(world, 100 * MS);
    g_assert_cmphex(model->overview.session, ==, 0x11);
    g_assert_cmpint(model->overview.state, ==, HAYWIRE_STATE_LIVE);
    g_assert_nonnull(haywire_model_process(model, 1));
    g_assert_null(haywire_model_process(model, 7));
    g_assert_cmpuint(model->overview.sessions, ==, 2);
    haywire_model_unref(model);
    world_beat(world, 0);
    world_beat(world, 1);
    model = world_refresh_after(world, 100 * MS);
    g_assert_cmphex(model->overview.session, ==, 0x22);
    g_assert_cmpint(model->overview.state, ==, HAYWIRE_STATE_LIVE);
    g_assert_null(haywire_model_process(model, 1));
    g_assert_nonnull(haywire_model_process(model, 7));
    haywire_model_unref(model);
    world_free(world);
}

/* A newer session appears while the old one still beats. */
static void test_second_companion(void)
{
    World *world = world_new(SESSION1, true);
    HaywireModel *model = NULL;
    HaywireGpa discovery;
    int i;

    world_go_live(world, 0);
    discovery = world_add(world, SESSION2);
    /* After 10 s, or later where scans are slow. */
    for (i = 0; i < 100000 && (!model || model->host.scans == 1); i++) {
        haywire_model_unref(model);
        world_beat(world, 0);
        world_beat_at(world, discovery);
        model = world_refresh_after(world, 100 * MS);
        g_assert_cmpint(model->overview.state, ==, HAYWIRE_STATE_LIVE);
    }
    g_assert_cmpint(i, >=, 99);
    haywire_model_unref(model);
    world_beat(world, 0);
    world_beat_at(world, discovery);
    model = world_refresh_after(world, 100 * MS);
    g_assert_cmphex(model->overview.session, ==, 0x22);
    g_assert_cmpuint(model->host.scans, ==, 2);
    haywire_model_unref(model);
    world_free(world);
}

static void check_shown(HaywireModel *model, uint64_t session,
                        HaywireState state)
{
    g_assert_cmphex(model->overview.session, ==, session);
    g_assert_cmpint(model->overview.state, ==, state);
    haywire_model_unref(model);
}

static void wipe_discovery(World *world, unsigned session)
{
    memset(world_page(world, session, HAYWIRE_CATEGORY_MASTER, 0), 0,
           HAYWIRE_PAGE_SIZE);
}

/*
 * Two that beat, then neither: where the newer one's memory is used otherwise
 * at once, the older one is not shown before it beats anew.
 */
static void test_not_back(void)
{
    World *world = world_new(SESSION1 SESSION2, true);

    haywire_model_unref(world_refresh(world));
    world_beat(world, 0);
    world_beat(world, 1);
    check_shown(world_refresh_after(world, 100 * MS), 0x22, HAYWIRE_STATE_LIVE);
    world_beat(world, 1);
    check_shown(world_refresh_after(world, 100 * MS), 0x22, HAYWIRE_STATE_LIVE);
    wipe_discovery(world, 1);
    check_shown(world_refresh_after(world, 100 * MS), 0x22,
                HAYWIRE_STATE_STALE);
    world_beat(world, 0);
    check_shown(world_refresh_after(world, 100 * MS), 0x11, HAYWIRE_STATE_LIVE);
    world_free(world);
}

#define SESSION0                                                          \
    "place first=0x3000000\n"                                             \
    "session id=0x99 started=5s wall-started=5s time=6s interval=100ms\n" \
    "process pid=3 name=\"long ago\"\n"

/* One that lived for one look, and nothing else lives: nothing older then. */
static void test_gone_at_once(void)
{
    World *world = world_new(SESSION1 SESSION2 SESSION0, true);

    haywire_model_unref(world_refresh(world));
    world_beat(world, 0);
    check_shown(world_refresh_after(world, 2 * S), 0x11, HAYWIRE_STATE_LIVE);
    world_beat(world, 1);
    check_shown(world_refresh_after(world, 100 * MS), 0x22, HAYWIRE_STATE_LIVE);
    wipe_discovery(world, 0);
    wipe_discovery(world, 1);
    check_shown(world_refresh_after(world, 100 * MS), 0x22,
                HAYWIRE_STATE_STALE);
    world_free(world);
}

/* Leftovers of an earlier boot that turn up do not replace what was live. */
static void test_leftovers(void)
{
    World *world = world_new(SESSION1, true);
    HaywireModel *model = NULL;

    world_go_live(world, 0);
    (void)world_add(world, SESSION2);
    haywire_watch_request_scan(world->watch);
    model = world_refresh_after(world, 100 * MS);
    g_assert_cmphex(model->overview.session, ==, 0x11);
    haywire_model_unref(model);
    model = world_refresh_after(world, 20 * S);
    g_assert_cmphex(model->overview.session, ==, 0x11);
    g_assert_cmpint(model->overview.state, ==, HAYWIRE_STATE_STALE);
    haywire_model_unref(model);
    world_free(world);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/watch/nothing", test_nothing);
    g_test_add_func("/watch/live", test_live);
    g_test_add_func("/watch/cost", test_cost);
    g_test_add_func("/watch/rereads-changes-only", test_rereads_changes_only);
    g_test_add_func("/watch/stale", test_stale);
    g_test_add_func("/watch/paused", test_paused);
    g_test_add_func("/watch/suspended", test_suspended);
    g_test_add_func("/watch/stale-paused", test_stale_paused);
    g_test_add_func("/watch/still", test_still);
    g_test_add_func("/watch/killed", test_killed);
    g_test_add_func("/watch/closed", test_closed);
    g_test_add_func("/watch/successor", test_successor);
    g_test_add_func("/watch/second-companion", test_second_companion);
    g_test_add_func("/watch/not-back", test_not_back);
    g_test_add_func("/watch/gone-at-once", test_gone_at_once);
    g_test_add_func("/watch/leftovers", test_leftovers);
    return g_test_run();
}
