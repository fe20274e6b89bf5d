/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the companion keeps to its budget of processor time: with made-up costs
 * and a made-up clock.
 */

#include <glib.h>

#include "engine/pace.h"
#include "os/os.h"

#define MS      HAYWIRE_NS_PER_MS
#define SECOND  HAYWIRE_NS_PER_SECOND
#define PERCENT (SECOND / 100)

/* The default intervals; costs are the test's. */
static void set_costs(HaywirePaceRound *round, guint64 pid, guint64 roundrobin,
                      guint64 sections, guint64 camera)
{
    const HaywirePaceRound usual[HAYWIRE_PACE_COUNT] = {
        [HAYWIRE_PACE_PID] = { 500 * MS, pid, 0 },
        [HAYWIRE_PACE_ROUNDROBIN] = { 1000 * MS, roundrobin, 0 },
        [HAYWIRE_PACE_SECTIONS] = { 4000 * MS, sections, 0 },
        [HAYWIRE_PACE_CAMERA1] = { 500 * MS, camera, 0 },
        [HAYWIRE_PACE_CAMERA2] = { 500 * MS, 0, 0 },
    };

    for (int i = 0; i < HAYWIRE_PACE_COUNT; i++) {
        round[i] = usual[i];
    }
}

/* Samples of a companion that does @other besides its rounds, ns a second. */
static void run(HaywirePace *pace, unsigned seconds, guint64 other)
{
    static guint64 now, cpu, rounds;

    for (unsigned i = 0; i < seconds; i++) {
        now += SECOND;
        cpu += other + 3 * MS;
        rounds += 3 * MS;
        g_assert_true(haywire_pace_sample(pace, now, cpu, rounds));
        g_assert_false(haywire_pace_sample(pace, now + SECOND / 2, cpu, 0));
    }
}

static double cost_of(const HaywirePaceRound *round)
{
    double cost = 0;

    for (int i = 0; i < HAYWIRE_PACE_COUNT; i++) {
        cost += (double)round[i].cost_ns * SECOND / round[i].interval_ns;
    }
    return cost;
}

static void assert_usual(const HaywirePaceRound *round, int id)
{
    g_assert_cmpuint(round[id].interval_ns, ==, round[id].usual_ns);
}

static void test_cheap(void)
{
    HaywirePaceRound round[HAYWIRE_PACE_COUNT];
    HaywirePace pace;

    haywire_pace_init(&pace, PERCENT);
    run(&pace, 5, MS);
    set_costs(round, MS, MS, 2 * MS, MS);
    haywire_pace_plan(&pace, true, round);
    for (int i = 0; i < HAYWIRE_PACE_COUNT; i++) {
        assert_usual(round, i);
    }
}

static void test_no_limit(void)
{
    HaywirePaceRound round[HAYWIRE_PACE_COUNT];
    HaywirePace pace;

    haywire_pace_init(&pace, 0);
    g_assert_false(haywire_pace_sample(&pace, SECOND, SECOND, SECOND));
    set_costs(round, SECOND, SECOND, SECOND, SECOND);
    haywire_pace_plan(&pace, false, round);
    for (int i = 0; i < HAYWIRE_PACE_COUNT; i++) {
        assert_usual(round, i);
    }
    g_assert_cmpuint(haywire_pace_pause(&pace, SECOND), ==, 0);
}

