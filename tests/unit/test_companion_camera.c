/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cameras: control word, control page and passes, over made-up processes. */

#include "companion_session.h"

#define FIRST HAYWIRE_CATEGORY_CAMERA1

/* Three processes; each section of theirs has @runs runs of pages. */
static Session *camera_session(unsigned sections, unsigned runs, uint32_t pages)
{
    g_autofree char *line = g_strdup_printf("c --pages camera1=%u", pages);
    Session *session = session_new(line, 3, sections);

    for (size_t i = 0; i < session->fake.count; i++) {
        session->process[i].runs = runs;
    }
    return session;
}

static HaywirePage *control_page(Session *session)
{
    return haywire_publisher_page(session->publisher, FIRST, 0);
}

static HaywireControl control_of(Session *session)
{
    HaywirePage copy;
    HaywirePageInfo info = session_read(session, FIRST, 0, &copy);
    HaywireControl control;

    g_assert_cmpint(haywire_decode_control(&copy, &info, &control, NULL), ==,
                    HAYWIRE_OK);
    return control;
}

/* As a host does it. */
static bool write_word(Session *session, uint32_t nonce, uint32_t pid)
{
    haywire_page_set_control_word(control_page(session),
                                  HAYWIRE_CONTROL_WORD(nonce, pid));
    return haywire_camera_poll(&session->companion->camera[0]);
}

static bool focus(Session *session, uint32_t pid)
{
    return write_word(session, control_of(session).nonce, pid);
}

/* Returns whether a pass was finished. */
static bool pass(Session *session)
{
    return haywire_task_round(&session->companion->task[HAYWIRE_TASK_CAMERA1],
                              session->publisher);
}

typedef struct Content {
    uint32_t sections;
    uint32_t runs;
    uint32_t runs_total;
    uint64_t last_gva;
} Content;

static void read_runs(Content *content, HaywireSetRecord *set)
{
    HaywirePageRun run;

    g_assert_cmpuint(set->first, ==, content->runs);
    content->runs_total = set->total;
    while (haywire_decode_page_run(set, &run) == HAYWIRE_OK) {
        g_assert_cmphex(run.gva.value, >, content->last_gva);
        content->last_gva = run.gva.value;
        content->runs++;
    }
}

static void read_page(Session *session, uint32_t index,
                      const HaywireControl *control, Content *content)
{
    HaywirePage copy;
    HaywirePageInfo info = session_read(session, FIRST, index, &copy);
    HaywireRecordReader reader;
    HaywireRecord record;
    HaywireStatus status;

    g_assert_cmpuint(info.generation, ==, control->pass);
    g_assert_cmpint(haywire_record_reader_init(&reader, &copy, &info), ==,
                    HAYWIRE_OK);
    while ((status = haywire_record_next(&reader, &record, NULL)) ==
           HAYWIRE_OK) {
        HaywireSetRecord *set = record.type == HAYWIRE_RECORD_SECTION_SET
                                    ? &record.section_set
                                    : &record.page_run_set;

        if (record.type == HAYWIRE_RECORD_SECTION) {
            content->sections++;
            continue;
        }
        g_assert_cmpuint(set->pid, ==, control->current_pid);
        g_assert_cmpuint(set->generation, ==, control->pass);
        if (record.type == HAYWIRE_RECORD_PAGE_RUN_SET) {
            read_runs(content, set);
        }
    }
    g_assert_cmpint(status, ==, HAYWIRE_NOT_FOUND);
}

static Content content_of(Session *session)
{
    HaywireControl control = control_of(session);
    Content content = { 0 };

    for (uint32_t i = 0; i < control.pages; i++) {
        read_page(session, control.first_page + i, &control, &content);
    }
    g_assert_cmpuint(content.sections, ==, control.sections_stored);
    g_assert_cmpuint(content.runs, ==, control.runs_stored);
    if (content.runs > 0) {
        g_assert_cmpuint(content.runs_total, ==, control.runs_total);
    }
    return content;
}

static void test_idle(void)
{
    g_autoptr(Session) session = camera_session(5, 5, 200);
    HaywireControl control = control_of(session);

    g_assert_cmpint(control.status, ==, HAYWIRE_CAMERA_IDLE);
    g_assert_cmpuint(control.nonce, !=, 0);
    g_assert_cmphex(haywire_page_get_control_word(control_page(session)), ==,
                    HAYWIRE_CONTROL_WORD(control.nonce, 0));
    g_assert_false(haywire_camera_poll(&session->companion->camera[0]));
    g_assert_false(pass(session));
    g_assert_cmpuint(session->companion->camera[0].said.nonce, !=,
                     session->companion->camera[1].said.nonce);
}

