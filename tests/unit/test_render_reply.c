/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Replies: what an emitter is told, in which order.
 */
#include <glib.h>
#include <string.h>

#include "reply.h"

/* Writes down what it is told. */
typedef struct Recorder {
    HaywireEmitter base;
    GString *text;
} Recorder;

static void note(HaywireEmitter *emitter, const char *name, const char *what)
{
    GString *text = ((Recorder *)emitter)->text;

    if (name) {
        g_string_append_printf(text, "%s=", name);
    }
    g_string_append_printf(text, "%s ", what);
}

static void begin_object(HaywireEmitter *emitter, const char *name)
{
    note(emitter, name, "{");
}

static void end_object(HaywireEmitter *emitter)
{
    note(emitter, NULL, "}");
}

static void begin_list(HaywireEmitter *emitter, const char *name)
{
    note(emitter, name, "[");
}

static void end_list(HaywireEmitter *emitter)
{
    note(emitter, NULL, "]");
}

static void boolean(HaywireEmitter *emitter, const char *name, bool value)
{
    note(emitter, name, value ? "true" : "false");
}

static void number(HaywireEmitter *emitter, const char *name, uint64_t value)
{
    g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, value);

    note(emitter, name, text);
}

static void integer(HaywireEmitter *emitter, const char *name, int64_t value)
{
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, value);

    note(emitter, name, text);
}

static void string(HaywireEmitter *emitter, const char *name, const char *value)
{
    g_autofree char *text = g_strdup_printf("\"%s\"", value);

    note(emitter, name, text);
}

static Recorder recorder_new(void)
{
    return (Recorder){
        .base = { begin_object, end_object, begin_list, end_list, boolean,
                  number, integer, string },
        .text = g_string_new(NULL),
    };
}

static void recorder_check(Recorder *recorder, const char *expected)
{
    g_assert_cmpstr(recorder->text->str, ==, expected);
    g_string_free(recorder->text, TRUE);
}

static void test_overview(void)
{
    HaywireOverview overview = { .state = HAYWIRE_STATE_SEARCHING };
    Recorder recorder = recorder_new();

    haywire_table_init(&haywire_overview_table, &overview);
    haywire_reply_overview(&recorder.base, NULL, &overview);
    recorder_check(&recorder,
                   "{ state=\"searching\" sessions=0 "
                   "cost={ time=0 cpu-time=0 refreshes=0 scans=0 scan-time=0 "
                   "pages-scanned=0 pages-read=0 bytes-decoded=0 } } ");
}

/* What the companion says is there once it has said it. */
static void test_cost(void)
{
    HaywireOverview overview = {
        .cost = { .time = 7,
                  .companion_known = true,
                  .companion_time = 5,
                  .companion_cpu_time = 2 },
    };
    Recorder recorder = recorder_new();

    haywire_table_init(&haywire_overview_table, &overview);
    haywire_reply_overview(&recorder.base, NULL, &overview);
    g_assert_true(g_str_has_suffix(
        recorder.text->str,
        "bytes-decoded=0 companion-time=5 companion-cpu-time=2 } } "));
    g_string_free(recorder.text, TRUE);
}

static void test_categories(void)
{
    HaywireOverview overview = { .has_guest = true, .has_session = true };
    Recorder recorder = recorder_new();

    haywire_table_init(&haywire_overview_table, &overview);
    overview.category[HAYWIRE_CATEGORY_PID].pages = 7;
    overview.category[HAYWIRE_CATEGORY_PID].mapped = 6;
    haywire_reply_overview(&recorder.base, "status", &overview);
    g_assert_nonnull(
        strstr(recorder.text->str,
               "categories=[ "
               "{ category=\"master\" pages=0 mapped=0 } "
               "{ category=\"roundrobin\" pages=0 mapped=0 } "
               "{ category=\"pid\" pages=7 mapped=6 } "
               "{ category=\"camera1\" pages=0 mapped=0 } "
               "{ category=\"camera2\" pages=0 mapped=0 } ] cost={ "));
    g_string_free(recorder.text, TRUE);
}

static void test_processes(void)
{
    const uint64_t number[HAYWIRE_FIELD_COUNT] = {
        [HAYWIRE_FIELD_SESSION] = 7,
        [HAYWIRE_FIELD_TERMINAL] = UINT64_C(136) << 32 | 2,
        [HAYWIRE_FIELD_PRIORITY] = (uint64_t)-100,
    };
    const HaywireProcess process[] = {
        { .pid = 1, .name = "a", .state = 'R', .threads = 2 },
        { .pid = 2,
          .name = "b",
          .state = 'S',
          .has_details = true,
          .ids_known = true,
          .gid = 5,
          .nice = -3,
          .exe = "/x",
          .exe_readable = true,
          .cmdline = "x y",
          .details_generation = 9,
          .known = 1u << HAYWIRE_FIELD_SESSION | 1u << HAYWIRE_FIELD_TERMINAL |
                   1u << HAYWIRE_FIELD_PRIORITY | 1u << HAYWIRE_FIELD_CGROUP,
          .number = number,
          .cgroup = "/init.scope" },
    };
    Recorder recorder = recorder_new();

    haywire_reply_processes(&recorder.base, NULL, process, 2);
    recorder_check(
        &recorder,
        "[ { pid=1 ppid=0 start-time=0 uid=0 name=\"a\" name-truncated=false "
        "state=\"R\" kernel-thread=false threads=2 source=\"companion\" } "
        "{ pid=2 ppid=0 start-time=0 uid=0 name=\"b\" name-truncated=false "
        "state=\"S\" kernel-thread=false threads=0 source=\"companion\" gid=5 "
        "nice=-3 vsize=0 rss=0 user-time=0 system-time=0 exe=\"/x\" exe-readable=true "
        "exe-deleted=false exe-truncated=false cmdline=\"x y\" "
        "cmdline-truncated=false blocked=false details-generation=9 "
        "session-id=7 "
        "terminal=\"pts/2\" priority=-100 cgroup=\"/init.scope\" } ] ");
}

