/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of processes and what is made of it: what is read anew and what is
 * kept, for made-up processes that run or do not, and news of some of them.
 */

#include "companion_session.h"
#include "haywire/bytes.h"

#define PROCESSES 100
/* To look at all sections takes long; a sweep is no multiple of it. */
#define CHECKED_STEP 7

/* Processes of one thread each, with marks; @pages of ROUNDROBIN. */
static Session *marked_session(size_t processes, unsigned sections,
                               uint32_t pages)
{
    g_autofree char *line = g_strdup_printf("c --pages roundrobin=%u", pages);
    Session *session = session_new(line, processes, sections);

    for (size_t i = 0; i < processes; i++) {
        session->process[i].threads = 1;
        session->process[i].run = 1;
    }
    session->fake.marks = true;
    return session;
}

/* What the table has of a process; NULL: it does not know it. */
static const HaywireBrief *brief_of(Session *session, uint32_t pid)
{
    const HaywireEntry *entry =
        haywire_table_find(&session->companion->table, pid);

    return entry ? &entry->brief : NULL;
}

static void test_snapshot(void)
{
    g_autoptr(Session) session = marked_session(PROCESSES, 0, 500);

    session->process[7].threads = 2;
    session->process[8].run = 0;
    g_assert_cmpuint(session_round(session, HAYWIRE_TASK_PID), ==, PROCESSES);
    /* Marks are the first thread's. */
    g_assert_cmpuint(session_round(session, HAYWIRE_TASK_PID), ==, 1);
    session->process[20].run++;
    session->process[21].ppid = 50;
    session->process[22].ppid = 50;
    session->process[22].run++;
    g_assert_cmpuint(session_round(session, HAYWIRE_TASK_PID), ==, 3);
    g_assert_cmpuint(brief_of(session, 22)->ppid, ==, 1);
    g_assert_cmpuint(brief_of(session, 23)->ppid, ==, 50);
    /* Another process under the same pid. */
    session->process[40].start_time_ns = 77777;
    g_assert_cmpuint(session_round(session, HAYWIRE_TASK_PID), ==, 2);
    g_assert_cmpuint(brief_of(session, 41)->start_time_ns, ==, 77777);
    /* One that runs is about to change, however little it ran. */
    session->process[30].running = true;
    session->process[30].run++;
    g_assert_cmpuint(session_round(session, HAYWIRE_TASK_PID), ==, 2);
    session->process[30].running = false;
    g_assert_cmpuint(session_round(session, HAYWIRE_TASK_PID), ==, 2);
    g_assert_cmpuint(brief_of(session, 31)->state, ==, 'S');
    g_assert_cmpuint(session_round(session, HAYWIRE_TASK_PID), ==, 1);
    session->fake.marks = false;
    g_assert_cmpuint(session_round(session, HAYWIRE_TASK_PID), ==, PROCESSES);
}

/* Others can change a process: nothing is kept for ever. */
static void test_kept_for_a_while(void)
{
    g_autoptr(Session) session = marked_session(PROCESSES, 0, 500);
    HaywireTable *table = &session->companion->table;

    session_round(session, HAYWIRE_TASK_PID);
    for (size_t i = 0; i < PROCESSES / 2; i++) {
        table->entry[i].read_ns -= G_GUINT64_CONSTANT(40000000000);
    }
    g_assert_cmpuint(session_round(session, HAYWIRE_TASK_PID), ==,
                     PROCESSES / 2);
    g_assert_cmpuint(session_round(session, HAYWIRE_TASK_PID), ==, 0);
}

/* The last process ends; its children get another parent and do not run. */
static void test_orphans(void)
{
    g_autoptr(Session) session = marked_session(PROCESSES, 0, 500);

    for (int i = 10; i < 20; i++) {
        session->process[i].ppid = PROCESSES;
        session->process[i + 10].ppid = 60;
    }
    session_round(session, HAYWIRE_TASK_PID);
    for (int i = 10; i < 30; i++) {
        session->process[i].ppid = 1;
    }
    session->process[59].zombie = true;
    session->process[59].run++;
    session->fake.count--;
    g_assert_cmpuint(session_round(session, HAYWIRE_TASK_PID), ==, 21);
    for (uint32_t pid = 11; pid <= 30; pid++) {
        g_assert_cmpuint(brief_of(session, pid)->ppid, ==, 1);
    }
}