static void test_active(void)
{
    g_autoptr(Session) session = camera_session(300, 2, 200);
    HaywireControl control;

    g_assert_true(focus(session, 2));
    g_assert_true(pass(session));
    control = control_of(session);
    g_assert_cmpint(control.status, ==, HAYWIRE_CAMERA_ACTIVE);
    g_assert_cmpuint(control.target_pid, ==, 2);
    g_assert_cmpuint(control.current_pid, ==, 2);
    g_assert_cmpuint(control.current_start_time_ns, ==, 2000);
    g_assert_cmpuint(control.pass, ==, 1);
    g_assert_cmpuint(control.sections_total, ==, 300);
    g_assert_cmpuint(control.sections_stored, ==, 300);
    g_assert_cmpuint(control.runs_total, ==, 600);
    g_assert_cmpuint(control.runs_stored, ==, 600);
    g_assert_cmpuint(control.rss, ==, 20);
    g_assert_cmpuint(control.pss, ==, 18);
    g_assert_cmpuint(control.swap, ==, 3);
    g_assert_true(control.flags & HAYWIRE_CAMERA_FIGURES_VALID);
    g_assert_cmpuint(control.pass_started_ns, >=, control.target_taken_ns);
    g_assert_cmpuint(control.pass_finished_ns, >, control.pass_started_ns);
    g_assert_cmpuint(content_of(session).sections, ==, 300);
    g_assert_cmpuint(content_of(session).runs, ==, 600);
}

/* A pass is written to the bank that the newest one does not lie in. */
static void test_banks(void)
{
    g_autoptr(Session) session = camera_session(10, 10, 200);

    g_assert_true(focus(session, 1));
    for (unsigned i = 1; i < 6; i++) {
        g_assert_true(pass(session));
        g_assert_cmpuint(control_of(session).pass, ==, i);
        g_assert_cmpuint(control_of(session).first_page, ==, i % 2 ? 1 : 100);
        g_assert_cmpuint(content_of(session).runs, ==, 100);
    }
    g_assert_cmpuint(
        session->publisher->counter[HAYWIRE_COUNTER_CAMERA1_PASSES], ==, 5);
}

static void test_foreign_word(void)
{
    g_autoptr(Session) session = camera_session(1, 1, 200);
    uint32_t nonce = control_of(session).nonce;

    g_assert_false(write_word(session, nonce + 1, 2));
    g_assert_false(write_word(session, 0, 2));
    g_assert_false(pass(session));
    g_assert_cmpuint(control_of(session).target_pid, ==, 0);
    /* What is there is left as it is. */
    g_assert_cmphex(haywire_page_get_control_word(control_page(session)), ==,
                    2);
}

static void test_no_process(void)
{
    g_autoptr(Session) session = camera_session(4, 4, 200);
    HaywireControl control;

    g_assert_true(focus(session, 3));
    g_assert_true(pass(session));
    g_assert_true(focus(session, 99));
    g_assert_false(pass(session));
    control = control_of(session);
    g_assert_cmpint(control.status, ==, HAYWIRE_CAMERA_NO_PROCESS);
    g_assert_cmpuint(control.target_pid, ==, 99);
    /* The newest complete pass stands. */
    g_assert_cmpuint(control.current_pid, ==, 3);
    g_assert_cmpuint(content_of(session).runs, ==, 16);
    g_assert_true(focus(session, 1));
    g_assert_true(pass(session));
    g_assert_cmpint(control_of(session).status, ==, HAYWIRE_CAMERA_ACTIVE);
    g_assert_true(focus(session, 0));
    g_assert_false(pass(session));
    g_assert_cmpint(control_of(session).status, ==, HAYWIRE_CAMERA_IDLE);
}

static void test_vanishes(void)
{
    g_autoptr(Session) session = camera_session(4, 4, 200);

    session->process[0].pages_result = HAYWIRE_COLLECT_GONE;
    g_assert_true(focus(session, 1));
    g_assert_false(pass(session));
    g_assert_cmpint(control_of(session).status, ==, HAYWIRE_CAMERA_NO_PROCESS);
    g_assert_cmpint(session->fake.open, ==, 0);
    g_assert_cmpuint(session->publisher->counter[HAYWIRE_COUNTER_VANISHED], ==,
                     1);
}

