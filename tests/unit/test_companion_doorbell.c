/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When a companion rings, and what it does otherwise where it can. */

#include "companion_session.h"

#define PROCESSES 20
#define SECTIONS  3

/* As if the host had a doorbell: ringing it is then of no effect. */
static HaywireDoorbell *have_doorbell(Session *session)
{
    HaywireDoorbell *doorbell = &session->companion->doorbell;

    doorbell->there = true;
    doorbell->next_find_ns = G_MAXUINT64;
    return doorbell;
}

static void test_news(void)
{
    g_autoptr(Session) session =
        session_new("c run --interval 3600000", PROCESSES, SECTIONS);
    const HaywireDoorbell *doorbell = have_doorbell(session);
    HaywireCameraWriter *camera = &session->companion->camera[0];
    uint64_t rings;

    session->fake.hears = true;
    session_work(session, 500);
    /* The page and its first beats, and the first snapshot: not all beats. */
    g_assert_cmpuint(doorbell->rings, >=, 3);
    g_assert_cmpuint(doorbell->rings, <=, 5);
    g_assert_cmpuint(session_discovery(session).heartbeat, >, 5);
    rings = doorbell->rings;
    session_work(session, 300);
    g_assert_cmpuint(doorbell->rings, ==, rings);
    /* A process ends. */
    session->fake.count = PROCESSES - 1;
    haywire_changes_add(&session->fake.heard.ended, PROCESSES);
    session_work(session, 300);
    g_assert_cmpuint(doorbell->rings, ==, rings + 1);
    /* A camera takes a target, and has data of it; later passes are no news. */
    haywire_page_set_control_word(
        haywire_publisher_page(session->publisher, HAYWIRE_CATEGORY_CAMERA1, 0),
        HAYWIRE_CONTROL_WORD(camera->said.nonce, 5));
    session_work(session, 300);
    g_assert_cmpuint(camera->said.status, ==, HAYWIRE_CAMERA_ACTIVE);
    g_assert_cmpuint(doorbell->rings, >=, rings + 2);
    g_assert_cmpuint(doorbell->rings, <=, rings + 3);
    rings = doorbell->rings;
    session->companion->task[HAYWIRE_TASK_CAMERA1].next_ns = 0;
    session_work(session, 100);
    g_assert_cmpuint(camera->passes, >=, 2);
    g_assert_cmpuint(doorbell->rings, ==, rings);
}

/* Control words are looked at more often for a moment after a focus. */
static void test_quick(void)
{
    g_autoptr(Session) session =
        session_new("c run --interval 3600000", PROCESSES, SECTIONS);
    HaywireCompanion *companion = session->companion;
    HaywireDoorbell *doorbell = have_doorbell(session);
    const uint64_t usual = HAYWIRE_CONTROL_POLL_MS * HAYWIRE_NS_PER_MS;
    uint64_t now;

    session_work(session, 100);
    companion->next_poll_ns = 0;
    now = haywire_os_monotonic_ns();
    haywire_companion_tick(companion);
    g_assert_cmpuint(companion->next_poll_ns, >=, now + usual);
    haywire_page_set_control_word(
        haywire_publisher_page(session->publisher, HAYWIRE_CATEGORY_CAMERA1, 0),
        HAYWIRE_CONTROL_WORD(companion->camera[0].said.nonce, 5));
    companion->next_poll_ns = 0;
    haywire_companion_tick(companion);
    g_assert_cmpuint(companion->quick_until_ns, >, now);
    g_assert_cmpuint(companion->next_poll_ns, <,
                     haywire_os_monotonic_ns() + usual / 2);
    /* Not for a host that does not hear. */
    doorbell->there = false;
    companion->next_poll_ns = 0;
    now = haywire_os_monotonic_ns();
    haywire_companion_tick(companion);
    g_assert_cmpuint(companion->next_poll_ns, >=, now + usual);
}

/* No doorbell, and none wanted: nothing is looked for, nothing is rung. */
static void test_off(void)
{
    g_autoptr(Session) session =
        session_new("c run --doorbell off", PROCESSES, SECTIONS);

    session_work(session, 200);
    g_assert_false(session->companion->doorbell.there);
    g_assert_cmpuint(session->companion->doorbell.next_find_ns, ==, 0);
    g_assert_cmpuint(session->companion->doorbell.rings, ==, 0);
    g_assert_cmpuint(session->publisher->counter[HAYWIRE_COUNTER_CAPABILITIES] &
                         HAYWIRE_CAPABILITY_DOORBELL,
                     ==, 0);
}

/* A port that nobody may use, here or anywhere. */
static void test_absent(void)
{
    g_assert_false(haywire_os_doorbell_find(HAYWIRE_DOORBELL_PORT_MAX + 8));
    haywire_os_doorbell_ring(1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/companion-doorbell/news", test_news);
    g_test_add_func("/companion-doorbell/quick", test_quick);
    g_test_add_func("/companion-doorbell/off", test_off);
    g_test_add_func("/companion-doorbell/absent", test_absent);
    return g_test_run();
}
