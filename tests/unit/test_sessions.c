/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Judging heartbeats and choosing a session.
 */

#include <glib.h>
#include <string.h>

#include "beacon_ram.h"
#include "haywire/bytes.h"
#include "haywire/sessions.h"

#define MS       UINT64_C(1000000)
#define S        UINT64_C(1000000000)
#define RAM_SIZE (16u << 20)

typedef struct World {
    HaywireBeaconRam ram;
    HaywireSessions sessions;
} World;

static World *new_world(const char *text)
{
    World *world = g_new0(World, 1);

    haywire_beacon_ram_init(&world->ram, text, RAM_SIZE, false);
    return world;
}

static void free_world(World *world)
{
    haywire_beacon_ram_clear(&world->ram);
    g_free(world);
}

/* The discovery page as it lies in memory. */
static HaywirePage *discovery(World *world, unsigned session)
{
    return haywire_beacon_ram_page(&world->ram, session,
                                   HAYWIRE_CATEGORY_MASTER, 0);
}

static void add_page(World *world, const HaywirePage *page, uint64_t now_ns)
{
    HaywirePosition position = { (const uint8_t *)page - world->ram.host };
    HaywireDiscovery content;
    HaywirePageInfo info;

    g_assert_cmpint(haywire_page_verify(page, &info, NULL), ==, HAYWIRE_OK);
    g_assert_cmpint(haywire_decode_discovery(page, &info, &content, NULL), ==,
                    HAYWIRE_OK);
    haywire_sessions_add(&world->sessions, position, &info, &content, now_ns);
}

static void observe(World *world, uint64_t now_ns)
{
    haywire_sessions_observe(&world->sessions, world->ram.source, now_ns);
}

static uint64_t chosen(World *world)
{
    const HaywireSession *session = haywire_sessions_choose(&world->sessions);

    return session ? session->id : 0;
}

static void test_live_needs_growth(void)
{
    World *world = new_world("session id=1 interval=100ms heartbeat=5\n");
    HaywireSession *session = &world->sessions.session[0];

    g_assert_null(haywire_sessions_choose(&world->sessions));
    add_page(world, discovery(world, 0), 10 * S);
    g_assert_cmpuint(chosen(world), ==, 1);
    g_assert_false(session->beating);
    g_assert_false(session->stale);
    observe(world, 10 * S + 500 * MS);
    g_assert_false(session->beating);
    haywire_beacon_beat(discovery(world, 0), 100 * MS);
    observe(world, 10 * S + 600 * MS);
    g_assert_true(session->beating);
    g_assert_cmpuint(session->discovery.heartbeat, ==, 6);
    g_assert_cmpuint(session->beat_seen_ns, ==, 10 * S + 600 * MS);
    observe(world, 10 * S + 1599 * MS);
    g_assert_true(session->beating);
    observe(world, 10 * S + 1600 * MS);
    g_assert_false(session->beating);
    g_assert_true(session->stale);
    haywire_beacon_beat(discovery(world, 0), 100 * MS);
    observe(world, 30 * S);
    g_assert_true(session->beating);
    g_assert_false(session->stale);
    free_world(world);
}

static void test_never_beat(void)
{
    World *world = new_world("session id=1 interval=100ms\n");

    add_page(world, discovery(world, 0), 0);
    observe(world, 999 * MS);
    g_assert_false(world->sessions.session[0].stale);
    observe(world, S);
    g_assert_true(world->sessions.session[0].stale);
    g_assert_cmpuint(chosen(world), ==, 1);
    free_world(world);
}

static void test_closed(void)
{
    World *world = new_world("session id=1 state=2\n");

    add_page(world, discovery(world, 0), 0);
    g_assert_true(world->sessions.session[0].stale);
    haywire_beacon_beat(discovery(world, 0), 100 * MS);
    observe(world, 100 * MS);
    g_assert_false(world->sessions.session[0].beating);
    free_world(world);
}

/* Intervals that a guest may claim; staleness stays within 1 s and 60 s. */
static void test_limits(void)
{
    HaywireSession session = { 0 };

    g_assert_cmpuint(haywire_session_stale_after(&session), ==, S);
    session.discovery.heartbeat_interval_ns = 200 * MS;
    g_assert_cmpuint(haywire_session_stale_after(&session), ==, 2 * S);
    session.discovery.heartbeat_interval_ns = UINT64_MAX;
    g_assert_cmpuint(haywire_session_stale_after(&session), ==, 60 * S);
}