/* The newest complete snapshot as its pages have it: how many, and whether. */
static bool is_published(Session *session, uint32_t pid)
{
    HaywirePidRing *ring = &session->companion->pid_ring;

    for (uint32_t i = 0; i < HAYWIRE_PID_PAGES; i++) {
        HaywirePage copy;
        HaywirePageInfo info =
            session_read(session, HAYWIRE_CATEGORY_PID, i, &copy);
        HaywirePidPage page;
        HaywirePidEntry entry;

        if (info.generation != ring->generation || ring->generation == 0) {
            continue;
        }
        g_assert_cmpint(haywire_decode_pid_page(&copy, &info, &page, NULL), ==,
                        HAYWIRE_OK);
        while (haywire_decode_pid_entry(&page, &entry) == HAYWIRE_OK) {
            if (entry.pid == pid) {
                return true;
            }
        }
    }
    return false;
}

static void tell(Session *session, uint32_t begun, uint32_t ended)
{
    HaywireHeard heard = { 0 };

    if (begun) {
        haywire_changes_add(&heard.begun, begun);
    }
    if (ended) {
        haywire_changes_add(&heard.ended, ended);
    }
    haywire_table_hear(&session->companion->table, &heard);
}

/* The table follows the news, and a snapshot is made of it when it differs. */
static bool update(Session *session)
{
    if (!haywire_table_update(&session->companion->table)) {
        return false;
    }
    haywire_pid_ring_update(&session->companion->pid_ring);
    return true;
}

static bool update_records(Session *session)
{
    return haywire_table_update(&session->companion->table) &&
           haywire_roundrobin_update(&session->companion->roundrobin);
}

static bool update_sections(Session *session)
{
    return haywire_table_update(&session->companion->table) &&
           haywire_section_ring_update(&session->companion->section_ring);
}

static void test_snapshot_news(void)
{
    g_autoptr(Session) session = marked_session(PROCESSES, 0, 500);
    HaywirePidRing *ring = &session->companion->pid_ring;
    uint64_t generation;

    session->fake.count = PROCESSES - 1;
    /* Nothing to go by yet. */
    g_assert_false(update(session));
    session_round(session, HAYWIRE_TASK_PID);
    g_assert_false(is_published(session, PROCESSES));

    session->fake.count = PROCESSES;
    tell(session, PROCESSES, 0);
    session->fake.reads = 0;
    g_assert_true(update(session));
    g_assert_cmpuint(session->fake.reads, ==, 1);
    g_assert_true(is_published(session, PROCESSES));
    g_assert_true(is_published(session, 1));

    /* News that make no difference are not published. */
    generation = ring->generation;
    tell(session, 30, 0);
    tell(session, PROCESSES + 5, 0);
    g_assert_true(update(session));
    g_assert_cmpuint(ring->generation, ==, generation);

    session->fake.count = PROCESSES - 1;
    tell(session, 0, PROCESSES);
    g_assert_true(update(session));
    g_assert_cmpuint(ring->generation, ==, generation + 1);
    g_assert_false(is_published(session, PROCESSES));
    g_assert_cmpuint(session->publisher->counter[HAYWIRE_COUNTER_PROCESSES], ==,
                     PROCESSES - 1);
}

/* It says that it ends, and is there for a while: looked at, but not for ever */
static void test_slow_end(void)
{
    g_autoptr(Session) session = marked_session(PROCESSES, 0, 500);
    unsigned looks = 0;

    session_round(session, HAYWIRE_TASK_PID);
    tell(session, 0, PROCESSES);
    while (haywire_table_waits(&session->companion->table)) {
        g_assert_true(update(session));
        g_assert_cmpuint(++looks, <, 10);
    }
    g_assert_cmpuint(looks, >, 1);
    tell(session, 0, PROCESSES);
    g_assert_true(update(session));
    g_assert_true(haywire_table_waits(&session->companion->table));
    session->fake.count--;
    g_assert_true(update(session));
    g_assert_false(haywire_table_waits(&session->companion->table));
    g_assert_false(is_published(session, PROCESSES));
}

