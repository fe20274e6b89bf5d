/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What somebody who rings brings about, and how often.
 */

#include <glib.h>

#include "pace.h"
#include "watch_world.h"

#define SECONDS 60
#define SHARE   20 /* of the time, at most a part of so many */
#define REST_NS (20 * MS)
#define LEAST   (10 * MS)

/* A ring names the frame: the session is found without a scan, and counted. */
static void test_frame(void)
{
    g_autoptr(World) world = world_new("", true);
    g_autoptr(HaywireModel) model = NULL;
    HaywireGpa discovery = world_add(world, SCATTERED1);

    haywire_watch_ring(world->watch, discovery.value / HAYWIRE_PAGE_SIZE);
    haywire_watch_set_doorbell(world->watch, 0xf40);
    model = world_refresh_after(world, 0);
    g_assert_cmphex(model->overview.session, ==, 0x11);
    g_assert_cmpuint(world_mapped(model), ==, TOTAL);
    g_assert_cmpuint(model->host.scans, ==, 0);
    g_assert_cmpuint(model->host.rings, ==, 1);
    g_assert_cmphex(model->host.doorbell_port, ==, 0xf40);
    /* It is no heartbeat. */
    g_assert_cmpint(model->overview.state, ==, HAYWIRE_STATE_SEARCHING);
}

/* Frames that are none, or are beyond all memory. */
static void test_lies(void)
{
    g_autoptr(World) world = world_new("", true);
    g_autoptr(HaywireModel) model = NULL;

    haywire_watch_ring(world->watch, UINT32_MAX);
    haywire_watch_ring(world->watch, UINT64_MAX);
    haywire_watch_ring(world->watch, 1);
    model = world_refresh_after(world, 0);
    g_assert_false(model->overview.has_session);
    g_assert_cmpuint(model->host.rings, ==, 3);
}

/* Where nothing is found for long, scans are seconds apart; 0 brings the next. */
static void test_nowhere(void)
{
    g_autoptr(World) world = world_new("", true);
    uint64_t scans;

    for (int i = 0; i < 20; i++) {
        (void)world_scans_after(world, S);
    }
    scans = world_scans_after(world, 4 * S);
    g_assert_cmpuint(world_scans_after(world, 500 * MS), ==, scans);
    haywire_watch_ring(world->watch, 0);
    g_assert_cmpuint(world_scans_after(world, 500 * MS), ==, scans + 1);
}

/* As a worker that is rung for all the time: the processor time of its looks. */
static uint64_t spend(HaywirePace *pace, uint64_t look_ns, uint64_t *ret_looks)
{
    uint64_t now = 0, spent = 0;

    *ret_looks = 0;
    while (now < SECONDS * S) {
        haywire_pace_looked(pace, now, look_ns);
        spent += look_ns;
        (*ret_looks)++;
        now += look_ns + haywire_pace_ring_wait(pace);
    }
    return spent;
}

static void test_measure(void)
{
    static const uint64_t looks_ns[] = { 1000, 100000, MS, 5 * MS, 300 * MS };

    for (size_t i = 0; i < G_N_ELEMENTS(looks_ns); i++) {
        HaywirePace pace = { 0 };
        uint64_t looks;
        uint64_t spent = spend(&pace, looks_ns[i], &looks);

        g_assert_cmpuint(looks, >, 1);
        g_assert_cmpuint(looks, <=, SECONDS * S / LEAST + 1);
        g_assert_cmpuint(spent, <=,
                         SECONDS * S / SHARE + REST_NS + looks_ns[i]);
    }
}

/* After a rest a few costly looks may follow each other; then they are paced. */
static void test_credit(void)
{
    HaywirePace pace = { 0 };

    haywire_pace_looked(&pace, 1000 * S, 8 * MS);
    g_assert_cmpuint(haywire_pace_ring_wait(&pace), ==, LEAST);
    haywire_pace_looked(&pace, 1000 * S + 20 * MS, 8 * MS);
    g_assert_cmpuint(haywire_pace_ring_wait(&pace), ==, LEAST);
    haywire_pace_looked(&pace, 1000 * S + 40 * MS, 8 * MS);
    g_assert_cmpuint(haywire_pace_ring_wait(&pace), >=, 2 * LEAST);
    /* A clock that goes back earns nothing, and costs nothing. */
    haywire_pace_looked(&pace, 5 * S, 0);
    g_assert_cmpuint(haywire_pace_ring_wait(&pace), >=, 2 * LEAST);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/watch-rings/frame", test_frame);
    g_test_add_func("/watch-rings/lies", test_lies);
    g_test_add_func("/watch-rings/nowhere", test_nowhere);
    g_test_add_func("/watch-rings/measure", test_measure);
    g_test_add_func("/watch-rings/credit", test_credit);
    return g_test_run();
}
