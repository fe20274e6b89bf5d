/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A session's own pages: discovery, index, statistics, manifest. */

#include "companion_session.h"
#include "os/os.h"

#define PROCESSES 20
#define SECTIONS  3

static void test_discovery(void)
{
    g_autoptr(Session) session = session_new("c", PROCESSES, SECTIONS);
    HaywireDiscovery discovery = session_discovery(session);

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
    g_autoptr(Session) session = session_new("c", PROCESSES, SECTIONS);

    for (int c = 0; c < HAYWIRE_CATEGORY_COUNT; c++) {
        for (uint32_t i = 0; i < haywire_publisher_pages(session->publisher, c);
             i++) {
            HaywirePage copy;

            (void)session_read(session, c, i, &copy);
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
        HaywirePageInfo info = session_read(session, HAYWIRE_CATEGORY_MASTER,
                                            part->first + i, &copy);
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
    g_autoptr(Session) session = session_new("c", PROCESSES, SECTIONS);
    HaywireDiscovery discovery;

    haywire_publisher_refresh(session->publisher, G_MAXUINT64 / 2);
    discovery = session_discovery(session);
    g_assert_cmpuint(check_index(session, &discovery), ==, 1010);
}

static void test_large_geometry(void)
{
    g_autoptr(Session) session =
        session_new("c --pages pid=2000", PROCESSES, SECTIONS);
    HaywireDiscovery discovery = session_discovery(session);
    HaywirePage copy;

    g_assert_cmpuint(discovery.part[HAYWIRE_PART_INDEX].first, ==, 10);
    g_assert_cmpuint(discovery.part[HAYWIRE_PART_INDEX].pages, ==, 6);
    g_assert_cmpuint(discovery.geometry[0], ==, 16);
    g_assert_cmpuint(check_index(session, &discovery), ==, 2916);
    g_assert_cmpuint(
        session_read(session, HAYWIRE_CATEGORY_MASTER, 1, &copy).kind, ==,
        HAYWIRE_KIND_EMPTY);
}

/* Just what three index pages hold, and one page more. */
static void test_index_limit(void)
{
    g_autoptr(Session) fits =
        session_new("c --pages pid=560", PROCESSES, SECTIONS);
    g_autoptr(Session) exceeds =
        session_new("c --pages pid=561", PROCESSES, SECTIONS);
    HaywireDiscovery discovery = session_discovery(fits);

    g_assert_cmpuint(discovery.geometry[0], ==, 10);
    g_assert_cmpuint(check_index(fits, &discovery), ==, 1470);
    discovery = session_discovery(exceeds);
    g_assert_cmpuint(discovery.geometry[0], ==, 14);
    g_assert_cmpuint(check_index(exceeds, &discovery), ==, 1475);
}

/* Where the index lies, as far as it is known, from beat to beat. */
static void test_index_frames(void)
{
    g_autoptr(Session) session =
        session_new("c --pages pid=2000", PROCESSES, SECTIONS);
    HaywirePublisher *publisher = session->publisher;
    uint64_t *pfn = &publisher->pfn[publisher->part[HAYWIRE_PART_INDEX].first];
    HaywireDiscovery discovery;

    publisher->pfns_known = true;
    for (uint64_t i = 0; i < 6; i++) {
        pfn[i] = 100 + i;
    }
    haywire_publisher_beat(publisher, 1000000000);
    discovery = session_discovery(session);
    g_assert_cmpuint(discovery.index_frames, ==, 4);
    g_assert_cmpuint(discovery.index_pfn[0], ==, 100);
    g_assert_cmpuint(discovery.index_pfn[3], ==, 103);
    pfn[0] = 7;
    haywire_publisher_beat(publisher, 1100000000);
    g_assert_cmpuint(session_discovery(session).index_pfn[0], ==, 7);
    publisher->pfns_known = false;
    haywire_publisher_beat(publisher, 1200000000);
    discovery = session_discovery(session);
    g_assert_cmpuint(discovery.index_frames, ==, 0);
    g_assert_cmpuint(discovery.index_pfn[0], ==, 0);
}

/* A page that moved is stamped anew, with its content and control word. */
static void test_moved(void)
{
    g_autoptr(Session) session = session_new("c", PROCESSES, SECTIONS);
    HaywirePublisher *publisher = session->publisher;
    uint32_t slot = publisher->first_slot[HAYWIRE_CATEGORY_CAMERA1];
    uint64_t word = haywire_page_get_control_word(&publisher->page[slot]);
    uint64_t moved = publisher->counter[HAYWIRE_COUNTER_PAGES_MOVED];
    HaywirePage before, after;
    HaywirePageInfo info;

    publisher->pfn[slot] ^= 0x123;
    before = publisher->page[slot];
    haywire_publisher_refresh(publisher, G_MAXUINT64 / 2);
    info = session_read(session, HAYWIRE_CATEGORY_CAMERA1, 0, &after);
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
        { 1000000000, 1 }, { 1019999999, 1 }, { 1020000000, 2 },
        { 1100000000, 2 }, { 1119999999, 2 }, { 1120000000, 3 },
        { 1219999999, 3 }, { 1220000000, 4 },
    };
    g_autoptr(Session) session = session_new("c", PROCESSES, SECTIONS);
    uint64_t first = session_discovery(session).heartbeat;

    for (size_t i = 0; i < G_N_ELEMENTS(moments); i++) {
        haywire_publisher_beat(session->publisher, moments[i].now_ns);
        g_assert_cmpuint(session_discovery(session).heartbeat, ==,
                         first + moments[i].beats);
    }
    haywire_publisher_close(session->publisher);
    haywire_publisher_beat(session->publisher, G_MAXUINT64 / 2);
    g_assert_cmpuint(session_discovery(session).heartbeat, ==, first + 4);
    g_assert_cmpint(session_discovery(session).state, ==,
                    HAYWIRE_SESSION_CLOSED);
}

static void read_stats(Session *session, uint64_t *ret_counter)
{
    HaywirePage copy;
    HaywirePageInfo info =
        session_read(session, HAYWIRE_CATEGORY_MASTER, 4, &copy);

    g_assert_cmpint(haywire_decode_stats(&copy, &info, ret_counter, NULL), ==,
                    HAYWIRE_OK);
}

static void test_stats(void)
{
    g_autoptr(Session) session = session_new("c", PROCESSES, SECTIONS);
    uint64_t counter[HAYWIRE_COUNTER_COUNT];

    session->publisher->counter[HAYWIRE_COUNTER_VANISHED] = 4711;
    haywire_publisher_refresh(session->publisher, G_MAXUINT64 / 2);
    read_stats(session, counter);
    g_assert_cmpuint(counter[HAYWIRE_COUNTER_VANISHED], ==, 4711);
    g_assert_cmpuint(counter[HAYWIRE_COUNTER_PAGES_PUBLISHED], >, 4);
    g_assert_cmpuint(counter[HAYWIRE_COUNTER_CPU_TIME], >, 0);
}

static uint64_t cpu_time_of(Session *session)
{
    uint64_t counter[HAYWIRE_COUNTER_COUNT];

    haywire_publisher_put_stats(session->publisher);
    read_stats(session, counter);
    return counter[HAYWIRE_COUNTER_CPU_TIME];
}

/* What the clock says, and never less than before. */
static void test_cpu_time(void)
{
    g_autoptr(Session) session = session_new("c", PROCESSES, SECTIONS);
    uint64_t before = haywire_os_cpu_ns();

    for (int i = 0; i < 100; i++) {
        uint64_t now = cpu_time_of(session);

        g_assert_cmpuint(now, >=, before);
        g_assert_cmpuint(now, <=, haywire_os_cpu_ns());
        before = now;
    }
}

/* The texts, put together from their pieces. */
static void test_manifest(void)
{
    g_autoptr(Session) session = session_new("c", PROCESSES, SECTIONS);
    size_t length[HAYWIRE_FACT_TEXTS] = { 0 };
    unsigned ranges = 0;

    g_assert_true(haywire_task_round(
        &session->companion->task[HAYWIRE_TASK_MANIFEST], session->publisher));
    for (uint32_t i = 7; i < 10; i++) {
        HaywirePage copy;
        HaywirePageInfo info =
            session_read(session, HAYWIRE_CATEGORY_MASTER, i, &copy);
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
    g_autoptr(Session) session = session_new("c", PROCESSES, SECTIONS);
    HaywireTask *task = &session->companion->task[HAYWIRE_TASK_MANIFEST];
    HaywirePage copy;
    uint64_t sequence;

    g_assert_true(haywire_task_round(task, session->publisher));
    sequence =
        session_read(session, HAYWIRE_CATEGORY_MASTER, 7, &copy).sequence;
    g_assert_true(haywire_task_round(task, session->publisher));
    g_assert_cmpuint(
        session_read(session, HAYWIRE_CATEGORY_MASTER, 7, &copy).sequence, ==,
        sequence);
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
    return g_test_run();
}
