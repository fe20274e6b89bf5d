/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A session's rhythm: rounds, beats and news, and what it may cost. */

#include "companion_session.h"

#define PROCESSES 20
#define SECTIONS  3

static void test_run(void)
{
    g_autoptr(Session) session =
        session_new("c run --interval 20", PROCESSES, SECTIONS);
    const uint64_t *counter = session->publisher->counter;

    session_work(session, 300);
    g_assert_true(haywire_companion_round_done(session->companion));
    g_assert_cmpuint(counter[HAYWIRE_COUNTER_PID_ROUNDS], >=, 3);
    g_assert_cmpuint(counter[HAYWIRE_COUNTER_ROUNDROBIN_ROUNDS], >=, 2);
    g_assert_cmpuint(counter[HAYWIRE_COUNTER_CAMERA1_PASSES], ==, 0);
    g_assert_cmpuint(session_discovery(session).heartbeat, >=, 3);
}

static void test_once(void)
{
    g_autoptr(Session) session =
        session_new("c once --interval 20", PROCESSES, SECTIONS);
    const uint64_t *counter = session->publisher->counter;
    HaywireCameraWriter *camera = &session->companion->camera[0];

    session->fake.hears = true;
    session->fake.count = 19;
    session_work(session, 200);
    session->fake.count = 20;
    haywire_changes_add(&session->fake.heard.begun, 20);
    session_work(session, 200);
    g_assert_cmpuint(counter[HAYWIRE_COUNTER_PID_ROUNDS], ==, 1);
    g_assert_cmpuint(counter[HAYWIRE_COUNTER_ROUNDROBIN_ROUNDS], ==, 1);
    haywire_page_set_control_word(
        haywire_publisher_page(session->publisher, HAYWIRE_CATEGORY_CAMERA1, 0),
        HAYWIRE_CONTROL_WORD(camera->said.nonce, 5));
    session_work(session, 200);
    g_assert_cmpuint(counter[HAYWIRE_COUNTER_CAMERA1_PASSES], ==, 1);
    g_assert_cmpuint(session_discovery(session).heartbeat, >=, 5);
}

static void test_only(void)
{
    g_autoptr(Session) session =
        session_new("c --only pid --interval 20", PROCESSES, SECTIONS);
    const uint64_t *counter = session->publisher->counter;

    session_work(session, 100);
    g_assert_cmpuint(counter[HAYWIRE_COUNTER_PID_ROUNDS], >, 0);
    g_assert_cmpuint(counter[HAYWIRE_COUNTER_ROUNDROBIN_ROUNDS], ==, 0);
}

/* Let all regular rounds find out anew what they cost. */
static void hurry(Session *session, unsigned rounds)
{
    for (unsigned i = 0; i < rounds; i++) {
        session->companion->task[HAYWIRE_TASK_PID].next_ns = 0;
        session->companion->task[HAYWIRE_TASK_ROUNDROBIN].next_ns = 0;
        session->companion->task[HAYWIRE_TASK_SECTIONS].next_ns = 0;
        session_work(session, 10);
    }
}

/*
 * Processes that are costly to read, a third of a CPU in all: the intervals
 * become longer, and the discovery page says so; the heart goes on. This
 * program's own waiting counts, too, so that the limit is not a low one.
 */
