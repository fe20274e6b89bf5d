/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A companion's session over made-up processes: see companion_session.h. */

#include "companion_session.h"

#include "os/os.h"

/* More than that it was not let run, on a machine that is busy. */
#define LONGEST_STEP_NS (20 * HAYWIRE_NS_PER_MS)

Session *session_new(const char *line, size_t processes, unsigned sections)
{
    Session *session = g_new0(Session, 1);
    g_auto(GStrv) argv = g_strsplit(line, " ", 0);
    char error[HAYWIRE_OPTION_ERROR_SIZE];
    HaywireOptions options;

    session->process = fake_processes_new(processes, sections);
    fake_collector_init(&session->fake, session->process, processes);
    g_assert_true(
        haywire_options_parse((int)g_strv_length(argv), argv, &options, error));
    session->companion = haywire_companion_new(&options, &session->fake.base);
    g_assert_nonnull(session->companion);
    session->publisher = session->companion->publisher;
    return session;
}

void session_free(Session *session)
{
    haywire_companion_destroy(session->companion);
    g_free(session->process);
    g_free(session);
}

unsigned session_round(Session *session, HaywireTaskId id)
{
    FakeCollector *fake = &session->fake;
    bool snapshot = id == HAYWIRE_TASK_PID;
    unsigned before = snapshot ? fake->reads : fake->opens;

    session->companion->table.looked_ns = 0;
    g_assert_true(
        haywire_task_round(&session->companion->task[id], session->publisher));
    return (snapshot ? fake->reads : fake->opens) - before;
}

uint64_t session_work(Session *session, uint64_t ms)
{
    uint64_t began = haywire_os_monotonic_ns();
    uint64_t last = began, now = began;

    for (uint64_t ran = 0; ran < ms * HAYWIRE_NS_PER_MS; last = now) {
        (void)haywire_companion_work(session->companion);
        g_usleep(1000);
        now = haywire_os_monotonic_ns();
        ran += MIN(now - last, LONGEST_STEP_NS);
    }
    return (now - began) / HAYWIRE_NS_PER_MS;
}

HaywirePageInfo session_read(Session *session, HaywireCategory category,
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

HaywireDiscovery session_discovery(Session *session)
{
    HaywirePage copy;
    HaywirePageInfo info =
        session_read(session, HAYWIRE_CATEGORY_MASTER, 0, &copy);
    HaywireDiscovery discovery;

    g_assert_cmpint(haywire_decode_discovery(&copy, &info, &discovery, NULL),
                    ==, HAYWIRE_OK);
    return discovery;
}

static void see_set(Seen *seen, const HaywireSetRecord *set)
{
    if (set->generation > seen->sweep) {
        *seen = (Seen){ .cycle = seen->cycle, .sweep = set->generation };
    }
    if (set->generation == seen->sweep) {
        seen->sections += set->count;
        seen->total = set->total;
        seen->unreadable = set->flags & HAYWIRE_SECTION_SET_UNREADABLE;
    }
}

static void see_page(Seen *seen, const HaywirePage *copy,
                     const HaywirePageInfo *info)
{
    HaywireRecordReader reader;
    HaywireRecord record;
    HaywireStatus status;

    g_assert_cmpint(haywire_record_reader_init(&reader, copy, info), ==,
                    HAYWIRE_OK);
    while ((status = haywire_record_next(&reader, &record, NULL)) ==
           HAYWIRE_OK) {
        if (record.type == HAYWIRE_RECORD_PROCESS) {
            Seen *one = &seen[record.process.pid];

            one->cycle = MAX(one->cycle, info->generation);
            g_assert_cmpint(record.process.nice, ==, -3);
        } else if (record.type == HAYWIRE_RECORD_SECTION_SET) {
            see_set(&seen[record.section_set.pid], &record.section_set);
        }
    }
    g_assert_cmpint(status, ==, HAYWIRE_NOT_FOUND);
}

Seen *session_see(Session *session, uint32_t first, uint32_t pages,
                  size_t processes)
{
    Seen *seen = g_new0(Seen, processes + 1);

    for (uint32_t i = 0; i < pages; i++) {
        HaywirePage copy;
        HaywirePageInfo info = session_read(
            session, HAYWIRE_CATEGORY_ROUNDROBIN, first + i, &copy);

        if (info.kind != HAYWIRE_KIND_EMPTY) {
            see_page(seen, &copy, &info);
        }
    }
    return seen;
}
