/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The doorbell in real guests.  The plugin looks once a minute, so whatever is
 * seen sooner is seen because the guest rang.
 */
#include "compare.h"
#include "../qemu/qemus.h"
#include "shown.h"

#include <string.h>

#define PLUGIN    ",interval=60000"
#define MEMORY    "512M"
#define SOON_S    20u /* the machine may be busy; a second is usual */
#define QUIET_S   4
#define RINGING_S 3
#define MOST_OF   16 /* of the time, at most a part of so many is spent */
#define MOST_HZ   60

#define COMPANION "/bin/haywire-companion run"

/* Starts a program in the guest; returns its pid. */
static gint64 start_program(Vm *vm, const char *line)
{
    g_autofree char *command = g_strdup_printf(
        "(setsid %s </dev/null >/run/program 2>&1 & echo $!)", line);
    g_autofree char *text = vm_guest_run(vm, command, NULL);
    gint64 pid = (gint64)g_ascii_strtoull(text, NULL, 10);

    g_assert_cmpint(pid, >, 0);
    return pid;
}

static void kill_program(Vm *vm, const char *signal, gint64 pid)
{
    g_autofree char *command =
        g_strdup_printf("kill -%s %" G_GINT64_FORMAT, signal, pid);

    g_free(vm_guest_run(vm, command, NULL));
}

typedef struct {
    const char *state;
    gint64 companion; /* its pid */
} Shown;

static gboolean is_shown(Vm *vm, gpointer opaque)
{
    const Shown *shown = opaque;
    g_autoptr(JsonNode) reply = vm_qmp(vm, "query-haywire", NULL);
    JsonObject *object = json_node_get_object(reply);

    return g_str_equal(compare_string(object, "state"), shown->state) &&
           compare_int(object, "companion-pid") == shown->companion;
}

static gboolean is_searching(Vm *vm)
{
    g_autoptr(JsonNode) reply = vm_qmp(vm, "query-haywire", NULL);

    return g_str_equal(compare_string(json_node_get_object(reply), "state"),
                       "searching");
}

static void await_shown(Vm *vm, const char *state, gint64 companion)
{
    Shown shown = { state, companion };
    gint64 start = g_get_monotonic_time();

    vm_wait_until(vm, state, SOON_S, is_shown, &shown);
    g_test_message("%s after %" G_GINT64_FORMAT " ms", state,
                   (g_get_monotonic_time() - start) / 1000);
}

static gboolean is_listed(Vm *vm, gpointer opaque)
{
    return shown_lists(vm, (guint32) * (gint64 *)opaque);
}

static gboolean is_filmed(Vm *vm, gpointer opaque)
{
    return shown_camera_pid(vm) == *(gint64 *)opaque;
}

static Vm *start(const char *qemu, const char *plugin)
{
    return vm_available() ? vm_start(&(VmOptions){ .qemu = qemu,
                                                   .plugin = plugin,
                                                   .memory = MEMORY,
                                                   .companion = "none",
                                                   .menagerie = "none" })
                          : NULL;
}

/* A process that starts, a camera that takes a target: seen when they are. */
static void check_news(Vm *vm)
{
    gint64 pid = start_program(vm, "sleep 1000");
    g_autofree char *arguments =
        g_strdup_printf("{\"pid\": %" G_GINT64_FORMAT "}", pid);
    g_autoptr(GError) error = NULL;

    vm_wait_until(vm, "the process", SOON_S, is_listed, &pid);
    json_node_unref(vm_qmp_try(vm, "haywire-focus", arguments, &error));
    g_assert_no_error(error);
    vm_wait_until(vm, "the camera", SOON_S, is_filmed, &pid);
}

/* Its companions come and go, and nobody looks but when they ring. */
static void check_sessions(Vm *vm)
{
    gint64 first, second;

    g_assert_true(is_searching(vm));
    g_assert_cmpint(shown_counter(vm, "doorbells"), ==, 0);
    first = start_program(vm, COMPANION);
    await_shown(vm, "live", first);
    g_assert_cmpint(shown_counter(vm, "doorbells"), >, 0);
    check_news(vm);
    second = start_program(vm, COMPANION);
    await_shown(vm, "live", second);
    kill_program(vm, "TERM", second);
    await_shown(vm, "live", first);
    kill_program(vm, "TERM", first);
    await_shown(vm, "stale", first);
}

/* Rung without end, for pages of all sorts: the worker keeps its measure. */
static void check_ringer(Vm *vm)
{
    gint64 liar = start_program(vm, "/bin/haywire-liar ring");
    g_autofree char *sum = NULL;
    gint64 honest, looks, used, rings, span;

    await_shown(vm, "live", liar);
    span = g_get_monotonic_time();
    rings = shown_counter(vm, "doorbells");
    looks = shown_counter(vm, "refreshes");
    used = shown_counter(vm, "cpu-time");
    g_usleep(RINGING_S * G_USEC_PER_SEC);
    rings = shown_counter(vm, "doorbells") - rings;
    looks = shown_counter(vm, "refreshes") - looks;
    used = shown_counter(vm, "cpu-time") - used;
    /* Longer than it slept where the host is busy. */
    span = g_get_monotonic_time() - span;
    g_test_message("in %" G_GINT64_FORMAT " ms: %" G_GINT64_FORMAT
                   " rings, %" G_GINT64_FORMAT " looks, %" G_GINT64_FORMAT
                   " us of processor time",
                   span / 1000, rings, looks, used / 1000);
    g_assert_cmpint(rings, >, looks);
    g_assert_cmpint(looks, >, 0);
    g_assert_cmpint(looks, <=, span * MOST_HZ / G_USEC_PER_SEC);
    g_assert_cmpint(used / 1000, <=, span / MOST_OF);
    sum = vm_guest_run(vm, "echo $((6 * 7))", NULL);
    g_assert_cmpstr(g_strchomp(sum), ==, "42");
    kill_program(vm, "KILL", liar);
    honest = start_program(vm, COMPANION);
    await_shown(vm, "live", honest);
}

static void test_heard(const char *qemu)
{
    g_autoptr(Vm) vm = start(qemu, PLUGIN ",doorbell=on");

    if (vm) {
        check_sessions(vm);
        check_ringer(vm);
        vm_quit(vm);
    }
}

/*
 * The same companion, and a plugin that does not listen. Where the guest took
 * a minute to boot, the plugin's own look may come just then.
 */
static void test_not_heard(const char *qemu)
{
    g_autoptr(Vm) vm = start(qemu, PLUGIN ",doorbell=off");

    if (vm) {
        gint64 looks = shown_counter(vm, "refreshes");

        start_program(vm, COMPANION);
        g_usleep(QUIET_S * G_USEC_PER_SEC);
        g_assert_true(is_searching(vm) ||
                      shown_counter(vm, "refreshes") == looks + 1);
        g_assert_cmpint(shown_counter(vm, "doorbells"), ==, 0);
        json_node_unref(vm_qmp(vm, "haywire-rescan", NULL));
        vm_wait_state(vm, "live");
        vm_quit(vm);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qemus_add_test("heard", test_heard);
    qemus_add_test("not-heard", test_not_heard);
    qemus_add_patched_version_test("10.2", "heard", test_heard);
    return g_test_run();
}