/* A guest that went back in time (a snapshot was loaded) beats on. */
static void test_backwards(void)
{
    World *world = new_world("session id=1 heartbeat=50\n"
                             "session id=1 heartbeat=20\n");
    HaywirePage *page = discovery(world, 0);

    add_page(world, page, 0);
    memcpy(page, discovery(world, 1), sizeof(*page));
    observe(world, 100 * MS);
    g_assert_false(world->sessions.session[0].beating);
    haywire_beacon_beat(page, 100 * MS);
    observe(world, 200 * MS);
    g_assert_true(world->sessions.session[0].beating);
    free_world(world);
}

static void test_newest_beating_wins(void)
{
    World *world = new_world("session id=1 started=1s wall-started=1s\n"
                             "session id=2 started=2s wall-started=2s\n"
                             "session id=3 started=3s wall-started=3s\n");

    add_page(world, discovery(world, 0), 0);
    add_page(world, discovery(world, 1), 0);
    add_page(world, discovery(world, 2), 0);
    g_assert_cmpuint(chosen(world), ==, 3);
    haywire_beacon_beat(discovery(world, 0), 100 * MS);
    observe(world, 100 * MS);
    g_assert_cmpuint(chosen(world), ==, 1);
    haywire_beacon_beat(discovery(world, 1), 100 * MS);
    observe(world, 200 * MS);
    g_assert_cmpuint(chosen(world), ==, 2);
    haywire_beacon_beat(discovery(world, 0), S);
    observe(world, 300 * MS);
    g_assert_cmpuint(chosen(world), ==, 2);
    /* All stale: the newest beat. */
    observe(world, 100 * S);
    g_assert_true(world->sessions.session[2].stale);
    g_assert_cmpuint(chosen(world), ==, 1);
    free_world(world);
}

/* The wall clock was set back between two starts in one boot. */
static void test_clock_set_back(void)
{
    World *world =
        new_world("session id=1 boot-id=\"aaaaaaaaaaaaaaaa\" started=1s "
                  "wall-started=900s\n"
                  "session id=2 boot-id=\"aaaaaaaaaaaaaaaa\" started=2s "
                  "wall-started=100s\n");

    add_page(world, discovery(world, 0), 0);
    add_page(world, discovery(world, 1), 0);
    g_assert_cmpuint(chosen(world), ==, 2);
    free_world(world);
}

static void test_gone(void)
{
    World *world = new_world("session id=1\nsession id=2\n");

    add_page(world, discovery(world, 0), 0);
    memset(discovery(world, 0), 0xee, HAYWIRE_PAGE_SIZE);
    observe(world, 10 * MS);
    g_assert_true(world->sessions.session[0].gone);
    g_assert_null(haywire_sessions_choose(&world->sessions));
    /* Another session's page lies there now: still gone. */
    memcpy(discovery(world, 0), discovery(world, 1), HAYWIRE_PAGE_SIZE);
    observe(world, 20 * MS);
    g_assert_true(world->sessions.session[0].gone);
    free_world(world);
}

/* An old copy and the page itself: two heartbeats, but none that grows. */
static void test_old_copy(void)
{
    World *world = new_world("session id=1 heartbeat=5 time=5s\n"
                             "session id=1 heartbeat=9 time=9s\n");
    HaywireSession *session = &world->sessions.session[0];

    add_page(world, discovery(world, 0), 0);
    add_page(world, discovery(world, 1), 0);
    g_assert_cmpuint(world->sessions.count, ==, 1);
    g_assert_false(session->beating);
    g_assert_cmpuint(session->discovery.heartbeat, ==, 9);
    add_page(world, discovery(world, 0), 0);
    g_assert_cmpuint(session->discovery.heartbeat, ==, 9);
    observe(world, 0);
    g_assert_false(session->beating);
    free_world(world);
}

static void test_too_many(void)
{
    World *world = new_world("session id=1\n");
    HaywirePage *page = discovery(world, 0);
    HaywireDiscovery content;
    HaywirePageInfo info;
    uint32_t i;

    g_assert_cmpint(haywire_page_verify(page, &info, NULL), ==, HAYWIRE_OK);
    g_assert_cmpint(haywire_decode_discovery(page, &info, &content, NULL), ==,
                    HAYWIRE_OK);
    for (i = 1; i <= 1000; i++) {
        info.session = i;
        content.started_monotonic_ns = i;
        haywire_sessions_add(&world->sessions, (HaywirePosition){ 0 }, &info,
                             &content, 0);
        if (i == 5) {
            world->sessions.session[4].beating = true;
        }
    }
    g_assert_cmpuint(world->sessions.count, ==, HAYWIRE_SESSIONS_MAX);
    g_assert_cmpuint(world->sessions.dropped, ==, 1000 - HAYWIRE_SESSIONS_MAX);
    /* Not the one that beats, however old. */
    g_assert_cmpuint(chosen(world), ==, 5);
    free_world(world);
}

