/*
 * A session's own pages: discovery, index, statistics, manifest; its rhythm.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <glib.h>
#include <string.h>

#include "companion.h"
#include "fake_collector.h"
#include "haywire/decode.h"
#include "platform.h"

typedef struct Session {
    FakeCollector fake;
    HaywireCompanion *companion;
    HaywirePublisher *publisher;
    FakeProcess *process;
} Session;

static Session *session_new(const char *line)
{
    Session *session = g_new0(Session, 1);
    g_auto(GStrv) argv = g_strsplit(line, " ", 0);
    char error[HAYWIRE_OPTION_ERROR_SIZE];
    HaywireOptions options;

    session->process = fake_processes_new(20, 3);
    fake_collector_init(&session->fake, session->process, 20);
    g_assert_true(
        haywire_options_parse((int)g_strv_length(argv), argv, &options, error));
    session->companion = haywire_companion_new(&options, &session->fake.base);
    g_assert_nonnull(session->companion);
    session->publisher = session->companion->publisher;
    return session;
}

static void session_free(Session *session)
{
    haywire_companion_destroy(session->companion);
    g_free(session->process);
    g_free(session);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Session, session_free)

static HaywirePageInfo read_page(Session *session, HaywireCategory category,
                                 uint32_t index, HaywirePage *ret_copy)
{
    HaywirePageInfo info;

    *ret_copy = *haywire_publisher_page(session->publisher, category, index);
    g_assert_cmpint(haywire_page_verify(ret_copy, &info, NULL), ==, HAYWIRE_OK);
    g_assert_cmpint(info.category, ==, category);
    g_assert_cmpuint(info.index, ==, index);
    g_assert_cmphex(info.session, ==, session->publisher->session);
    return info;
}

static HaywireDiscovery discovery_of(Session *session)
{
    HaywirePage copy;
    HaywirePageInfo info =
        read_page(session, HAYWIRE_CATEGORY_MASTER, 0, &copy);
    HaywireDiscovery discovery;

    g_assert_cmpint(haywire_decode_discovery(&copy, &info, &discovery, NULL),
                    ==, HAYWIRE_OK);
    return discovery;
}

static void test_discovery(void)
{
    g_autoptr(Session) session = session_new("c");
    HaywireDiscovery discovery = discovery_of(session);

    g_assert_cmpuint(discovery.os, ==, HAYWIRE_OS_LINUX);
    g_assert_cmpint(discovery.state, ==, HAYWIRE_SESSION_RUNNING);
    g_assert_cmpuint(discovery.geometry[0], ==, 10);
    g_assert_cmpuint(discovery.geometry[1], ==, 500);
    g_assert_cmpuint(discovery.geometry[2], ==, 100);
    g_assert_cmpuint(discovery.geometry[3], ==, 200);
    g_assert_cmpuint(discovery.geometry[4], ==, 200);
    g_assert_cmpuint(discovery.part[HAYWIRE_PART_INDEX].first, ==, 1);
    g_assert_cmpuint(discovery.part[HAYWIRE_PART_INDEX].pages, ==, 3);
    g_assert_cmpuint(discovery.part[HAYWIRE_PART_MANIFEST].first, ==, 7);
    g_assert_cmpuint(discovery.heartbeat_interval_ns, ==, 100000000);
    g_assert_cmpuint(discovery.roundrobin_interval_ns, ==, 1000000000);
}

/* Every page of a new session is good, whatever its use. */
static void test_all_good(void)
{
    g_autoptr(Session) session = session_new("c");

    for (int c = 0; c < HAYWIRE_CATEGORY_COUNT; c++) {
        for (uint32_t i = 0; i < haywire_publisher_pages(session->publisher, c);
             i++) {
            HaywirePage copy;

            (void)read_page(session, c, i, &copy);
        }
    }
}