/* Too many news, and news in the middle of a round. */
static void test_too_much_news(void)
{
    g_autoptr(Session) session = marked_session(PROCESSES, 0, 500);
    HaywirePidRing *ring = &session->companion->pid_ring;

    session_round(session, HAYWIRE_TASK_PID);
    for (uint32_t pid = 1; pid <= HAYWIRE_CHANGES_MAX + 1; pid++) {
        tell(session, pid, 0);
    }
    g_assert_false(update(session));
    g_assert_cmpuint(session_round(session, HAYWIRE_TASK_PID), ==,
                     HAYWIRE_CHANGES_MAX);
    (void)haywire_pid_ring_step(ring);
    tell(session, 5, 0);
    g_assert_false(update(session));
    session_round(session, HAYWIRE_TASK_PID);
    session->fake.reads = 0;
    g_assert_true(update(session));
    g_assert_cmpuint(session->fake.reads, ==, 1);
}

/* All processes' records of the newest cycle, on good pages, each once. */
static void assert_cycle(Session *session, uint32_t processes)
{
    HaywireRoundrobin *robin = &session->companion->roundrobin;
    g_autofree bool *seen = g_new0(bool, processes + 1);
    uint32_t count = 0;

    for (uint32_t i = 0; i < 2 * robin->bank_pages; i++) {
        HaywirePage copy;
        HaywirePageInfo info =
            session_read(session, HAYWIRE_CATEGORY_ROUNDROBIN, i, &copy);
        HaywireRecordReader reader;
        HaywireRecord record;

        if (info.generation != robin->cycle) {
            continue;
        }
        g_assert_cmpint(haywire_record_reader_init(&reader, &copy, &info), ==,
                        HAYWIRE_OK);
        while (haywire_record_next(&reader, &record, NULL) == HAYWIRE_OK) {
            const FakeProcess *process;

            if (record.type == HAYWIRE_RECORD_CYCLE) {
                g_assert_cmpuint(record.cycle.written, ==, processes);
                continue;
            }
            process = &session->process[record.process.pid - 1];
            g_assert_cmpuint(record.process.pid, <=, processes);
            g_assert_false(seen[record.process.pid]);
            seen[record.process.pid] = true;
            g_assert_cmpuint(record.process.start_time_ns, ==,
                             process->start_time_ns);
            g_assert_cmpuint(record.process.cmdline.length, ==,
                             process->cmdline_length);
            count++;
        }
    }
    g_assert_cmpuint(count, ==, processes);
}

static void test_cycles(void)
{
    g_autoptr(Session) session = marked_session(PROCESSES, 0, 500);

    for (int i = 0; i < PROCESSES; i++) {
        session->process[i].cmdline_length = (size_t)i * 17 % 900;
    }
    g_assert_cmpuint(session_round(session, HAYWIRE_TASK_ROUNDROBIN), ==,
                     PROCESSES);
    for (int cycle = 0; cycle < 20; cycle++) {
        for (int i = 0; i < cycle; i++) {
            session->process[i * 5].cmdline_length = (size_t)(cycle * 40 + i);
            session->process[i * 5].run++;
        }
        g_assert_cmpuint(session_round(session, HAYWIRE_TASK_ROUNDROBIN), ==,
                         cycle);
        assert_cycle(session, PROCESSES);
    }
}