static void test_max_cpu(void)
{
    g_autoptr(Session) session =
        session_new("c run --interval 50 --max-cpu 10", PROCESSES, SECTIONS);
    const uint64_t *rounds =
        &session->publisher->counter[HAYWIRE_COUNTER_PID_ROUNDS];
    HaywireDiscovery before = session_discovery(session), after;
    uint64_t done, elapsed_ms;

    session->fake.burn_us = 500;
    session_work(session, 2500);
    after = session_discovery(session);
    g_assert_cmpuint(after.pid_interval_ns, >, 3 * before.pid_interval_ns / 2);
    g_assert_cmpuint(after.roundrobin_interval_ns, ==, HAYWIRE_PACE_LONGEST_NS);
    g_assert_cmpuint(after.heartbeat_interval_ns, ==,
                     before.heartbeat_interval_ns);
    done = *rounds;
    elapsed_ms = session_work(session, 1500);
    /* One in 50 ms, if it were not for the limit. */
    g_assert_cmpuint((*rounds - done) * 75, <, elapsed_ms);
    g_assert_cmpuint(session_discovery(session).heartbeat, >,
                     after.heartbeat + 10);

    session->fake.burn_us = 0;
    hurry(session, 30);
    session_work(session, 1100);
    g_assert_cmpuint(session_discovery(session).pid_interval_ns, ==,
                     before.pid_interval_ns);
}

/*
 * Over many rounds all of it, the heart too, stays within the limit, after the
 * first rounds, whose cost nobody knows. Waiting is this program's, not its.
 */
static void test_budget(void)
{
    g_autoptr(Session) session =
        session_new("c run --interval 50 --max-cpu 10", PROCESSES, SECTIONS);
    HaywireCompanion *companion = session->companion;
    uint64_t began, now, cpu = 0;

    session->fake.burn_us = 100;
    session_work(session, 2500);
    began = now = haywire_os_monotonic_ns();
    while (now < began + 8 * HAYWIRE_NS_PER_SECOND) {
        uint64_t before = haywire_os_cpu_ns();
        uint64_t next = haywire_companion_work(companion);

        cpu += haywire_os_cpu_ns() - before;
        now = haywire_os_monotonic_ns();
        haywire_companion_wait(companion, next > now ? next - now : 0);
    }
    g_test_message("%.2f %%", 100.0 * cpu / (now - began));
    g_assert_cmpuint(cpu * 10, <=, now - began);
}

static void test_max_cpu_unlimited(void)
{
    g_autoptr(Session) session =
        session_new("c run --interval 50 --max-cpu 100", PROCESSES, SECTIONS);
    HaywireDiscovery before = session_discovery(session);

    session->fake.burn_us = 100;
    session_work(session, 1500);
    g_assert_cmpuint(session_discovery(session).pid_interval_ns, ==,
                     before.pid_interval_ns);
    g_assert_cmpuint(session_discovery(session).roundrobin_interval_ns, ==,
                     before.roundrobin_interval_ns);
}

static size_t listed(Session *session)
{
    return session->publisher->counter[HAYWIRE_COUNTER_PROCESSES];
}

/* What the system tells of is there long before the next regular snapshot. */
static void test_news(void)
{
    g_autoptr(Session) session =
        session_new("c run --interval 60000", PROCESSES, SECTIONS);
    uint64_t cycle;

    session->fake.hears = true;
    session->fake.count = 19;
    session_work(session, 200);
    g_assert_cmpuint(listed(session), ==, 19);
    cycle = session->companion->roundrobin.cycle;
    session->fake.count = 20;
    haywire_changes_add(&session->fake.heard.begun, 20);
    session_work(session, 200);
    g_assert_cmpuint(listed(session), ==, 20);
    session_work(session, 600);
    g_assert_cmpuint(session->companion->roundrobin.cycle, >, cycle);
    session->fake.count = 19;
    haywire_changes_add(&session->fake.heard.ended, 20);
    session_work(session, 200);
    g_assert_cmpuint(listed(session), ==, 19);
    g_assert_cmpuint(session->companion->task[HAYWIRE_TASK_PID].rounds, ==, 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rhythm/run", test_run);
    g_test_add_func("/rhythm/once", test_once);
    g_test_add_func("/rhythm/only", test_only);
    g_test_add_func("/rhythm/max-cpu", test_max_cpu);
    g_test_add_func("/rhythm/budget", test_budget);
    g_test_add_func("/rhythm/max-cpu/unlimited", test_max_cpu_unlimited);
    g_test_add_func("/rhythm/news", test_news);
    return g_test_run();
}
