/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A session that beats while the tool looks: liveness, focus, and a file that
 * is cut short.
 */
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <linux/magic.h>
#include <signal.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cli.h"
#include "guest.h"
#include "haywire/publish.h"
#include "scene.h"

static char *on(const Guest *guest, const char *command)
{
    return g_strdup_printf("--ram %s %s", guest_path(guest), command);
}

static void check(const Guest *guest, const char *command, int status,
                  const char *out, const char *err_pattern)
{
    g_autofree char *arguments = on(guest, command);

    cli_check(arguments, status, out, err_pattern);
}

static void test_live(void)
{
    Guest *guest = guest_start("live", SCENE, SCENE_SIZE, GUEST_BEATS);
    g_autofree char *json = on(guest, "--json status");
    CliResult result;

    check(guest, "ps --wait", 0, NULL, NULL);
    cli_run(json, &result);
    g_assert_nonnull(strstr(result.out, "\"state\": \"live\""));
    cli_result_clear(&result);
    guest_stop(guest);
}

static gboolean spares_scan(const Guest *guest, const char *options)
{
    g_autofree char *arguments = g_strdup_printf("--ram %s %s --json status",
                                                 guest_path(guest), options);
    CliResult result;
    gboolean spared;

    cli_run(arguments, &result);
    g_assert_cmpint(result.status, ==, 0);
    g_assert_nonnull(strstr(result.out, "\"session\": \"0000000000001234\""));
    spared = strstr(result.out, "\"scans\": 0") != NULL;
    cli_result_clear(&result);
    return spared;
}

/* A busy machine makes beats late, and then a scan is right. */
static void assert_soon_spares(const Guest *guest)
{
    const gint64 until = g_get_monotonic_time() + 30 * G_TIME_SPAN_SECOND;

    while (!spares_scan(guest, "--json")) {
        g_assert_cmpint(g_get_monotonic_time(), <, until);
    }
}

/* Where a live session lay is looked at first the next time. */
static void test_hint(void)
{
    g_autofree char *hints =
        g_build_filename(cli_folder(), "haywire", "hints", NULL);
    g_autofree char *victim = cli_path("victim");
    g_autofree char *text = NULL;
    Guest *guest = guest_start("hint", SCENE, SCENE_SIZE, GUEST_BEATS);

    g_setenv("XDG_CACHE_HOME", cli_folder(), TRUE);
    g_assert_false(spares_scan(guest, "--no-hint --json"));
    g_assert_false(g_file_test(hints, G_FILE_TEST_EXISTS));
    g_assert_false(spares_scan(guest, "--json"));
    g_assert_true(g_file_test(hints, G_FILE_TEST_IS_REGULAR));
    assert_soon_spares(guest);
    g_assert_false(spares_scan(guest, "--no-hint --json"));

    /* Neither read through a link nor written through it. */
    g_assert_true(g_file_get_contents(hints, &text, NULL, NULL));
    g_assert_true(g_file_set_contents(victim, text, -1, NULL));
    g_assert_cmpint(g_unlink(hints), ==, 0);
    g_assert_cmpint(symlink(victim, hints), ==, 0);
    g_assert_false(spares_scan(guest, "--json"));
    g_assert_true(g_file_test(hints, G_FILE_TEST_IS_REGULAR));
    g_assert_false(g_file_test(hints, G_FILE_TEST_IS_SYMLINK));
    assert_soon_spares(guest);

    /* Nonsense is no hint. */
    g_assert_true(g_file_set_contents(hints, "1 2 x\n\n\xff", -1, NULL));
    g_assert_false(spares_scan(guest, "--json"));
    assert_soon_spares(guest);

    guest_stop(guest);
    g_setenv("XDG_CACHE_HOME", "/dev/null", TRUE);
}

/* A session that has stopped since is not believed to be the only one. */
static void test_hint_stopped(void)
{
    Guest *guest = guest_start("stopped", SCENE, SCENE_SIZE, GUEST_BEATS);
    g_autofree char *arguments = on(guest, "--json status");
    CliResult result;

    g_setenv("XDG_CACHE_HOME", cli_folder(), TRUE);
    g_assert_false(spares_scan(guest, "--json"));
    assert_soon_spares(guest);
    guest_stop(guest);
    cli_run(arguments, &result);
    g_assert_nonnull(strstr(result.out, "\"state\": \"stale\""));
    g_assert_null(strstr(result.out, "\"scans\": 0"));
    cli_result_clear(&result);
    g_setenv("XDG_CACHE_HOME", "/dev/null", TRUE);
}

/* Nobody has its file open for writing, as far as one can see. */
static void test_live_nameless(void)
{
    Guest *guest = guest_start("nameless", SCENE, SCENE_SIZE, GUEST_NAMELESS);
    g_autofree char *json = on(guest, "--json status");
    CliResult result;

    cli_run(json, &result);
    g_assert_nonnull(strstr(result.out, "\"state\": \"live\""));
    cli_result_clear(&result);
    guest_stop(guest);
}

