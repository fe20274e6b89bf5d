/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PID ring, banks of process records, ring of sections: read back from the
 * pages, after made-up processes.
 */

#include "companion_session.h"

static uint64_t counter(Session *session, HaywireGuestCounter id)
{
    return session->publisher->counter[id];
}

static uint32_t pages_of(Session *session, HaywireCategory category)
{
    return haywire_publisher_pages(session->publisher, category);
}

/* How many pids a complete snapshot of this generation holds; 0: none is. */
static uint32_t snapshot_size(Session *session, uint64_t generation)
{
    uint32_t pages = pages_of(session, HAYWIRE_CATEGORY_PID);
    uint32_t found = 0, needed = 0, size = 0;

    for (uint32_t i = 0; i < pages; i++) {
        HaywirePage copy;
        HaywirePageInfo info =
            session_read(session, HAYWIRE_CATEGORY_PID, i, &copy);
        HaywirePidPage page;

        if (info.kind == HAYWIRE_KIND_EMPTY || info.generation != generation) {
            continue;
        }
        g_assert_cmpint(haywire_decode_pid_page(&copy, &info, &page, NULL), ==,
                        HAYWIRE_OK);
        g_assert_cmpuint((page.first_index + page.ordinal) % pages, ==, i);
        found++;
        needed = page.pages;
        size += page.count;
    }
    return found == needed ? size : 0;
}

static void test_pid_entry(void)
{
    g_autoptr(Session) session = session_new("c --pages pid=100", 700, 0);
    HaywirePage copy;
    HaywirePageInfo info;
    HaywirePidPage page;
    HaywirePidEntry entry;

    session_round(session, HAYWIRE_TASK_PID);
    info = session_read(session, HAYWIRE_CATEGORY_PID, 7, &copy);
    g_assert_cmpint(haywire_decode_pid_page(&copy, &info, &page, NULL), ==,
                    HAYWIRE_OK);
    g_assert_cmpuint(page.total, ==, 700);
    g_assert_cmpuint(page.ordinal, ==, 7);
    g_assert_cmpuint(page.count, ==, 700 - 7 * 97);
    g_assert_cmpint(haywire_decode_pid_entry(&page, &entry), ==, HAYWIRE_OK);
    g_assert_cmpuint(entry.pid, ==, 680);
    g_assert_cmpuint(entry.start_time_ns, ==, 680000);
    g_assert_cmpuint(entry.uid, ==, 1680);
    g_assert_cmpuint(entry.threads, ==, 65535);
    g_assert_cmpmem(entry.name, entry.name_length, "fake-process-680", 16);
    g_assert_cmpuint(entry.flags, ==, 0);
}

static void test_pid_generations(void)
{
    g_autoptr(Session) session = session_new("c --pages pid=100", 300, 0);

    for (unsigned i = 1; i <= 25; i++) {
        unsigned kept = 0;

        session_round(session, HAYWIRE_TASK_PID);
        for (unsigned generation = 1; generation <= i; generation++) {
            uint32_t size = snapshot_size(session, generation);

            g_assert_true(size == 0 || size == 300);
            kept += size > 0;
            g_assert_true(size > 0 || generation + 10 <= i);
        }
        g_assert_cmpuint(kept, ==, MIN(i, 10));
    }
}

/* Growing and shrinking, the newest complete one always survives. */
static void test_pid_sizes(void)
{
    g_autoptr(Session) session = session_new("c --pages pid=101", 5000, 0);

    for (unsigned i = 1; i <= 60; i++) {
        session->fake.count = i * 997 % 4850 + 1;
        session_round(session, HAYWIRE_TASK_PID);
        g_assert_cmpuint(snapshot_size(session, i), ==, session->fake.count);
        if (i > 1) {
            g_assert_cmpuint(snapshot_size(session, i - 1), ==,
                             (i - 1) * 997 % 4850 + 1);
        }
    }
}

static void test_pid_overflow(void)
{
    g_autoptr(Session) session = session_new("c --pages pid=9", 1000, 0);
    HaywirePage copy;
    HaywirePageInfo info;
    HaywirePidPage page;

    for (unsigned i = 1; i < 20; i++) {
        session_round(session, HAYWIRE_TASK_PID);
        g_assert_cmpuint(snapshot_size(session, i), ==, 4 * 97);
    }
    g_assert_cmpuint(counter(session, HAYWIRE_COUNTER_PROCESSES), ==, 1000);
    g_assert_cmpuint(counter(session, HAYWIRE_COUNTER_PROCESSES_DROPPED), ==,
                     1000 - 4 * 97);
    info = session_read(session, HAYWIRE_CATEGORY_PID, 0, &copy);
    g_assert_cmpint(haywire_decode_pid_page(&copy, &info, &page, NULL), ==,
                    HAYWIRE_OK);
    g_assert_cmpuint(page.total, ==, 1000);
}