/* The order: ROUNDROBIN and sections, then cameras, then PID. */
static void test_order(void)
{
    HaywirePaceRound round[HAYWIRE_PACE_COUNT];
    HaywirePace pace;

    haywire_pace_init(&pace, PERCENT);
    set_costs(round, MS, 8 * MS, 8 * MS, MS);
    haywire_pace_plan(&pace, false, round);
    assert_usual(round, HAYWIRE_PACE_PID);
    assert_usual(round, HAYWIRE_PACE_CAMERA1);
    g_assert_cmpfloat_with_epsilon(cost_of(round), PERCENT, PERCENT / 1000.0);
    /* 14 ms a second are to become 10, of which PID and camera have 4. */
    g_assert_cmpuint(round[HAYWIRE_PACE_ROUNDROBIN].interval_ns / MS, ==, 1666);
    g_assert_cmpuint(round[HAYWIRE_PACE_SECTIONS].interval_ns / MS, ==, 6666);

    set_costs(round, MS, 8 * MS, 8 * MS, 10 * MS);
    haywire_pace_plan(&pace, false, round);
    assert_usual(round, HAYWIRE_PACE_PID);
    g_assert_cmpuint(round[HAYWIRE_PACE_ROUNDROBIN].interval_ns, ==,
                     HAYWIRE_PACE_LONGEST_NS);
    g_assert_cmpuint(round[HAYWIRE_PACE_SECTIONS].interval_ns, ==,
                     HAYWIRE_PACE_LONGEST_SECTIONS_NS);
    g_assert_cmpuint(round[HAYWIRE_PACE_CAMERA1].interval_ns, >, 500 * MS);
    g_assert_cmpfloat_with_epsilon(cost_of(round), PERCENT, PERCENT / 1000.0);

    set_costs(round, 20 * MS, 8 * MS, 8 * MS, 10 * MS);
    haywire_pace_plan(&pace, false, round);
    g_assert_cmpuint(round[HAYWIRE_PACE_CAMERA1].interval_ns, ==,
                     HAYWIRE_PACE_LONGEST_NS);
    g_assert_cmpuint(round[HAYWIRE_PACE_PID].interval_ns, >, 2000 * MS);
    g_assert_cmpfloat_with_epsilon(cost_of(round), PERCENT, PERCENT / 1000.0);
}

/* Too costly in any case: no interval grows without end. */
static void test_longest(void)
{
    HaywirePaceRound round[HAYWIRE_PACE_COUNT];
    HaywirePace pace;

    haywire_pace_init(&pace, PERCENT);
    set_costs(round, SECOND, SECOND, SECOND, SECOND);
    haywire_pace_plan(&pace, true, round);
    for (int i = 0; i < HAYWIRE_PACE_COUNT; i++) {
        g_assert_cmpuint(round[i].interval_ns, ==,
                         i == HAYWIRE_PACE_SECTIONS
                             ? HAYWIRE_PACE_LONGEST_SECTIONS_NS
                             : HAYWIRE_PACE_LONGEST_NS);
    }
    /* What was asked for may be longer. */
    set_costs(round, SECOND, SECOND, SECOND, SECOND);
    round[HAYWIRE_PACE_PID].usual_ns = 60 * SECOND;
    haywire_pace_plan(&pace, true, round);
    assert_usual(round, HAYWIRE_PACE_PID);
}

/* While the system tells of processes, snapshots give way first, a little. */
static void test_hearing(void)
{
    HaywirePaceRound round[HAYWIRE_PACE_COUNT];
    HaywirePace pace;

    haywire_pace_init(&pace, PERCENT);
    set_costs(round, 4 * MS, 4 * MS, 0, 0);
    haywire_pace_plan(&pace, true, round);
    g_assert_cmpuint(round[HAYWIRE_PACE_PID].interval_ns / MS, ==, 666);
    assert_usual(round, HAYWIRE_PACE_ROUNDROBIN);
    set_costs(round, 40 * MS, 4 * MS, 0, 0);
    haywire_pace_plan(&pace, true, round);
    g_assert_cmpuint(round[HAYWIRE_PACE_PID].interval_ns, >, 2000 * MS);
    g_assert_cmpuint(round[HAYWIRE_PACE_ROUNDROBIN].interval_ns, ==,
                     HAYWIRE_PACE_LONGEST_NS);
}