static void assert_state(const char *path, const char *state)
{
    g_autofree char *arguments =
        g_strdup_printf("--ram %s --json status", path);
    g_autofree char *expected = g_strdup_printf("\"state\": \"%s\"", state);
    CliResult result;

    cli_run(arguments, &result);
    g_assert_nonnull(strstr(result.out, expected));
    cli_result_clear(&result);
}

static gboolean is_on_local_disk(const char *path)
{
    struct statfs system;

    g_assert_cmpint(statfs(path, &system), ==, 0);
    return system.f_type == TMPFS_MAGIC || system.f_type == EXT4_SUPER_MAGIC ||
           (unsigned long)system.f_type == XFS_SUPER_MAGIC ||
           (unsigned long)system.f_type == BTRFS_SUPER_MAGIC;
}

/* So slow that it could not be judged by waiting for its heart. */
static void test_at_rest(void)
{
    g_autofree char *path = cli_ram_new(
        "kept", "session id=0x5 interval=4s\nprocess pid=1 name=\"init\"\n",
        SCENE_SIZE);
    int writer = open(path, O_WRONLY | O_CLOEXEC);

    g_assert_cmpint(writer, >=, 0);
    assert_state(path, "searching");
    close(writer);
    if (is_on_local_disk(path)) {
        assert_state(path, "stale");
    } else {
        g_test_skip("the file system may have other writers");
    }
}

/* ps does not wait for a heartbeat, and says so; --wait does. */
static void test_not_judged(void)
{
    g_autofree char *path = cli_ram_new(
        "slow", "session id=0x5 interval=200ms\nprocess pid=1 name=\"init\"\n",
        SCENE_SIZE);
    g_autofree char *at_once = g_strdup_printf("--ram %s ps", path);
    g_autofree char *waiting = g_strdup_printf("--ram %s ps --wait", path);
    int writer = open(path, O_WRONLY | O_CLOEXEC);
    CliResult result;

    cli_run(at_once, &result);
    g_assert_cmpint(result.status, ==, 0);
    g_assert_nonnull(strstr(result.out, "init"));
    g_assert_true(g_str_has_prefix(result.err, "haywire: not judged yet: "));
    cli_result_clear(&result);
    cli_run(waiting, &result);
    g_assert_cmpint(result.status, ==, 0);
    g_assert_nonnull(strstr(result.out, "init"));
    g_assert_null(strstr(result.err, "not judged"));
    cli_result_clear(&result);
    close(writer);
}

/* The beating one is shown, though the other one has started later. */
static void test_live_beats_stale(void)
{
    Guest *guest = guest_start("both",
                               SCENE "place first=0x800000\n"
                                     "session id=0x77 time=20s started=19s\n"
                                     "process pid=5 name=\"other\"\n",
                               SCENE_SIZE, GUEST_BEATS);
    g_autofree char *scan = on(guest, "scan");
    g_autofree char *ps = on(guest, "ps");
    CliResult result;

    cli_run(scan, &result);
    g_assert_nonnull(strstr(result.out, "\n0000000000001234 live  yes "));
    g_assert_nonnull(strstr(result.out, "\n0000000000000077 stale no "));
    cli_result_clear(&result);
    cli_run(ps, &result);
    g_assert_nonnull(strstr(result.out, "/sbin/init --x\n"));
    g_assert_null(strstr(result.out, "other"));
    cli_result_clear(&result);
    guest_stop(guest);
}

static guint32 control_pid(Guest *guest, HaywireCategory category)
{
    return (guint32)haywire_page_get_control_word(
        guest_page(guest, category, 0));
}

static void test_focus(void)
{
    Guest *guest =
        guest_start("focus", SCENE "camera 2\n", SCENE_SIZE, GUEST_ANSWERS);
    g_autofree char *focus = on(guest, "focus 300 2");
    CliResult result;

    cli_run(focus, &result);
    g_assert_cmpstr(result.err, ==, "");
    g_assert_cmpint(result.status, ==, 0);
    g_assert_nonnull(strstr(result.out, "     2 active    300 300 "));
    cli_result_clear(&result);
    g_assert_cmpuint(control_pid(guest, HAYWIRE_CATEGORY_CAMERA2), ==, 300);
    g_assert_cmpuint(control_pid(guest, HAYWIRE_CATEGORY_CAMERA1), ==, 1);

    check(guest, "focus 301", 0, NULL, NULL);
    g_assert_cmpuint(control_pid(guest, HAYWIRE_CATEGORY_CAMERA1), ==, 301);
    check(guest, "unfocus 2", 0, NULL, NULL);
    g_assert_cmpuint(control_pid(guest, HAYWIRE_CATEGORY_CAMERA2), ==, 0);
    guest_stop(guest);
}

/* Nothing is written for a process that is not there. */
static void test_focus_absent(void)
{
    Guest *guest = guest_start("absent", SCENE, SCENE_SIZE, GUEST_ANSWERS);

    check(guest, "focus 99", 1, "", "haywire: There is no such * (pid 99)");
    g_assert_cmpuint(control_pid(guest, HAYWIRE_CATEGORY_CAMERA1), ==, 1);
    guest_stop(guest);
}