/*
 * A crowd of as many sessions as there are places, which claim to have started
 * last of all, and behind it in memory the honest one.
 */
#define HONEST 100u
#define SMALL  "geometry master=10 roundrobin=2 pid=2 camera1=2 camera2=2\n"

static World *new_crowd(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    unsigned i;

    for (i = 0; i < HAYWIRE_SESSIONS_MAX; i++) {
        g_string_append_printf(text,
                               "session id=%u started=18446744000s "
                               "time=18446744010s interval=100ms "
                               "wall-started=18446744000s\n" SMALL,
                               i + 1);
    }
    g_string_append_printf(text,
                           "session id=%u started=20s time=20s "
                           "interval=100ms wall-started=20s\n" SMALL,
                           HONEST);
    return new_world(text->str);
}

/* What a scan does with the crowd, and with the honest one behind it. */
static void add_crowd(World *world, uint64_t now_ns)
{
    unsigned i;

    for (i = 0; i < HAYWIRE_SESSIONS_MAX; i++) {
        add_page(world, discovery(world, i), now_ns);
    }
}

static void beat_crowd(World *world, uint64_t now_ns)
{
    unsigned i;

    for (i = 0; i < HAYWIRE_SESSIONS_MAX; i++) {
        haywire_beacon_beat(discovery(world, i), 100 * MS);
    }
    observe(world, now_ns);
}

static void add_honest(World *world, uint64_t now_ns)
{
    add_page(world, discovery(world, HAYWIRE_SESSIONS_MAX), now_ns);
}

static void beat_honest(World *world)
{
    haywire_beacon_beat(discovery(world, HAYWIRE_SESSIONS_MAX), 100 * MS);
}

/* They beat, then their memory is used otherwise. */
static void test_after_erased(void)
{
    World *world = new_crowd();
    unsigned i;

    add_crowd(world, S);
    beat_crowd(world, 2 * S);
    g_assert_cmpuint(chosen(world), !=, 0);
    for (i = 0; i < HAYWIRE_SESSIONS_MAX; i++) {
        memset(discovery(world, i), 0xee, HAYWIRE_PAGE_SIZE);
    }
    observe(world, 2 * S + 100 * MS);
    g_assert_cmpuint(chosen(world), ==, 0);
    add_honest(world, 3 * S);
    beat_honest(world);
    observe(world, 3 * S + 100 * MS);
    g_assert_cmpuint(chosen(world), ==, HONEST);
    free_world(world);
}

/* They beat, then stand still. */
static void test_after_stopped(void)
{
    World *world = new_crowd();

    add_crowd(world, S);
    beat_crowd(world, 2 * S);
    observe(world, 4 * S);
    add_crowd(world, 5 * S);
    add_honest(world, 5 * S);
    add_crowd(world, 6 * S);
    g_assert_cmpuint(chosen(world), ==, HONEST);
    free_world(world);
}

/* They go on beating: the youngest is shown, by our clock and not by theirs. */
static void test_beside_beating(void)
{
    World *world = new_crowd();

    add_crowd(world, S);
    beat_crowd(world, 2 * S);
    add_crowd(world, 3 * S);
    add_honest(world, 3 * S);
    beat_honest(world);
    beat_crowd(world, 3 * S + 100 * MS);
    g_assert_cmpuint(chosen(world), ==, HONEST);
    /* However often memory is scanned. */
    add_crowd(world, 4 * S);
    add_honest(world, 4 * S);
    beat_honest(world);
    beat_crowd(world, 4 * S + 100 * MS);
    g_assert_cmpuint(chosen(world), ==, HONEST);
    free_world(world);
}

/* So many pages that are another session, and a younger one, at each look. */
static void check_rewritten(unsigned pages)
{
    World *world = new_world("session id=1 interval=100ms started=5s\n");
    HaywirePage *page = discovery(world, 0);
    HaywireDiscovery content;
    HaywirePageInfo info;
    unsigned scan, i;

    g_assert_cmpint(haywire_page_verify(page, &info, NULL), ==, HAYWIRE_OK);
    g_assert_cmpint(haywire_decode_discovery(page, &info, &content, NULL), ==,
                    HAYWIRE_OK);
    content.started_monotonic_ns = info.monotonic_ns;
    for (scan = 0; scan < 2; scan++) {
        for (i = 0; i < pages; i++) {
            info.session = 2 + scan * pages + i;
            haywire_sessions_add(
                &world->sessions,
                (HaywirePosition){ RAM_SIZE / 2 + i * HAYWIRE_PAGE_SIZE },
                &info, &content, scan * S);
        }
        add_page(world, page, scan * S);
        observe(world, scan * S + MS);
        haywire_beacon_beat(page, 100 * MS);
    }
    observe(world, S + 100 * MS);
    g_assert_cmpuint(chosen(world), ==, 1);
    free_world(world);
}

