/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Models: the process table, its details, cameras, manifest, statistics.
 */

#include <glib.h>
#include <string.h>

#include "beacon_model.h"

#define SESSION \
    "session\n" \
    "geometry roundrobin=40 pid=8 camera1=6 camera2=6\n"

static const HaywireProcess *need(const HaywireModel *model, uint32_t pid)
{
    const HaywireProcess *process = haywire_model_process(model, pid);

    g_assert_nonnull(process);
    return process;
}

static void test_fields(void)
{
    g_autoptr(HaywireModel) model = haywire_text_model(
        SESSION
        "process pid=1 ppid=0 start=7 uid=3 gid=4 name=\"init\" state=\"R\" "
        "threads=5 nice=-6 vsize=7M rss=8k utime=9 stime=10 "
        "exe=\"/sbin/init\" cmdline=\"init\\0--x y\\0\\0\" "
        "flags=exe-deleted,exe-truncated,cmdline-truncated,blocked\n",
        NULL);
    const HaywireProcess *process = need(model, 1);

    g_assert_cmpuint(model->process_count, ==, 1);
    g_assert_cmpuint(process->ppid, ==, 0);
    g_assert_cmpuint(process->start_time, ==, 7);
    g_assert_cmpuint(process->uid, ==, 3);
    g_assert_cmpuint(process->gid, ==, 4);
    g_assert_cmpstr(process->name, ==, "init");
    g_assert_false(process->name_truncated);
    g_assert_cmpint(process->state, ==, 'R');
    g_assert_cmpuint(process->threads, ==, 5);
    g_assert_cmpint(process->nice, ==, -6);
    g_assert_cmpuint(process->vsize, ==, 7 << 20);
    g_assert_cmpuint(process->rss, ==, 8 << 10);
    g_assert_cmpuint(process->user_time, ==, 9);
    g_assert_cmpuint(process->system_time, ==, 10);
    g_assert_cmpstr(process->exe, ==, "/sbin/init");
    g_assert_cmpstr(process->cmdline, ==, "init --x y");
    g_assert_true(process->has_details && process->ids_known &&
                  process->exe_readable && process->exe_deleted &&
                  process->exe_truncated && process->cmdline_truncated);
    g_assert_true(process->blocked);
    g_assert_false(process->kernel_thread);
    g_assert_cmpuint(process->details_generation, ==, 1);
}

/* More fields: of the same process and the same cycle, and only known ones. */
static void test_more_fields(void)
{
    g_autoptr(HaywireModel) model = haywire_text_model(
        SESSION "process pid=1 minor-faults=7 terminal=0x400000001 "
                "priority=0xffffffffffffffff cgroup=\"/a\\n\"\n"
                "process pid=2\n"
                "process pid=3 open-files=0\n"
                "process pid=4 open-files=4\n"
                "process pid=5 open-files=5 in=snapshot\n"
                "process pid=5 start=9 open-files=6 in=cycle\n"
                "cycle\nprocess pid=4 in=cycle\n",
        NULL);
    const HaywireProcess *process = need(model, 1);

    g_assert_cmphex(
        process->known, ==,
        1u << HAYWIRE_FIELD_MINOR_FAULTS | 1u << HAYWIRE_FIELD_TERMINAL |
            1u << HAYWIRE_FIELD_PRIORITY | 1u << HAYWIRE_FIELD_CGROUP);
    g_assert_cmpuint(process->number[HAYWIRE_FIELD_MINOR_FAULTS], ==, 7);
    g_assert_cmphex(process->number[HAYWIRE_FIELD_TERMINAL], ==,
                    UINT64_C(0x400000001));
    g_assert_cmpint((int64_t)process->number[HAYWIRE_FIELD_PRIORITY], ==, -1);
    g_assert_cmpstr(process->cgroup, ==, "/a\\x0a");
    g_assert_cmphex(need(model, 2)->known, ==, 0);
    g_assert_cmpuint(need(model, 2)->number[HAYWIRE_FIELD_COUNT - 1], ==, 0);
    g_assert_cmpstr(need(model, 2)->cgroup, ==, "");
    g_assert_cmphex(need(model, 3)->known, ==, 1u << HAYWIRE_FIELD_OPEN_FILES);
    g_assert_cmphex(need(model, 4)->known, ==, 0);
    g_assert_cmphex(need(model, 5)->known, ==, 0);
}