/* The index names each slot's page by the number that the page carries. */
static uint32_t check_index(Session *session, const HaywireDiscovery *found)
{
    const HaywirePart *part = &found->part[HAYWIRE_PART_INDEX];
    uint32_t slot = 0;

    for (uint32_t i = 0; i < part->pages; i++) {
        HaywirePage copy;
        HaywirePageInfo info =
            read_page(session, HAYWIRE_CATEGORY_MASTER, part->first + i, &copy);
        HaywireIndexPage page;

        g_assert_cmpint(haywire_decode_index(&copy, &info, &page, NULL), ==,
                        HAYWIRE_OK);
        g_assert_cmpuint(page.first_slot, ==, slot);
        for (uint32_t e = 0; e < page.count; e++, slot++) {
            uint64_t pfn = 0;

            g_assert_cmpint(haywire_cursor_u64(&page.entries, &pfn), ==,
                            HAYWIRE_OK);
            g_assert_cmphex(pfn, ==, session->publisher->pfn[slot]);
        }
        g_assert_cmpuint(page.total, ==,
                         haywire_publisher_total(session->publisher));
    }
    return slot;
}

static void test_index(void)
{
    g_autoptr(Session) session = session_new("c");
    HaywireDiscovery discovery;

    haywire_publisher_refresh(session->publisher, G_MAXUINT64 / 2);
    discovery = discovery_of(session);
    g_assert_cmpuint(check_index(session, &discovery), ==, 1010);
}

static void test_large_geometry(void)
{
    g_autoptr(Session) session = session_new("c --pages pid=2000");
    HaywireDiscovery discovery = discovery_of(session);
    HaywirePage copy;

    g_assert_cmpuint(discovery.part[HAYWIRE_PART_INDEX].first, ==, 10);
    g_assert_cmpuint(discovery.part[HAYWIRE_PART_INDEX].pages, ==, 6);
    g_assert_cmpuint(discovery.geometry[0], ==, 16);
    g_assert_cmpuint(check_index(session, &discovery), ==, 2916);
    g_assert_cmpuint(read_page(session, HAYWIRE_CATEGORY_MASTER, 1, &copy).kind,
                     ==, HAYWIRE_KIND_EMPTY);
}

/* Just what three index pages hold, and one page more. */
static void test_index_limit(void)
{
    g_autoptr(Session) fits = session_new("c --pages pid=560");
    g_autoptr(Session) exceeds = session_new("c --pages pid=561");
    HaywireDiscovery discovery = discovery_of(fits);

    g_assert_cmpuint(discovery.geometry[0], ==, 10);
    g_assert_cmpuint(check_index(fits, &discovery), ==, 1470);
    discovery = discovery_of(exceeds);
    g_assert_cmpuint(discovery.geometry[0], ==, 14);
    g_assert_cmpuint(check_index(exceeds, &discovery), ==, 1475);
}

/* Where the index lies, as far as it is known, from beat to beat. */
static void test_index_frames(void)
{
    g_autoptr(Session) session = session_new("c --pages pid=2000");
    HaywirePublisher *publisher = session->publisher;
    uint64_t *pfn = &publisher->pfn[publisher->part[HAYWIRE_PART_INDEX].first];
    HaywireDiscovery discovery;

    publisher->pfns_known = true;
    for (uint64_t i = 0; i < 6; i++) {
        pfn[i] = 100 + i;
    }
    haywire_publisher_beat(publisher, 1000000000);
    discovery = discovery_of(session);
    g_assert_cmpuint(discovery.index_frames, ==, 4);
    g_assert_cmpuint(discovery.index_pfn[0], ==, 100);
    g_assert_cmpuint(discovery.index_pfn[3], ==, 103);
    pfn[0] = 7;
    haywire_publisher_beat(publisher, 1100000000);
    g_assert_cmpuint(discovery_of(session).index_pfn[0], ==, 7);
    publisher->pfns_known = false;
    haywire_publisher_beat(publisher, 1200000000);
    discovery = discovery_of(session);
    g_assert_cmpuint(discovery.index_frames, ==, 0);
    g_assert_cmpuint(discovery.index_pfn[0], ==, 0);
}