/* Only the part of a run that is asked for, with the frame that is there. */
static void test_page_runs(void)
{
    const HaywirePageRun run[] = {
        { .gva = { 0x1000 },
          .value = 5,
          .pages = 1,
          .flags = HAYWIRE_RUN_PRESENT | HAYWIRE_RUN_PFN_KNOWN },
        { .gva = { 0x10000 },
          .value = 100,
          .pages = 16,
          .flags = HAYWIRE_RUN_PRESENT | HAYWIRE_RUN_PFN_KNOWN,
          .page_shift = 12 },
    };
    const HaywirePageRunList list = { .pid = 4,
                                      .source = HAYWIRE_ORIGIN_CAMERA2,
                                      .total = 2,
                                      .complete = true,
                                      .count = 2,
                                      .run = run };
    const HaywireGvaRange range = { { 0x12000 }, 0x3000 };
    Recorder recorder = recorder_new();

    haywire_reply_page_runs(&recorder.base, NULL, &list, range);
    recorder_check(&recorder,
                   "{ pid=4 start-time=0 generation=0 source=\"camera2\" "
                   "complete=true total=2 runs=[ { address=73728 pages=3 "
                   "present=true swapped=false pfn=102 file=false "
                   "soft-dirty=false exclusive=false page-size=4096 } ] } ");
}

/* A picture that lacks something says so, next to what it is of. */
static void test_camera(void)
{
    HaywireCamera camera = { .camera = 1,
                             .mapped = true,
                             .status = HAYWIRE_CAMERA_ACTIVE,
                             .current_pid = 4,
                             .page_runs = 9,
                             .page_runs_missing = 1,
                             .sections_readable = true,
                             .page_table_readable = true };
    Recorder partly = recorder_new();
    Recorder whole = recorder_new();

    haywire_reply_camera(&partly.base, NULL, &camera);
    recorder_check(&partly,
                   "{ camera=1 mapped=true status=\"active\" current-pid=4 "
                   "current-start-time=0 pass=0 age=0 pass-duration=0 "
                   "sections=0 sections-missing=0 page-runs=9 "
                   "page-runs-missing=1 sections-readable=true "
                   "page-table-readable=true page-table-complete=false "
                   "pfns-known=false } ");
    camera.page_table_complete = true;
    haywire_reply_camera(&whole.base, NULL, &camera);
    g_assert_nonnull(strstr(whole.text->str, " page-table-complete=true "));
    g_string_free(whole.text, TRUE);
}

static void test_stats(void)
{
    HaywireHostCounters host = { .scans = 3 };
    HaywireGuestStats guest = { .valid = true };
    Recorder recorder = recorder_new();
    Recorder without = recorder_new();

    host.rejected[HAYWIRE_BAD_MAGIC] = 4;
    host.rejected[HAYWIRE_BAD_VALUE] = UINT64_MAX;
    haywire_reply_stats(&recorder.base, NULL, &host, &guest);
    g_assert_nonnull(strstr(recorder.text->str, " scans=3 "));
    g_assert_nonnull(strstr(recorder.text->str, " guest={ pid-rounds=0 "));
    g_assert_true(g_str_has_suffix(
        recorder.text->str,
        "rejected=[ { reason=\"bad-magic\" count=4 } "
        "{ reason=\"bad-value\" count=18446744073709551615 } ] } "));
    guest.valid = false;
    haywire_reply_stats(&without.base, NULL, &host, &guest);
    g_assert_null(strstr(without.text->str, "guest="));
    g_string_free(recorder.text, TRUE);
    g_string_free(without.text, TRUE);
}

static void test_place(void)
{
    HaywirePlace place = { .translation = { .pid = 1, .gpa = { 0x2000 } },
                           .ram_block = "" };
    Recorder recorder = recorder_new();

    place.translation.source = HAYWIRE_ORIGIN_CAMERA1;
    haywire_reply_place(&recorder.base, NULL, &place);
    recorder_check(&recorder, "{ pid=1 address=0 gpa=8192 source=\"camera1\" "
                              "generation=0 } ");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/reply/overview", test_overview);
    g_test_add_func("/reply/cost", test_cost);
    g_test_add_func("/reply/categories", test_categories);
    g_test_add_func("/reply/processes", test_processes);
    g_test_add_func("/reply/page-runs", test_page_runs);
    g_test_add_func("/reply/camera", test_camera);
    g_test_add_func("/reply/stats", test_stats);
    g_test_add_func("/reply/place", test_place);
    return g_test_run();
}