static void test_hostile_strings(void)
{
    g_autoptr(HaywireModel) model = haywire_text_model(
        SESSION "process pid=2 name=\"a) (\\n\\x1b[2J\" state=\"\\x07\" "
                "exe=\"/\\xff\" cmdline=\"\\xe2\\x80\\xae\\0\\\\\"\n",
        NULL);
    const HaywireProcess *process = need(model, 2);

    g_assert_cmpstr(process->name, ==, "a) (\\x0a\\x1b[2J");
    g_assert_cmpint(process->state, ==, '?');
    g_assert_cmpstr(process->exe, ==, "/\\xff");
    g_assert_cmpstr(process->cmdline, ==, "\\xe2\\x80\\xae \\x5c");
}

static void test_kernel_thread(void)
{
    g_autoptr(HaywireModel) model = haywire_text_model(
        SESSION "process pid=9 name=\"kworker/u8:2-events_unbound\" "
                "flags=kernel,exe-unreadable,ids-unreadable\n",
        NULL);
    const HaywireProcess *process = need(model, 9);

    /* cut in the snapshot, whole in the record */
    g_assert_cmpstr(process->name, ==, "kworker/u8:2-events_unbound");
    g_assert_false(process->name_truncated);
    g_assert_true(process->kernel_thread);
    g_assert_false(process->exe_readable);
    g_assert_false(process->ids_known);
    g_assert_cmpstr(process->exe, ==, "");
}

static void test_many_threads(void)
{
    g_autoptr(HaywireModel) model =
        haywire_text_model(SESSION "process pid=3 threads=70000\n"
                                   "process pid=4 threads=70000 in=snapshot\n",
                           NULL);

    g_assert_cmpuint(need(model, 3)->threads, ==, 70000);
    g_assert_cmpuint(need(model, 4)->threads, ==, 65535);
}

static void test_sorted_lookup(void)
{
    g_autoptr(HaywireModel) model = haywire_text_model(
        SESSION "process pid=30\nprocess pid=10\nprocess pid=4000000000\n"
                "process pid=0\n",
        NULL);

    g_assert_cmpuint(model->process_count, ==, 4);
    for (size_t i = 1; i < model->process_count; i++) {
        g_assert_cmpuint(model->process[i - 1].pid, <, model->process[i].pid);
    }
    need(model, 0);
    need(model, 10);
    need(model, 4000000000);
    g_assert_null(haywire_model_process(model, 11));
    g_assert_null(haywire_model_process(model, UINT32_MAX));
}

/* pid 5 ended and was reused: its old record must not be joined. */
static void test_reused_pid(void)
{
    g_autoptr(HaywireModel) model = haywire_text_model(
        SESSION "process pid=5 start=100 exe=\"/old\" in=cycle\n"
                "process pid=5 start=900 in=snapshot\n",
        NULL);

    g_assert_cmpuint(need(model, 5)->start_time, ==, 900);
    g_assert_false(need(model, 5)->has_details);
    g_assert_cmpstr(need(model, 5)->exe, ==, "");
}

static void test_newest_record(void)
{
    g_autoptr(HaywireModel) model =
        haywire_text_model(SESSION "process pid=5 rss=1k\n"
                                   "process pid=6 rss=3k\n"
                                   "cycle\n"
                                   "process pid=5 rss=2k in=cycle\n",
                           NULL);

    g_assert_cmpuint(need(model, 5)->rss, ==, 2048);
    g_assert_cmpuint(need(model, 5)->details_generation, ==, 2);
    g_assert_cmpuint(need(model, 6)->rss, ==, 3072);
    g_assert_cmpuint(need(model, 6)->details_generation, ==, 1);
}

/* What is in older snapshots only has ended. */
static void test_newest_snapshot(void)
{
    g_autoptr(HaywireModel) model =
        haywire_text_model(SESSION "snapshot taken=1s\n"
                                   "process pid=1\nprocess pid=2\n"
                                   "snapshot taken=2s\n"
                                   "process pid=1\n",
                           NULL);

    g_assert_cmpuint(model->process_count, ==, 1);
    g_assert_cmpuint(model->overview.snapshot_generation, ==, 2);
    g_assert_cmpuint(model->overview.snapshot_time, ==, 2000000000);
    g_assert_cmpuint(model->overview.processes, ==, 1);
    g_assert_cmpuint(model->overview.processes_missing, ==, 0);
}