static void test_rewritten(void)
{
    check_rewritten(HAYWIRE_SESSIONS_MAX);
    check_rewritten(500);
}

/*
 * Thousands that beat, of another boot that is always later by its wall clock:
 * the youngest is found by one scan, and keeps its place.
 */
static void test_thousands(void)
{
    const unsigned crowd = 3000;
    World *world = new_world("session id=1 interval=100ms started=10s\n");
    HaywirePage *page = discovery(world, 0);
    HaywireDiscovery content;
    HaywirePageInfo info;
    unsigned scan, i;

    g_assert_cmpint(haywire_page_verify(page, &info, NULL), ==, HAYWIRE_OK);
    g_assert_cmpint(haywire_decode_discovery(page, &info, &content, NULL), ==,
                    HAYWIRE_OK);
    content.boot_id[0] = 1;
    content.started_realtime_ns = UINT64_MAX;
    for (scan = 0; scan < 4; scan++) {
        content.heartbeat++;
        for (i = 0; i < crowd; i++) {
            if (i == crowd / 2 && scan >= 2) {
                add_page(world, page, scan * S);
                haywire_beacon_beat(page, 100 * MS);
            }
            info.session = 2 + i;
            content.started_monotonic_ns = i * MS;
            haywire_sessions_add(
                &world->sessions,
                (HaywirePosition){ RAM_SIZE / 2 + i * HAYWIRE_PAGE_SIZE },
                &info, &content, scan * S);
        }
        info.monotonic_ns += S;
        g_assert_cmpint(!!haywire_sessions_find(&world->sessions, 1), ==,
                        scan >= 2);
    }
    observe(world, 3 * S + 100 * MS);
    g_assert_cmpuint(chosen(world), ==, 1);
    free_world(world);
}

/* Dead pages that there was no room for do not push out others, again and again. */
static void test_dead_stay_out(void)
{
    World *world = new_crowd();

    add_crowd(world, S);
    add_honest(world, S);
    g_assert_null(haywire_sessions_find(&world->sessions, HONEST));
    observe(world, 10 * S);
    add_crowd(world, 11 * S);
    add_honest(world, 11 * S);
    g_assert_null(haywire_sessions_find(&world->sessions, HONEST));
    free_world(world);
}

/* The same session's page elsewhere, with any time that it likes. */
static void test_takeover(void)
{
    World *world = new_world("session id=1 interval=100ms\n"
                             "session id=1 interval=100ms heartbeat=99\n");
    HaywirePage *page = discovery(world, 0), *other = discovery(world, 1);
    const HaywireSession *session = &world->sessions.session[0];
    uint64_t place = (uint64_t)((uint8_t *)page - world->ram.host);

    add_page(world, page, 0);
    haywire_beacon_beat(page, 100 * MS);
    observe(world, 100 * MS);
    other->header.monotonic_ns = haywire_le64(UINT64_MAX);
    haywire_beacon_reseal(other);
    add_page(world, other, 200 * MS);
    g_assert_cmpuint(session->position.value, ==, place);
    g_assert_cmpuint(world->sessions.refused, ==, 1);
    /* Not when it stands still, either, or is gone. */
    add_page(world, other, 700 * MS);
    memset(page, 0, sizeof(*page));
    observe(world, 800 * MS);
    add_page(world, other, 900 * MS);
    g_assert_true(session->gone);
    g_assert_cmpuint(world->sessions.refused, ==, 3);
    free_world(world);
}

/* A time that is possible: it moves, but never away from where it beats. */
static void test_no_move_while_beating(void)
{
    World *world = new_world("session id=1 interval=100ms time=10s\n"
                             "session id=1 interval=100ms time=11s\n");
    HaywirePage *page = discovery(world, 0), *other = discovery(world, 1);
    const HaywireSession *session = &world->sessions.session[0];

    add_page(world, page, 0);
    haywire_beacon_beat(page, 100 * MS);
    observe(world, 100 * MS);
    add_page(world, other, 299 * MS);
    g_assert_cmpuint(session->position.value, ==,
                     (uint8_t *)page - world->ram.host);
    add_page(world, other, 300 * MS);
    g_assert_cmpuint(session->position.value, ==,
                     (uint8_t *)other - world->ram.host);
    g_assert_true(session->beating);
    g_assert_cmpuint(world->sessions.refused, ==, 0);
    free_world(world);
}