/* A page that moved is stamped anew, with its content and control word. */
static void test_moved(void)
{
    g_autoptr(Session) session = session_new("c");
    HaywirePublisher *publisher = session->publisher;
    uint32_t slot = publisher->first_slot[HAYWIRE_CATEGORY_CAMERA1];
    uint64_t word = haywire_page_get_control_word(&publisher->page[slot]);
    uint64_t moved = publisher->counter[HAYWIRE_COUNTER_PAGES_MOVED];
    HaywirePage before, after;
    HaywirePageInfo info;

    publisher->pfn[slot] ^= 0x123;
    before = publisher->page[slot];
    haywire_publisher_refresh(publisher, G_MAXUINT64 / 2);
    info = read_page(session, HAYWIRE_CATEGORY_CAMERA1, 0, &after);
    g_assert_cmpuint(info.kind, ==, HAYWIRE_KIND_CONTROL);
    g_assert_cmpuint(info.pfn, ==, publisher->pfn[slot]);
    g_assert_cmpmem(after.payload, sizeof(after.payload), before.payload,
                    sizeof(before.payload));
    g_assert_cmphex(haywire_page_get_control_word(&publisher->page[slot]), ==,
                    word);
    g_assert_cmpuint(publisher->counter[HAYWIRE_COUNTER_PAGES_MOVED], >=,
                     moved + 1);
}

/* The first beats follow quickly: somebody may have been called to see them. */
static void test_beat(void)
{
    static const struct {
        uint64_t now_ns;
        uint64_t beats; /* by then */
    } moments[] = {
        { 1000000000, 1 }, { 1049999999, 1 }, { 1050000000, 2 },
        { 1100000000, 2 }, { 1149999999, 2 }, { 1150000000, 3 },
        { 1249999999, 3 }, { 1250000000, 4 },
    };
    g_autoptr(Session) session = session_new("c");
    uint64_t first = discovery_of(session).heartbeat;

    for (size_t i = 0; i < G_N_ELEMENTS(moments); i++) {
        haywire_publisher_beat(session->publisher, moments[i].now_ns);
        g_assert_cmpuint(discovery_of(session).heartbeat, ==,
                         first + moments[i].beats);
    }
    haywire_publisher_close(session->publisher);
    haywire_publisher_beat(session->publisher, G_MAXUINT64 / 2);
    g_assert_cmpuint(discovery_of(session).heartbeat, ==, first + 4);
    g_assert_cmpint(discovery_of(session).state, ==, HAYWIRE_SESSION_CLOSED);
}

static void test_stats(void)
{
    g_autoptr(Session) session = session_new("c");
    uint64_t counter[HAYWIRE_COUNTER_COUNT];
    HaywirePage copy;
    HaywirePageInfo info;

    session->publisher->counter[HAYWIRE_COUNTER_VANISHED] = 4711;
    haywire_publisher_refresh(session->publisher, G_MAXUINT64 / 2);
    info = read_page(session, HAYWIRE_CATEGORY_MASTER, 4, &copy);
    g_assert_cmpint(haywire_decode_stats(&copy, &info, counter, NULL), ==,
                    HAYWIRE_OK);
    g_assert_cmpuint(counter[HAYWIRE_COUNTER_VANISHED], ==, 4711);
    g_assert_cmpuint(counter[HAYWIRE_COUNTER_PAGES_PUBLISHED], >, 4);
    g_assert_cmpuint(counter[HAYWIRE_COUNTER_CPU_TIME], >, 0);
}

static uint64_t cpu_time_of(Session *session)
{
    uint64_t counter[HAYWIRE_COUNTER_COUNT];
    HaywirePage copy;
    HaywirePageInfo info;

    haywire_publisher_put_stats(session->publisher);
    info = read_page(session, HAYWIRE_CATEGORY_MASTER, 4, &copy);
    g_assert_cmpint(haywire_decode_stats(&copy, &info, counter, NULL), ==,
                    HAYWIRE_OK);
    return counter[HAYWIRE_COUNTER_CPU_TIME];
}

/* What the clock says, and never less than before. */
static void test_cpu_time(void)
{
    g_autoptr(Session) session = session_new("c");
    uint64_t before = haywire_platform_cpu_ns();

    for (int i = 0; i < 100; i++) {
        uint64_t now = cpu_time_of(session);

        g_assert_cmpuint(now, >=, before);
        g_assert_cmpuint(now, <=, haywire_platform_cpu_ns());
        before = now;
    }
}