#define TWO_SNAPSHOTS                                 \
    SESSION "snapshot\nprocesses first=1 count=100\n" \
            "snapshot\nprocesses first=1 count=200 in=snapshot\n"

/* Pages 2 to 4 hold the newest snapshot; without one it is not complete. */
static void test_incomplete_snapshot(void)
{
    static const char *const damages[] = {
        "drop pid 2\n",
        "drop pid 3\n",
        "set pid 3 generation=9\n",
        "set pid 3 +0.4=2\n",  /* ordinal twice */
        "set pid 3 +4.4=4\n",  /* another number of pages */
        "set pid 3 +20.4=3\n", /* another first page */
        "set pid 3 +8.4=98\n", /* malformed */
        "set pid 2 +20.4=7\nset pid 3 +20.4=7\nset pid 4 +20.4=7\n",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(damages); i++) {
        g_autofree char *text = g_strconcat(TWO_SNAPSHOTS, damages[i], NULL);
        g_autoptr(HaywireModel) model = haywire_text_model(text, NULL);

        g_assert_cmpuint(model->overview.snapshot_generation, ==, 1);
        g_assert_cmpuint(model->process_count, ==, 100);
        g_assert_cmpuint(model->overview.processes_missing, ==, 0);
    }
}

static void test_complete_snapshot(void)
{
    g_autoptr(HaywireModel) model = haywire_text_model(TWO_SNAPSHOTS, NULL);

    g_assert_cmpuint(model->overview.snapshot_generation, ==, 2);
    g_assert_cmpuint(model->process_count, ==, 200);
}

/* The ring wraps: the newest generation lies on its last and first pages. */
static void test_wrapped_snapshot(void)
{
    g_autoptr(HaywireModel) model = haywire_text_model(
        SESSION "snapshot\nprocesses first=1 count=280 in=snapshot\n"
                "snapshot\nprocesses first=1 count=285 in=snapshot\n"
                "snapshot\nprocesses first=1 count=290 in=snapshot\n",
        NULL);

    g_assert_cmpuint(model->overview.snapshot_generation, ==, 3);
    g_assert_cmpuint(model->process_count, ==, 290);
}

/* No complete one at all: what is there, and how much is not. */
static void test_partial_snapshot(void)
{
    g_autoptr(HaywireModel) model = haywire_text_model(
        SESSION "processes first=1 count=200 in=snapshot\ndrop pid 1\n", NULL);

    g_assert_cmpuint(model->process_count, ==, 103);
    g_assert_cmpuint(model->overview.processes, ==, 200);
    g_assert_cmpuint(model->overview.processes_missing, ==, 97);
}

static void test_dropped_processes(void)
{
    g_autoptr(HaywireModel) model = haywire_text_model(
        SESSION "snapshot dropped=5\nprocesses first=1 count=10\n", NULL);

    g_assert_cmpuint(model->overview.processes, ==, 15);
    g_assert_cmpuint(model->overview.processes_missing, ==, 5);
}

static void test_duplicate_pid(void)
{
    HaywireHostCounters host = { 0 };
    g_autoptr(HaywireModel) model = haywire_text_model(
        SESSION "process pid=7 name=\"first\" in=snapshot\n"
                "process pid=6 in=snapshot\n"
                "process pid=7 name=\"second\" in=snapshot\n",
        &host);

    g_assert_cmpuint(model->process_count, ==, 2);
    g_assert_cmpstr(need(model, 7)->name, ==, "first");
    g_assert_cmpuint(host.rejected[HAYWIRE_BAD_VALUE], ==, 1);
    g_assert_cmpuint(model->host.rejected[HAYWIRE_BAD_VALUE], ==, 1);
}

/* A companion that publishes ROUNDROBIN only. */
static void test_no_snapshot(void)
{
    g_autoptr(HaywireModel) model =
        haywire_text_model(SESSION "cycle\nprocess pid=1 rss=1k in=cycle\n"
                                   "process pid=2 in=cycle\n"
                                   "cycle\nprocess pid=1 rss=2k in=cycle\n",
                           NULL);

    g_assert_cmpuint(model->process_count, ==, 1);
    g_assert_cmpuint(need(model, 1)->rss, ==, 2048);
    g_assert_true(need(model, 1)->has_details);
    g_assert_cmpuint(model->overview.processes, ==, 1);
    g_assert_cmpuint(model->overview.snapshot_generation, ==, 0);
}