/* Its clock jumps where it lies: it has to beat anew. */
static void test_jump(void)
{
    World *world = new_world("session id=1 interval=100ms\n");
    HaywirePage *page = discovery(world, 0);
    const HaywireSession *session = &world->sessions.session[0];

    add_page(world, page, 0);
    haywire_beacon_beat(page, HAYWIRE_AHEAD_MAX_NS + 100 * MS);
    observe(world, 100 * MS);
    g_assert_true(session->beating);
    haywire_beacon_beat(page, HAYWIRE_AHEAD_MAX_NS + 101 * MS);
    observe(world, 200 * MS);
    g_assert_false(session->beating);
    g_assert_cmpuint(world->sessions.refused, ==, 1);
    haywire_beacon_beat(page, 100 * MS);
    observe(world, 300 * MS);
    g_assert_true(session->beating);
    g_assert_cmpuint(world->sessions.refused, ==, 1);
    /* A heartbeat that grows without its time is none. */
    haywire_beacon_beat(page, 0);
    observe(world, 400 * MS);
    g_assert_cmpuint(session->beat_seen_ns, ==, 300 * MS);
    free_world(world);
}

/* One that stopped for an hour and goes on is the same, as the time has passed. */
static void test_resumed(void)
{
    World *world = new_world("session id=1 interval=100ms\n");
    HaywirePage *page = discovery(world, 0);

    add_page(world, page, 0);
    observe(world, 1800 * S);
    haywire_beacon_beat(page, 3600 * S);
    observe(world, 3600 * S);
    g_assert_true(world->sessions.session[0].beating);
    g_assert_cmpuint(world->sessions.refused, ==, 0);
    free_world(world);
}

/* It makes itself younger, where it lies. */
static void test_other_start(void)
{
    World *world = new_world("session id=1 interval=100ms\n");
    HaywirePage *page = discovery(world, 0);
    HaywireWireDiscovery *wire = (HaywireWireDiscovery *)page->payload;
    unsigned i;

    add_page(world, page, 0);
    for (i = 1; i <= 20; i++) {
        wire->started_monotonic_ns = haywire_le64(6 * S + i);
        haywire_beacon_beat(page, 100 * MS);
        observe(world, i * 100 * MS);
        g_assert_false(world->sessions.session[0].beating);
    }
    g_assert_true(world->sessions.session[0].stale);
    g_assert_cmpuint(world->sessions.refused, ==, 20);
    free_world(world);
}

/* Our clock goes back with the guest's: nothing lives on till it is then again. */
static void test_clock_back(void)
{
    World *world = new_world("session id=1 interval=100ms\n");

    add_page(world, discovery(world, 0), 500 * S);
    haywire_beacon_beat(discovery(world, 0), 100 * MS);
    observe(world, 500 * S + 100 * MS);
    observe(world, 100 * S);
    g_assert_true(world->sessions.session[0].beating);
    observe(world, 101 * S);
    g_assert_true(world->sessions.session[0].stale);
    free_world(world);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sessions/live-needs-growth", test_live_needs_growth);
    g_test_add_func("/sessions/never-beat", test_never_beat);
    g_test_add_func("/sessions/closed", test_closed);
    g_test_add_func("/sessions/limits", test_limits);
    g_test_add_func("/sessions/backwards", test_backwards);
    g_test_add_func("/sessions/newest-beating-wins", test_newest_beating_wins);
    g_test_add_func("/sessions/clock-set-back", test_clock_set_back);
    g_test_add_func("/sessions/gone", test_gone);
    g_test_add_func("/sessions/old-copy", test_old_copy);
    g_test_add_func("/sessions/too-many", test_too_many);
    g_test_add_func("/sessions/after-erased", test_after_erased);
    g_test_add_func("/sessions/after-stopped", test_after_stopped);
    g_test_add_func("/sessions/beside-beating", test_beside_beating);
    g_test_add_func("/sessions/thousands", test_thousands);
    g_test_add_func("/sessions/rewritten", test_rewritten);
    g_test_add_func("/sessions/dead-stay-out", test_dead_stay_out);
    g_test_add_func("/sessions/takeover", test_takeover);
    g_test_add_func("/sessions/no-move-while-beating",
                    test_no_move_while_beating);
    g_test_add_func("/sessions/jump", test_jump);
    g_test_add_func("/sessions/resumed", test_resumed);
    g_test_add_func("/sessions/other-start", test_other_start);
    g_test_add_func("/sessions/clock-back", test_clock_back);
    return g_test_run();
}