static void test_focus_denied(void)
{
    Guest *guest = guest_start("denied", SCENE, SCENE_SIZE, GUEST_DENIES);

    check(guest, "focus 300", 3, "", "haywire: * may not * (pid 300)");
    guest_stop(guest);
}

static void test_focus_unanswered(void)
{
    Guest *guest = guest_start("deaf", SCENE, SCENE_SIZE, GUEST_BEATS);

    check(guest, "focus 300", 3, "",
          "haywire: The companion did not answer in time (camera 1)");
    guest_stop(guest);
}

/* A control word that is not the session's: nothing is written over it. */
static void test_focus_foreign(void)
{
    Guest *guest = guest_start("foreign", SCENE, SCENE_SIZE, GUEST_BEATS);
    HaywirePage *page = guest_page(guest, HAYWIRE_CATEGORY_CAMERA1, 0);
    const uint64_t foreign = HAYWIRE_CONTROL_WORD(0xdead, 0xbeef);

    haywire_page_set_control_word(page, foreign);
    check(guest, "focus 300", 4, "",
          "haywire: The control word does not carry the * (camera 1)");
    g_assert_cmphex(haywire_page_get_control_word(page), ==, foreign);
    guest_stop(guest);
}

static void test_focus_stale(void)
{
    g_autofree char *path = cli_ram_new("still", SCENE, SCENE_SIZE);
    g_autofree char *arguments = g_strdup_printf("--ram %s focus 300", path);

    cli_check(arguments, 1, "", "haywire: The session is not live: *");
}

/* The tool watches; the file loses its end, or all of it. */
static void truncate_while_watched(guint64 size)
{
    Guest *guest = guest_start("cut", SCENE, SCENE_SIZE, GUEST_BEATS);
    g_autofree char *arguments = on(guest, "watch 1");
    g_autofree char *path = g_strdup(guest_path(guest));
    CliProcess process = cli_start(arguments, NULL);
    CliResult result;

    cli_wait_output(&process);
    guest_stop(guest); /* it would die of it */
    g_assert_cmpint(truncate(path, (off_t)size), ==, 0);
    cli_wait(&process, &result);
    g_assert_cmpint(result.status, ==, 3);
    g_assert_true(g_str_has_prefix(result.out, "live: linux"));
    g_assert_true(g_pattern_match_simple(
        "haywire: */cut: The memory shrank while it was read\n", result.err));
    cli_result_clear(&result);
}

static void test_truncated(void)
{
    truncate_while_watched(1 << 20);
    truncate_while_watched(0);
}

/* Scans of a file that shrinks at any moment: an end in order, always. */
static void test_truncated_scan(void)
{
    for (int i = 0; i < 20; i++) {
        g_autofree char *path = cli_ram_new("shrink", SCENE, SCENE_SIZE);
        g_autofree char *arguments = g_strdup_printf("--ram %s scan", path);
        /* Else it is known to be at rest, and the scan ends too soon. */
        int writer = open(path, O_WRONLY | O_CLOEXEC);
        CliProcess process = cli_start(arguments, NULL);
        CliResult result;

        g_usleep((gulong)i * 10000);
        g_assert_cmpint(truncate(path, 8192), ==, 0);
        cli_wait(&process, &result);
        g_assert_cmpint(result.status, >=, 0);
        g_assert_true(result.status == 3 || result.status == 1);
        cli_result_clear(&result);
        close(writer);
    }
}

static void test_watch_signal(void)
{
    Guest *guest = guest_start("signal", SCENE, SCENE_SIZE, GUEST_BEATS);
    g_autofree char *arguments = on(guest, "watch 3600");
    CliProcess process = cli_start(arguments, NULL);
    CliResult result;

    cli_wait_output(&process);
    kill(process.pid, SIGINT);
    cli_wait(&process, &result);
    g_assert_cmpint(result.status, ==, 0);
    g_assert_cmpstr(result.err, ==, "");
    cli_result_clear(&result);
    guest_stop(guest);
}

int main(int argc, char **argv)
{
    int failed;

    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cli/live/live", test_live);
    g_test_add_func("/cli/live/hint", test_hint);
    g_test_add_func("/cli/live/hint-stopped", test_hint_stopped);
    g_test_add_func("/cli/live/nameless", test_live_nameless);
    g_test_add_func("/cli/live/at-rest", test_at_rest);
    g_test_add_func("/cli/live/not-judged", test_not_judged);
    g_test_add_func("/cli/live/beats-stale", test_live_beats_stale);
    g_test_add_func("/cli/live/focus", test_focus);
    g_test_add_func("/cli/live/focus-absent", test_focus_absent);
    g_test_add_func("/cli/live/focus-denied", test_focus_denied);
    g_test_add_func("/cli/live/focus-unanswered", test_focus_unanswered);
    g_test_add_func("/cli/live/focus-foreign", test_focus_foreign);
    g_test_add_func("/cli/live/focus-stale", test_focus_stale);
    g_test_add_func("/cli/live/truncated", test_truncated);
    g_test_add_func("/cli/live/truncated-scan", test_truncated_scan);
    g_test_add_func("/cli/live/watch-signal", test_watch_signal);
    failed = g_test_run();
    cli_end();
    return failed;
}