/* The newest cycle did not hold all: the one before has the others. */
static void test_overflowing_cycles(void)
{
    g_autoptr(HaywireModel) model = haywire_text_model(
        SESSION "cycle seen=4\nprocess pid=1 in=cycle\nprocess pid=2 in=cycle\n"
                "cycle seen=4\nprocess pid=3 in=cycle\nprocess pid=2 rss=5k "
                "in=cycle\n",
        NULL);

    g_assert_cmpuint(model->process_count, ==, 3);
    g_assert_cmpuint(need(model, 2)->rss, ==, 5120);
    g_assert_cmpuint(model->overview.processes, ==, 4);
    g_assert_cmpuint(model->overview.processes_missing, ==, 1);
}

/* The newest cycle is being written: its pages are not all there. */
static void test_incomplete_cycle(void)
{
    g_autoptr(HaywireModel) model = haywire_text_model(
        SESSION "cycle\nprocesses first=1 count=60 in=cycle\n"
                "cycle\nprocesses first=1 count=60 in=cycle\n"
                "drop roundrobin 11\n",
        NULL);

    g_assert_cmpuint(model->process_count, ==, 60);
    g_assert_cmpuint(model->overview.processes_missing, ==, 0);
}

static void test_manifest(void)
{
    g_autofree char *note = g_strnfill(5000, 'v');
    g_autofree char *text = g_strconcat(
        SESSION "ram start=0x1000 end=0x9fc00\nram start=1M end=2G\n"
                "vmcoreinfo gpa=0x5000 size=4k\n"
                "text release \"6.1.0\\n\"\ntext version \"#1 SMP\"\n"
                "text host \"guest\"\ntext cmdline \"quiet\"\n"
                "text vmcoreinfo \"",
        note, "\"\n", NULL);
    g_autoptr(HaywireModel) model = haywire_text_model(text, NULL);
    const HaywireManifest *manifest = &model->manifest;

    g_assert_cmpuint(manifest->ram_count, ==, 2);
    g_assert_cmphex(manifest->ram[0].end.value, ==, 0x9fc00);
    g_assert_cmphex(manifest->ram[1].start.value, ==, 0x100000);
    g_assert_true(manifest->has_vmcoreinfo);
    g_assert_cmphex(manifest->vmcoreinfo.gpa.value, ==, 0x5000);
    g_assert_cmpstr(model->overview.kernel_release, ==, "6.1.0\\x0a");
    g_assert_cmpstr(manifest->kernel_version, ==, "#1 SMP");
    g_assert_cmpstr(model->overview.host_name, ==, "guest");
    g_assert_cmpstr(manifest->kernel_cmdline, ==, "quiet");
    g_assert_cmpstr(manifest->vmcoreinfo_text, ==, note);
}

/* A text of which a piece is missing is no text. */
static void test_manifest_piece_missing(void)
{
    HaywireHostCounters host = { 0 };
    g_autofree char *note = g_strnfill(9000, 'v');
    g_autofree char *text = g_strconcat(SESSION "text release \"6.1\"\n"
                                                "text vmcoreinfo \"",
                                        note, "\"\ndrop master 8\n", NULL);
    g_autoptr(HaywireModel) model = haywire_text_model(text, &host);

    g_assert_cmpstr(model->overview.kernel_release, ==, "6.1");
    g_assert_cmpstr(model->manifest.vmcoreinfo_text, ==, "");
    g_assert_cmpuint(host.rejected[HAYWIRE_BAD_ORDINAL], >, 0);
}

static void test_stats(void)
{
    g_autoptr(HaywireModel) model = haywire_text_model(
        SESSION "counter pid-rounds=17 capabilities=3\n", NULL);
    g_autoptr(HaywireModel) without =
        haywire_text_model(SESSION "drop master 4\n", NULL);

    g_assert_true(model->guest.valid);
    g_assert_cmpuint(model->guest.counter[HAYWIRE_COUNTER_PID_ROUNDS], ==, 17);
    g_assert_cmpuint(model->guest.counter[HAYWIRE_COUNTER_CAPABILITIES], ==, 3);
    g_assert_false(without->guest.valid);
}