static void test_cycle_news(void)
{
    g_autoptr(Session) session = marked_session(PROCESSES, 0, 500);
    HaywireRoundrobin *robin = &session->companion->roundrobin;
    uint64_t cycle;

    session->fake.count = PROCESSES - 1;
    session_round(session, HAYWIRE_TASK_ROUNDROBIN);
    session->fake.count = PROCESSES;
    session->process[3].cmdline_length = 1500;
    tell(session, PROCESSES, 0);
    tell(session, 4, 0);
    session->fake.opens = 0;
    g_assert_true(update_records(session));
    g_assert_cmpuint(session->fake.opens, ==, 2);
    assert_cycle(session, PROCESSES);

    /* One that came and went changes nothing; one that ends is left out. */
    cycle = robin->cycle;
    tell(session, PROCESSES + 7, 0);
    g_assert_true(update_records(session));
    g_assert_cmpuint(robin->cycle, ==, cycle);
    session->fake.count = PROCESSES - 1;
    tell(session, 0, PROCESSES);
    g_assert_true(update_records(session));
    g_assert_cmpuint(robin->cycle, ==, cycle + 1);
    assert_cycle(session, PROCESSES - 1);
}

/* The privilege that a kept record lacked is lacking still. */
static void test_cycle_dropped(void)
{
    g_autoptr(Session) session = marked_session(PROCESSES, 0, 20);

    for (int i = 0; i < PROCESSES; i++) {
        session->process[i].cmdline_length = 1000;
    }
    session_round(session, HAYWIRE_TASK_ROUNDROBIN);
    tell(session, 5, 0);
    /* A part of all is no ground for small changes. */
    g_assert_false(update_records(session));
    for (int i = 0; i < 10; i++) {
        session_round(session, HAYWIRE_TASK_ROUNDROBIN);
        g_assert_cmpuint(
            session->publisher->counter[HAYWIRE_COUNTER_DETAILS_DROPPED], ==,
            PROCESSES - 5 * 3);
    }
}

/* The fields of a process, which stand behind its record, in the newest cycle. */
static void assert_fields(Session *session, uint32_t pid, uint64_t known)
{
    HaywireRoundrobin *robin = &session->companion->roundrobin;
    uint32_t bank = robin->cycle % 2 ? 0 : robin->bank_pages;
    bool recorded = false, found = false;

    for (uint32_t i = 0; i < robin->used; i++) {
        HaywirePage copy;
        HaywirePageInfo info =
            session_read(session, HAYWIRE_CATEGORY_ROUNDROBIN, bank + i, &copy);
        HaywireRecordReader reader;
        HaywireRecord record;

        g_assert_cmpuint(info.generation, ==, robin->cycle);
        g_assert_cmpint(haywire_record_reader_init(&reader, &copy, &info), ==,
                        HAYWIRE_OK);
        while (haywire_record_next(&reader, &record, NULL) == HAYWIRE_OK) {
            recorded |= record.type == HAYWIRE_RECORD_PROCESS &&
                        record.process.pid == pid;
            if (record.type != HAYWIRE_RECORD_PROCESS_FIELDS ||
                record.fields.pid != pid) {
                continue;
            }
            g_assert_true(recorded);
            found = true;
            g_assert_cmpuint(record.fields.start_time_ns, ==, 1000 * pid);
            g_assert_cmphex(record.fields.known, ==, known);
            for (uint64_t f = 0; f < HAYWIRE_FIELD_COUNT; f++) {
                g_assert_cmpuint(record.fields.number[f], ==,
                                 known >> f & 1 ? 1000 + f : 0);
            }
            g_assert_cmpuint(record.fields.cgroup.length, ==,
                             record.fields.number[HAYWIRE_FIELD_CGROUP]);
        }
    }
    g_assert_true(recorded);
    g_assert_true(found == (known != 0));
}

/* Each is taken away in turn, with all the others, with none. */
static void test_fields(void)
{
    const uint64_t all = (UINT64_C(1) << HAYWIRE_FIELD_COUNT) - 1;
    g_autoptr(Session) session = marked_session(3, 0, 500);

    for (int i = 0; i <= HAYWIRE_FIELD_COUNT; i++) {
        uint64_t one = i < HAYWIRE_FIELD_COUNT ? UINT64_C(1) << i : 0;

        session->process[0].fields = all & ~one;
        session->process[1].fields = one;
        session->process[0].run++;
        session->process[1].run++;
        session_round(session, HAYWIRE_TASK_ROUNDROBIN);
        assert_fields(session, 1, all & ~one);
        assert_fields(session, 2, one);
        assert_fields(session, 3, 0);
        /* A process that has not run keeps them. */
        session->process[0].fields = 0;
        session_round(session, HAYWIRE_TASK_ROUNDROBIN);
        assert_fields(session, 1, all & ~one);
    }
}