/* What is not rounds is seen within the window, and forgotten behind it. */
static void test_window(void)
{
    HaywirePaceRound round[HAYWIRE_PACE_COUNT];
    HaywirePace pace;

    haywire_pace_init(&pace, PERCENT);
    g_assert_cmpuint(haywire_pace_other(&pace), ==, 0);
    run(&pace, 30, 2 * MS);
    g_assert_cmpuint(haywire_pace_other(&pace), ==, 2 * MS);
    set_costs(round, 4 * MS, 0, 0, 0);
    haywire_pace_plan(&pace, false, round);
    assert_usual(round, HAYWIRE_PACE_PID);

    run(&pace, 3, 12 * MS);
    g_assert_cmpuint(haywire_pace_other(&pace), >, 4 * MS);
    haywire_pace_plan(&pace, false, round);
    g_assert_cmpuint(round[HAYWIRE_PACE_PID].interval_ns, >, 500 * MS);

    run(&pace, HAYWIRE_PACE_SAMPLES, 2 * MS);
    g_assert_cmpuint(haywire_pace_other(&pace), ==, 2 * MS);
    haywire_pace_plan(&pace, false, round);
    assert_usual(round, HAYWIRE_PACE_PID);
}

/*
 * Rounds that cost more than was known are paid for afterwards; what was spared
 * before them does not count, nor does more than half a minute's budget.
 */
static void test_debt(void)
{
    HaywirePaceRound round[HAYWIRE_PACE_COUNT];
    HaywirePace pace;
    uint64_t cpu = 0;

    haywire_pace_init(&pace, PERCENT);
    for (unsigned second = 1; second < 100; second++) {
        cpu += second == 20 ? 50 * MS : MS;
        g_assert_true(haywire_pace_sample(&pace, second * SECOND, cpu, cpu));
        set_costs(round, 4 * MS, 0, 0, 0);
        haywire_pace_plan(&pace, false, round);
        if (second < 20 || second > 25) {
            assert_usual(round, HAYWIRE_PACE_PID);
        } else if (second == 20) {
            /* 40 ms are owed: 4 a second, and 6 are left. */
            g_assert_cmpuint(round[HAYWIRE_PACE_PID].interval_ns / MS, ==, 666);
        }
    }
    cpu += 100 * SECOND;
    g_assert_true(haywire_pace_sample(&pace, 100 * SECOND, cpu, cpu));
    g_assert_cmpfloat(pace.debt_ns, ==, 30 * PERCENT);
}

/* From half the budget on, until it is an eighth. */
static void test_tight(void)
{
    HaywirePace pace;

    haywire_pace_init(&pace, PERCENT);
    run(&pace, HAYWIRE_PACE_SAMPLES, 4 * MS);
    g_assert_false(pace.tight);
    run(&pace, HAYWIRE_PACE_SAMPLES, 6 * MS);
    g_assert_true(pace.tight);
    run(&pace, HAYWIRE_PACE_SAMPLES, 2 * MS);
    g_assert_true(pace.tight);
    run(&pace, HAYWIRE_PACE_SAMPLES, MS);
    g_assert_false(pace.tight);
}

/* However costly the rest is, rounds keep a quarter of the budget. */
static void test_least(void)
{
    HaywirePaceRound round[HAYWIRE_PACE_COUNT];
    HaywirePace pace;

    haywire_pace_init(&pace, PERCENT);
    run(&pace, 5, 50 * MS);
    set_costs(round, 5 * MS, 0, 0, 0);
    haywire_pace_plan(&pace, false, round);
    g_assert_cmpuint(round[HAYWIRE_PACE_PID].interval_ns / MS, ==, 2000);
}

static void test_pause(void)
{
    HaywirePace pace;

    haywire_pace_init(&pace, PERCENT);
    g_assert_cmpuint(haywire_pace_pause(&pace, MS), ==, 200 * MS);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pace/cheap", test_cheap);
    g_test_add_func("/pace/no-limit", test_no_limit);
    g_test_add_func("/pace/debt", test_debt);
    g_test_add_func("/pace/tight", test_tight);
    g_test_add_func("/pace/order", test_order);
    g_test_add_func("/pace/longest", test_longest);
    g_test_add_func("/pace/hearing", test_hearing);
    g_test_add_func("/pace/window", test_window);
    g_test_add_func("/pace/least", test_least);
    g_test_add_func("/pace/pause", test_pause);
    return g_test_run();
}