static void test_overview(void)
{
    g_autoptr(HaywireModel) model = haywire_text_model(
        "session id=0xfeed version=\"1.22.333\" pid=42 os=1 arch=2 "
        "boot-id=\"\\x01\\x23\\x45\\x67\\x89\\xab\\xcd\\xef0123456\\x7f\"\n",
        NULL);

    g_assert_true(model->overview.has_session);
    g_assert_cmpstr(model->overview.companion_version, ==, "1.22.333");
    g_assert_cmpstr(model->overview.boot_id, ==,
                    "01234567-89ab-cdef-3031-32333435367f");
    g_assert_cmpstr(model->overview.kernel_release, ==, "");
    g_assert_cmpuint(model->process_count, ==, 0);
}

static void test_no_session(void)
{
    HaywireHostCounters host = { .scans = 4 };
    HaywireOverview overview = { .state = HAYWIRE_STATE_SEARCHING,
                                 .has_scan = true };
    HaywireBeaconInput input = { .overview = &overview, .host = &host };
    HaywireSectionList sections;
    HaywirePageRunList runs;
    HaywireTranslation translation;
    HaywireModel *model;

    g_assert_cmpint(haywire_beacon_build(&input, &model), ==, HAYWIRE_OK);
    g_assert_false(model->overview.has_session);
    g_assert_true(model->overview.has_scan);
    g_assert_cmpuint(model->host.scans, ==, 4);
    g_assert_cmpstr(model->overview.boot_id, ==, "");
    g_assert_null(haywire_model_process(model, 1));
    g_assert_cmpint(haywire_model_sections(model, 1, &sections), ==,
                    HAYWIRE_NO_SESSION);
    g_assert_cmpint(haywire_model_page_runs(model, 1, &runs), ==,
                    HAYWIRE_NO_SESSION);
    g_assert_cmpint(
        haywire_model_translate(model, 1, (HaywireGva){ 0 }, &translation), ==,
        HAYWIRE_NO_SESSION);
    haywire_model_unref(model);
}

static void test_references(void)
{
    HaywireModel *model = haywire_text_model(SESSION "process pid=1\n", NULL);

    g_assert_true(haywire_model_ref(model) == model);
    haywire_model_unref(model);
    g_assert_cmpstr(need(model, 1)->name, ==, "p1");
    haywire_model_unref(model);
    haywire_model_unref(NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/model/fields", test_fields);
    g_test_add_func("/model/more-fields", test_more_fields);
    g_test_add_func("/model/hostile-strings", test_hostile_strings);
    g_test_add_func("/model/kernel-thread", test_kernel_thread);
    g_test_add_func("/model/many-threads", test_many_threads);
    g_test_add_func("/model/sorted-lookup", test_sorted_lookup);
    g_test_add_func("/model/reused-pid", test_reused_pid);
    g_test_add_func("/model/newest-record", test_newest_record);
    g_test_add_func("/model/newest-snapshot", test_newest_snapshot);
    g_test_add_func("/model/incomplete-snapshot", test_incomplete_snapshot);
    g_test_add_func("/model/complete-snapshot", test_complete_snapshot);
    g_test_add_func("/model/wrapped-snapshot", test_wrapped_snapshot);
    g_test_add_func("/model/partial-snapshot", test_partial_snapshot);
    g_test_add_func("/model/dropped-processes", test_dropped_processes);
    g_test_add_func("/model/duplicate-pid", test_duplicate_pid);
    g_test_add_func("/model/no-snapshot", test_no_snapshot);
    g_test_add_func("/model/overflowing-cycles", test_overflowing_cycles);
    g_test_add_func("/model/incomplete-cycle", test_incomplete_cycle);
    g_test_add_func("/model/manifest", test_manifest);
    g_test_add_func("/model/manifest-piece-missing",
                    test_manifest_piece_missing);
    g_test_add_func("/model/stats", test_stats);
    g_test_add_func("/model/overview", test_overview);
    g_test_add_func("/model/no-session", test_no_session);
    g_test_add_func("/model/references", test_references);
    return g_test_run();
}