/* The largest record and the largest fields do not fit one page. */
static void test_fields_largest(void)
{
    g_autoptr(Session) session = marked_session(PROCESSES, 0, 500);

    for (int i = 0; i < PROCESSES; i++) {
        session->process[i].cmdline_length = HAYWIRE_CMDLINE_MAX;
        session->process[i].fields = (UINT64_C(1) << HAYWIRE_FIELD_COUNT) - 1;
    }
    session_round(session, HAYWIRE_TASK_ROUNDROBIN);
    for (uint32_t pid = 1; pid <= PROCESSES; pid++) {
        assert_fields(session, pid, session->process[pid - 1].fields);
    }
}

/*
 * Where a bank is full, a process is there with its fields or not at all, and
 * comes first in the next cycle.
 */
static void test_fields_dropped(void)
{
    g_autoptr(Session) session = marked_session(PROCESSES, 0, 20);

    for (int i = 0; i < PROCESSES; i++) {
        session->process[i].cmdline_length = (size_t)(i * 37 % 900);
        session->process[i].fields = (UINT64_C(1) << HAYWIRE_FIELD_COUNT) - 1;
    }
    for (int cycle = 0; cycle < 20; cycle++) {
        HaywireRoundrobin *robin = &session->companion->roundrobin;
        uint32_t first = MAX(robin->resume_pid, 1);

        session_round(session, HAYWIRE_TASK_ROUNDROBIN);
        g_assert_cmpuint(
            session->publisher->counter[HAYWIRE_COUNTER_DETAILS_DROPPED], ==,
            PROCESSES - robin->written);
        g_assert_cmpuint(robin->resume_pid, ==,
                         (first - 1 + robin->written) % PROCESSES + 1);
        for (uint32_t i = 0; i < robin->written; i++) {
            uint32_t pid = (first - 1 + i) % PROCESSES + 1;

            assert_fields(session, pid, session->process[pid - 1].fields);
        }
    }
}

/* One look serves snapshot, records and sections; who needs a newer waits. */
static void test_one_look(void)
{
    g_autoptr(Session) session = marked_session(PROCESSES, 3, 500);
    HaywireTask *task = session->companion->task;

    session_round(session, HAYWIRE_TASK_PID);
    session->fake.reads = 0;
    session->process[4].run++;
    for (int i = HAYWIRE_TASK_ROUNDROBIN; i <= HAYWIRE_TASK_SECTIONS; i++) {
        g_assert_true(haywire_task_round(&task[i], session->publisher));
    }
    g_assert_cmpuint(session->fake.reads, ==, 0);
    /* A snapshot is always of a look of its own. */
    g_assert_true(
        haywire_task_round(&task[HAYWIRE_TASK_PID], session->publisher));
    g_assert_cmpuint(session->fake.reads, ==, 1);
    /* One that is too old is taken anew, by whoever needs it first. */
    session->companion->table.looked_ns -=
        session->publisher->setup.roundrobin_interval_ns;
    session->process[5].run++;
    g_assert_true(
        haywire_task_round(&task[HAYWIRE_TASK_ROUNDROBIN], session->publisher));
    g_assert_cmpuint(session->fake.reads, ==, 2);
}

static void assert_all_sections(Session *session, uint32_t processes)
{
    HaywireSectionRing *ring = &session->companion->section_ring;
    g_autofree Seen *seen =
        session_see(session, ring->ring_first, ring->ring_pages, processes);

    for (uint32_t pid = 1; pid <= processes; pid++) {
        /* The set that is being written continues on the next page. */
        g_assert_true(
            (seen[pid].total > 0 && seen[pid].sections == seen[pid].total) ||
            (ring->collecting && seen[pid].sweep == ring->sweep));
    }
}