/* The texts, put together from their pieces. */
static void test_manifest(void)
{
    g_autoptr(Session) session = session_new("c");
    size_t length[HAYWIRE_FACT_TEXTS] = { 0 };
    unsigned ranges = 0;

    g_assert_true(haywire_task_round(
        &session->companion->task[HAYWIRE_TASK_MANIFEST], session->publisher));
    for (uint32_t i = 7; i < 10; i++) {
        HaywirePage copy;
        HaywirePageInfo info =
            read_page(session, HAYWIRE_CATEGORY_MASTER, i, &copy);
        HaywireRecordReader reader;
        HaywireRecord record;

        g_assert_cmpint(haywire_record_reader_init(&reader, &copy, &info), ==,
                        HAYWIRE_OK);
        while (haywire_record_next(&reader, &record, NULL) == HAYWIRE_OK) {
            if (record.type == HAYWIRE_RECORD_RAM_RANGE) {
                ranges++;
                g_assert_cmphex(record.ram_range.end.value, ==, 0x40000000);
            } else if (record.type == HAYWIRE_RECORD_TEXT) {
                g_assert_cmpuint(record.text.offset, ==,
                                 length[record.text.id]);
                g_assert_cmpuint(record.text.total, ==, record.text.id * 700);
                length[record.text.id] += record.text.piece.length;
            }
        }
    }
    g_assert_cmpuint(ranges, ==, 1);
    for (size_t i = 1; i < HAYWIRE_FACT_TEXTS; i++) {
        g_assert_cmpuint(length[i], ==, i * 700);
    }
}

/* Unchanged facts are not published again. */
static void test_manifest_still(void)
{
    g_autoptr(Session) session = session_new("c");
    HaywireTask *task = &session->companion->task[HAYWIRE_TASK_MANIFEST];
    HaywirePage copy;
    uint64_t sequence;

    g_assert_true(haywire_task_round(task, session->publisher));
    sequence = read_page(session, HAYWIRE_CATEGORY_MASTER, 7, &copy).sequence;
    g_assert_true(haywire_task_round(task, session->publisher));
    g_assert_cmpuint(
        read_page(session, HAYWIRE_CATEGORY_MASTER, 7, &copy).sequence, ==,
        sequence);
}

/* Work as the program does, for some rounds of fast intervals. */
static void work(Session *session, uint64_t ms)
{
    uint64_t end = haywire_platform_monotonic_ns() + ms * HAYWIRE_NS_PER_MS;

    while (haywire_platform_monotonic_ns() < end) {
        (void)haywire_companion_work(session->companion);
        g_usleep(1000);
    }
}

static void test_run(void)
{
    g_autoptr(Session) session = session_new("c run --interval 20");
    const uint64_t *counter = session->publisher->counter;

    work(session, 300);
    g_assert_true(haywire_companion_round_done(session->companion));
    g_assert_cmpuint(counter[HAYWIRE_COUNTER_PID_ROUNDS], >=, 3);
    g_assert_cmpuint(counter[HAYWIRE_COUNTER_ROUNDROBIN_ROUNDS], >=, 2);
    g_assert_cmpuint(counter[HAYWIRE_COUNTER_CAMERA1_PASSES], ==, 0);
    g_assert_cmpuint(discovery_of(session).heartbeat, >=, 3);
}

static void test_once(void)
{
    g_autoptr(Session) session = session_new("c once --interval 20");
    const uint64_t *counter = session->publisher->counter;
    HaywireCameraWriter *camera = &session->companion->camera[0];

    session->fake.hears = true;
    session->fake.count = 19;
    work(session, 200);
    session->fake.count = 20;
    haywire_changes_add(&session->fake.heard.begun, 20);
    work(session, 200);
    g_assert_cmpuint(counter[HAYWIRE_COUNTER_PID_ROUNDS], ==, 1);
    g_assert_cmpuint(counter[HAYWIRE_COUNTER_ROUNDROBIN_ROUNDS], ==, 1);
    haywire_page_set_control_word(
        haywire_publisher_page(session->publisher, HAYWIRE_CATEGORY_CAMERA1, 0),
        HAYWIRE_CONTROL_WORD(camera->nonce, 5));
    work(session, 200);
    g_assert_cmpuint(counter[HAYWIRE_COUNTER_CAMERA1_PASSES], ==, 1);
    g_assert_cmpuint(discovery_of(session).heartbeat, >=, 5);
}