static void test_pid_vanished(void)
{
    g_autoptr(Session) session = session_new("c --pages pid=100", 100, 0);

    session->process[3].listed_only = HAYWIRE_COLLECT_GONE;
    session->process[50].listed_only = HAYWIRE_COLLECT_DENIED;
    session->process[70].listed_only = HAYWIRE_COLLECT_FAILED;
    session_round(session, HAYWIRE_TASK_PID);
    g_assert_cmpuint(snapshot_size(session, 1), ==, 97);
    g_assert_cmpuint(counter(session, HAYWIRE_COUNTER_PROCESSES), ==, 97);
    g_assert_cmpuint(counter(session, HAYWIRE_COUNTER_VANISHED), ==, 1);
    g_assert_cmpuint(counter(session, HAYWIRE_COUNTER_DENIED), ==, 1);
    g_assert_cmpuint(counter(session, HAYWIRE_COUNTER_READ_ERRORS), ==, 1);
    session->fake.count = 0;
    session_round(session, HAYWIRE_TASK_PID);
    g_assert_cmpuint(counter(session, HAYWIRE_COUNTER_PROCESSES), ==, 0);
}

static Seen *see_all(Session *session, size_t processes)
{
    return session_see(
        session, 0, pages_of(session, HAYWIRE_CATEGORY_ROUNDROBIN), processes);
}

static void test_cycle(void)
{
    g_autoptr(Session) session =
        session_new("c --pages roundrobin=500", 1000, 0);
    HaywireRecordReader reader;
    HaywireRecord record;
    HaywirePage copy;
    HaywirePageInfo info;

    for (unsigned cycle = 1; cycle < 5; cycle++) {
        g_autofree Seen *seen = NULL;

        session_round(session, HAYWIRE_TASK_ROUNDROBIN);
        seen = see_all(session, 1000);
        for (unsigned pid = 1; pid <= 1000; pid++) {
            g_assert_cmpuint(seen[pid].cycle, ==, cycle);
        }
    }
    info = session_read(session, HAYWIRE_CATEGORY_ROUNDROBIN, 125, &copy);
    g_assert_cmpuint(info.generation, ==, 4);
    g_assert_cmpint(haywire_record_reader_init(&reader, &copy, &info), ==,
                    HAYWIRE_OK);
    g_assert_cmpint(haywire_record_next(&reader, &record, NULL), ==,
                    HAYWIRE_OK);
    g_assert_cmpint(record.type, ==, HAYWIRE_RECORD_CYCLE);
    g_assert_cmpuint(record.cycle.cycle, ==, 4);
    g_assert_cmpuint(record.cycle.processes, ==, 1000);
    g_assert_cmpuint(record.cycle.written, ==, 1000);
    g_assert_cmpuint(record.cycle.ordinal, ==, 0);
    g_assert_cmpuint(counter(session, HAYWIRE_COUNTER_ROUNDROBIN_ROUNDS), ==,
                     4);
}

/* A bank that holds a part: the parts take turns, and no one is left out. */
static void test_cycle_in_turn(void)
{
    g_autoptr(Session) session = session_new("c --pages roundrobin=20", 100, 0);
    g_autofree Seen *seen = NULL;
    unsigned newest = 0;

    for (unsigned i = 0; i < 100; i++) {
        session->process[i].cmdline_length = 1000;
    }
    for (unsigned cycle = 1; cycle <= 12; cycle++) {
        session_round(session, HAYWIRE_TASK_ROUNDROBIN);
        g_assert_cmpuint(counter(session, HAYWIRE_COUNTER_DETAILS_DROPPED), ==,
                         100 - 5 * 3);
    }
    seen = see_all(session, 100);
    for (unsigned pid = 1; pid <= 100; pid++) {
        newest += seen[pid].cycle == 12;
    }
    g_assert_cmpuint(newest, ==, 15);
    /* Cycle 12 begins with number 11 * 15 = 165, that is pid 66. */
    g_assert_cmpuint(seen[65].cycle, ==, 11);
    g_assert_cmpuint(seen[66].cycle, ==, 12);
    g_assert_cmpuint(seen[80].cycle, ==, 12);
}

static void test_cycle_largest_record(void)
{
    g_autoptr(Session) session = session_new("c --pages roundrobin=500", 3, 0);
    g_autofree Seen *seen = NULL;

    session->process[1].cmdline_length = HAYWIRE_CMDLINE_MAX;
    session_round(session, HAYWIRE_TASK_ROUNDROBIN);
    seen = see_all(session, 3);
    g_assert_cmpuint(seen[2].cycle, ==, 1);
    g_assert_cmpuint(counter(session, HAYWIRE_COUNTER_DETAILS_DROPPED), ==, 0);
}

static void test_privilege(void)
{
    g_autoptr(Session) session = session_new("c --pages roundrobin=500", 3, 0);
    uint64_t *features = &session->publisher->features;

    session_round(session, HAYWIRE_TASK_ROUNDROBIN);
    g_assert_true(*features & HAYWIRE_FEATURE_PRIVILEGED);
    session->fake.reads_all = false;
    session_round(session, HAYWIRE_TASK_ROUNDROBIN);
    g_assert_false(*features & HAYWIRE_FEATURE_PRIVILEGED);
}