static void test_sections_in_place(void)
{
    g_autoptr(Session) session = marked_session(60, 20, 500);
    HaywireSectionRing *ring = &session->companion->section_ring;
    uint64_t pages;

    g_assert_cmpuint(session_round(session, HAYWIRE_TASK_SECTIONS), ==, 60);
    pages = ring->page_count;
    for (int sweep = 0; sweep < 50; sweep++) {
        g_assert_cmpuint(session_round(session, HAYWIRE_TASK_SECTIONS), ==, 0);
    }
    g_assert_cmpuint(ring->page_count, ==, pages);
    assert_all_sections(session, 60);
    session->process[9].run++;
    session->process[9].sections = 7;
    g_assert_cmpuint(session_round(session, HAYWIRE_TASK_SECTIONS), ==, 1);
    g_assert_cmpuint(ring->page_count, ==, pages + 1);
    assert_all_sections(session, 60);
}

/*
 * A third of the ring in use, some always running: what does not run is moved
 * out of the way in time. Watched at every step.
 */
static void test_sections_moved(void)
{
    g_autoptr(Session) session = marked_session(60, 60, 500);
    HaywireSectionRing *ring = &session->companion->section_ring;
    unsigned kept = 0, steps = 0;

    session_round(session, HAYWIRE_TASK_SECTIONS);
    for (int sweep = 0; sweep < 60; sweep++) {
        unsigned before = session->fake.opens;

        for (int i = 0; i < 12; i++) {
            session->process[(sweep + i * 5) % 60].run++;
        }
        session->companion->table.looked_ns = 0;
        while (haywire_section_ring_step(ring) == HAYWIRE_STEP_MORE) {
            if (++steps % CHECKED_STEP == 0) {
                assert_all_sections(session, 60);
            }
        }
        assert_all_sections(session, 60);
        kept += 60 - (session->fake.opens - before);
    }
    g_assert_cmpuint(ring->page_count, >, 2 * ring->ring_pages);
    g_assert_cmpuint(kept, >, 60 * 60 / 3);
}

static void test_section_news(void)
{
    g_autoptr(Session) session = marked_session(60, 20, 500);
    HaywireSectionRing *ring = &session->companion->section_ring;
    unsigned refused = 0;

    session->fake.count = 59;
    session_round(session, HAYWIRE_TASK_SECTIONS);
    session->fake.count = 60;
    tell(session, 60, 0);
    session->fake.opens = 0;
    g_assert_true(update_sections(session));
    g_assert_cmpuint(session->fake.opens, ==, 1);
    assert_all_sections(session, 60);
    /* On and on, round the ring: sooner or later the others have to move. */
    for (unsigned i = 0; i < 2 * ring->ring_pages; i++) {
        tell(session, i % 20 + 1, 0);
        if (!update_sections(session)) {
            refused++;
            session_round(session, HAYWIRE_TASK_SECTIONS);
        }
        assert_all_sections(session, 60);
    }
    g_assert_cmpuint(refused, >, 0);
    g_assert_cmpuint(refused, <, 20);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/table/snapshot", test_snapshot);
    g_test_add_func("/table/kept-for-a-while", test_kept_for_a_while);
    g_test_add_func("/table/orphans", test_orphans);
    g_test_add_func("/table/snapshot-news", test_snapshot_news);
    g_test_add_func("/table/slow-end", test_slow_end);
    g_test_add_func("/table/too-much-news", test_too_much_news);
    g_test_add_func("/table/cycles", test_cycles);
    g_test_add_func("/table/cycle-news", test_cycle_news);
    g_test_add_func("/table/cycle-dropped", test_cycle_dropped);
    g_test_add_func("/table/fields", test_fields);
    g_test_add_func("/table/fields/largest", test_fields_largest);
    g_test_add_func("/table/fields/dropped", test_fields_dropped);
    g_test_add_func("/table/one-look", test_one_look);
    g_test_add_func("/table/sections-in-place", test_sections_in_place);
    g_test_add_func("/table/sections-moved", test_sections_moved);
    g_test_add_func("/table/section-news", test_section_news);
    return g_test_run();
}