static void test_only(void)
{
    g_autoptr(Session) session = session_new("c --only pid --interval 20");
    const uint64_t *counter = session->publisher->counter;

    work(session, 100);
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
        work(session, 10);
    }
}

/*
 * Processes that are dear to read, a third of a CPU in all: the intervals
 * become longer, and the discovery page says so; the heart goes on. This
 * program's own waiting counts, too, so that the limit is not a low one.
 */
static void test_max_cpu(void)
{
    g_autoptr(Session) session =
        session_new("c run --interval 50 --max-cpu 10");
    const uint64_t *rounds =
        &session->publisher->counter[HAYWIRE_COUNTER_PID_ROUNDS];
    HaywireDiscovery before = discovery_of(session), after;
    uint64_t done;

    session->fake.burn_us = 500;
    work(session, 2500);
    after = discovery_of(session);
    g_assert_cmpuint(after.pid_interval_ns, >, 3 * before.pid_interval_ns / 2);
    g_assert_cmpuint(after.roundrobin_interval_ns, ==, HAYWIRE_PACE_LONGEST_NS);
    g_assert_cmpuint(after.heartbeat_interval_ns, ==,
                     before.heartbeat_interval_ns);
    done = *rounds;
    work(session, 1500);
    /* Thirty, if it were not for the limit. */
    g_assert_cmpuint(*rounds - done, <, 20);
    g_assert_cmpuint(discovery_of(session).heartbeat, >, after.heartbeat + 10);

    session->fake.burn_us = 0;
    hurry(session, 30);
    work(session, 1100);
    g_assert_cmpuint(discovery_of(session).pid_interval_ns, ==,
                     before.pid_interval_ns);
}

static void test_max_cpu_unlimited(void)
{
    g_autoptr(Session) session =
        session_new("c run --interval 50 --max-cpu 100");
    HaywireDiscovery before = discovery_of(session);

    session->fake.burn_us = 100;
    work(session, 1500);
    g_assert_cmpuint(discovery_of(session).pid_interval_ns, ==,
                     before.pid_interval_ns);
    g_assert_cmpuint(discovery_of(session).roundrobin_interval_ns, ==,
                     before.roundrobin_interval_ns);
}

static size_t listed(Session *session)
{
    return session->companion->pid_ring.count_before;
}

/* What the system tells of is there long before the next regular snapshot. */
static void test_news(void)
{
    g_autoptr(Session) session = session_new("c run --interval 60000");
    uint64_t cycle;

    session->fake.hears = true;
    session->fake.count = 19;
    work(session, 200);
    g_assert_cmpuint(listed(session), ==, 19);
    cycle = session->companion->roundrobin.cycle;
    session->fake.count = 20;
    haywire_changes_add(&session->fake.heard.begun, 20);
    work(session, 200);
    g_assert_cmpuint(listed(session), ==, 20);
    work(session, 600);
    g_assert_cmpuint(session->companion->roundrobin.cycle, >, cycle);
    session->fake.count = 19;
    haywire_changes_add(&session->fake.heard.ended, 20);
    work(session, 200);
    g_assert_cmpuint(listed(session), ==, 19);
    g_assert_cmpuint(session->companion->task[HAYWIRE_TASK_PID].rounds, ==, 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/session/discovery", test_discovery);
    g_test_add_func("/session/all-good", test_all_good);
    g_test_add_func("/session/index", test_index);
    g_test_add_func("/session/large-geometry", test_large_geometry);
    g_test_add_func("/session/index-limit", test_index_limit);
    g_test_add_func("/session/index-frames", test_index_frames);
    g_test_add_func("/session/moved", test_moved);
    g_test_add_func("/session/beat", test_beat);
    g_test_add_func("/session/stats", test_stats);
    g_test_add_func("/session/cpu-time", test_cpu_time);
    g_test_add_func("/session/manifest", test_manifest);
    g_test_add_func("/session/manifest/still", test_manifest_still);
    g_test_add_func("/session/run", test_run);
    g_test_add_func("/session/once", test_once);
    g_test_add_func("/session/only", test_only);
    g_test_add_func("/session/max-cpu", test_max_cpu);
    g_test_add_func("/session/max-cpu/unlimited", test_max_cpu_unlimited);
    g_test_add_func("/session/news", test_news);
    return g_test_run();
}