static void test_sections(void)
{
    g_autoptr(Session) session =
        session_new("c --pages roundrobin=500", 60, 100);

    session->process[5].kernel = true;
    session->process[6].sections_result = HAYWIRE_COLLECT_DENIED;
    for (unsigned sweep = 1; sweep <= 10; sweep++) {
        g_autofree Seen *seen = NULL;

        session_round(session, HAYWIRE_TASK_SECTIONS);
        seen = see_all(session, 60);
        for (unsigned pid = 1; pid <= 60; pid++) {
            unsigned expected = pid == 6 || pid == 7 ? 0 : 100;

            g_assert_cmpuint(seen[pid].sweep, ==, sweep);
            g_assert_cmpuint(seen[pid].sections, ==, expected);
            g_assert_cmpuint(seen[pid].total, ==, expected);
            g_assert_true(seen[pid].unreadable == (pid == 7));
        }
    }
    g_assert_cmpuint(counter(session, HAYWIRE_COUNTER_SECTIONS_DROPPED), ==, 0);
}

/*
 * At any moment of a sweep, when all fits the ring: everybody's sections are
 * there, of this sweep or of the one before.
 */
static void test_sections_kept(void)
{
    g_autoptr(Session) session =
        session_new("c --pages roundrobin=320", 60, 100);
    HaywireSectionRing *ring = &session->companion->section_ring;

    session_round(session, HAYWIRE_TASK_SECTIONS);
    for (unsigned step = 0; step < 1200; step++) {
        g_autofree Seen *seen = NULL;

        if (!ring->collecting) {
            session->companion->table.looked_ns = 0;
        }
        (void)haywire_section_ring_step(ring);
        seen = see_all(session, 60);
        for (unsigned pid = 1; pid <= 60; pid++) {
            g_assert_cmpuint(seen[pid].sweep + 1, >=, ring->sweep);
            /* The set that is being written continues on the next page. */
            g_assert_true(seen[pid].sections == seen[pid].total ||
                          seen[pid].sweep == ring->sweep);
        }
    }
}

static void test_sections_overflow(void)
{
    g_autoptr(Session) session =
        session_new("c --pages roundrobin=40", 30, 400);
    bool complete[32] = { false };

    for (unsigned sweep = 1; sweep <= 60; sweep++) {
        g_autofree Seen *seen = NULL;

        session_round(session, HAYWIRE_TASK_SECTIONS);
        g_assert_cmpuint(counter(session, HAYWIRE_COUNTER_SECTIONS_DROPPED), >,
                         0);
        seen = see_all(session, 30);
        for (unsigned pid = 1; pid <= 30; pid++) {
            complete[pid] |= seen[pid].sections == 400;
        }
    }
    for (unsigned pid = 1; pid <= 30; pid++) {
        g_assert_true(complete[pid]);
    }
}

/* One process alone is too much: the others still come in turn. */
static void test_sections_giant(void)
{
    g_autoptr(Session) session = session_new("c --pages roundrobin=20", 3, 50);
    bool complete[4] = { false };

    session->process[1].sections = 5000;
    for (unsigned sweep = 1; sweep <= 12; sweep++) {
        g_autofree Seen *seen = NULL;

        session_round(session, HAYWIRE_TASK_SECTIONS);
        seen = see_all(session, 3);
        for (unsigned pid = 1; pid <= 3; pid++) {
            complete[pid] |=
                seen[pid].total > 0 && seen[pid].sections == seen[pid].total;
        }
    }
    g_assert_true(complete[1]);
    g_assert_false(complete[2]);
    g_assert_true(complete[3]);
    g_assert_cmpuint(counter(session, HAYWIRE_COUNTER_SECTIONS_DROPPED), >,
                     4000);
}

static void test_sections_long_paths(void)
{
    g_autoptr(Session) session = session_new("c --pages roundrobin=500", 2, 30);
    g_autofree Seen *seen = NULL;

    session->process[0].path_length = HAYWIRE_PATH_MAX;
    session_round(session, HAYWIRE_TASK_SECTIONS);
    seen = see_all(session, 2);
    g_assert_cmpuint(seen[1].sections, ==, 30);
    g_assert_cmpuint(seen[2].sections, ==, 30);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rings/pid/entry", test_pid_entry);
    g_test_add_func("/rings/pid/generations", test_pid_generations);
    g_test_add_func("/rings/pid/sizes", test_pid_sizes);
    g_test_add_func("/rings/pid/overflow", test_pid_overflow);
    g_test_add_func("/rings/pid/vanished", test_pid_vanished);
    g_test_add_func("/rings/cycle", test_cycle);
    g_test_add_func("/rings/cycle/in-turn", test_cycle_in_turn);
    g_test_add_func("/rings/cycle/largest-record", test_cycle_largest_record);
    g_test_add_func("/rings/privilege", test_privilege);
    g_test_add_func("/rings/sections", test_sections);
    g_test_add_func("/rings/sections/kept", test_sections_kept);
    g_test_add_func("/rings/sections/overflow", test_sections_overflow);
    g_test_add_func("/rings/sections/giant", test_sections_giant);
    g_test_add_func("/rings/sections/long-paths", test_sections_long_paths);
    return g_test_run();
}