static void test_denied(void)
{
    g_autoptr(Session) session = camera_session(4, 4, 200);

    session->process[0].sections_result = HAYWIRE_COLLECT_DENIED;
    session->process[1].pages_result = HAYWIRE_COLLECT_DENIED;
    g_assert_true(focus(session, 1));
    g_assert_false(pass(session));
    g_assert_cmpint(control_of(session).status, ==, HAYWIRE_CAMERA_DENIED);
    g_assert_true(focus(session, 2));
    g_assert_true(pass(session));
    g_assert_cmpint(control_of(session).status, ==, HAYWIRE_CAMERA_ACTIVE);
    g_assert_true(control_of(session).flags & HAYWIRE_CAMERA_NO_PAGE_TABLE);
    g_assert_cmpuint(content_of(session).sections, ==, 4);
    g_assert_cmpuint(content_of(session).runs, ==, 0);
}

/* No sections at all: kernel threads, zombies. */
static void test_empty(void)
{
    g_autoptr(Session) session = camera_session(0, 0, 200);

    g_assert_true(focus(session, 1));
    g_assert_true(pass(session));
    g_assert_cmpint(control_of(session).status, ==, HAYWIRE_CAMERA_ACTIVE);
    g_assert_cmpuint(control_of(session).pages, ==, 1);
    g_assert_cmpuint(content_of(session).sections, ==, 0);
}

static void test_overflow(void)
{
    g_autoptr(Session) session = camera_session(200, 100, 21);
    HaywireControl control;
    uint64_t *dropped =
        &session->publisher->counter[HAYWIRE_COUNTER_PAGE_RUNS_DROPPED];

    /* 24 of these sections fit a page, and sections get 5 pages of 10. */
    session->process[0].path_length = 100;
    g_assert_true(focus(session, 1));
    for (unsigned i = 0; i < 4; i++) {
        g_assert_true(pass(session));
        control = control_of(session);
        g_assert_cmpuint(control.sections_total, ==, 200);
        g_assert_cmpuint(control.sections_stored, ==, 5 * 24);
        g_assert_cmpuint(control.runs_total, ==, 20000);
        g_assert_cmpuint(control.runs_stored, ==, 5 * HAYWIRE_RUNS_PER_PAGE);
        g_assert_cmpuint(control.pages, ==, 10);
        g_assert_cmpuint(*dropped, ==, 20000 - control.runs_stored);
        (void)content_of(session);
    }
    session->process[0].runs = 1;
    g_assert_true(pass(session));
    g_assert_cmpuint(*dropped, ==, 0);
}

static void test_smallest(void)
{
    g_autoptr(Session) session = camera_session(3, 3, 5);

    g_assert_true(focus(session, 2));
    g_assert_true(pass(session));
    g_assert_cmpuint(content_of(session).sections, ==, 3);
    g_assert_cmpuint(content_of(session).runs, ==, 9);
    g_assert_cmpuint(control_of(session).pages, ==, 2);
}

/* What takes too long to read is left out, and counted. */
static void test_budget(void)
{
    g_autoptr(Session) session = camera_session(2, 6, 200);

    session->fake.pause_ms = 250;
    g_assert_true(focus(session, 1));
    g_assert_true(pass(session));
    g_assert_cmpuint(control_of(session).runs_total, ==, 2 * 6 + 2);
    g_assert_cmpuint(control_of(session).runs_stored, ==, 2 * 6);
    g_assert_true(control_of(session).flags & HAYWIRE_CAMERA_PARTLY_READ);
    session->fake.pause_ms = 0;
    g_assert_true(pass(session));
    g_assert_false(control_of(session).flags & HAYWIRE_CAMERA_PARTLY_READ);
}

static void test_new_target(void)
{
    g_autoptr(Session) session = camera_session(50, 50, 200);
    HaywireCameraWriter *camera = &session->companion->camera[0];

    g_assert_true(focus(session, 1));
    for (int i = 0; i < 20; i++) {
        g_assert_cmpint(haywire_camera_step(camera), ==, HAYWIRE_STEP_MORE);
    }
    g_assert_true(focus(session, 2));
    g_assert_true(pass(session));
    g_assert_cmpuint(control_of(session).current_pid, ==, 2);
    g_assert_cmpuint(control_of(session).pass, ==, 1);
    g_assert_cmpuint(content_of(session).runs, ==, 2500);
    g_assert_cmpint(session->fake.open, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/camera/idle", test_idle);
    g_test_add_func("/camera/active", test_active);
    g_test_add_func("/camera/banks", test_banks);
    g_test_add_func("/camera/foreign-word", test_foreign_word);
    g_test_add_func("/camera/no-process", test_no_process);
    g_test_add_func("/camera/vanishes", test_vanishes);
    g_test_add_func("/camera/denied", test_denied);
    g_test_add_func("/camera/empty", test_empty);
    g_test_add_func("/camera/overflow", test_overflow);
    g_test_add_func("/camera/smallest", test_smallest);
    g_test_add_func("/camera/budget", test_budget);
    g_test_add_func("/camera/new-target", test_new_target);
    return g_test_run();
}
