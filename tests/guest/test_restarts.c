/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Companions that are killed, stopped and started again, while somebody asks
 * all the time: how soon that shows, and that no answer mixes two sessions.
 */
#include "../qemu/qemus.h"
#include "companions.h"
#include "process_threads.h"
#include "scene.h"
#include "watcher.h"

#include <string.h>
#include <unistd.h>

#define TIMEOUT_S 300
#define ERAS      6
#define STOPS     3
#define RESTARTS  100
#define PART      25 /* restarts in one command, which has its own timeout */

/*
 * How soon it shows, in ms. Within two intervals of the plugin from when it can
 * be known: a companion is silent once ten beats are missing, and alive once
 * one is seen. A new one is found by the next search, of which there is one every
 * 4 s at least while nothing is live.
 * Emulation adds to that, and a busy host as long as it makes QEMU wait.
 */
#define LOOKS_MS  500
#define BEAT_MS   100
#define BUSY_MS   1000
#define SILENT_MS (10 * BEAT_MS + LOOKS_MS + BUSY_MS)
#define ALIVE_MS  (BEAT_MS + LOOKS_MS + BUSY_MS)
#define SEARCH_MS 4000
/* Of another search, beside a live session: 10 s, more where one takes long. */
#define SEARCH_LIVE_MS 20000

/*
 * In the guest's shell: begin the next era, number $n. Its process opens a pipe that
 * nobody writes to, and so has no child that could be taken for it.
 */
#define BEGIN_ERA                                                          \
    "n=$((n + 1)); sh -c \"echo -n " WATCHER_ERA "$n >/proc/\\$\\$/comm; " \
    "read x </run/never\" & era=$!; "                                      \
    "until grep -q " WATCHER_ERA "$n /proc/$era/comm; do :; done; "
#define END_ERA "kill -9 $era; wait $era; "
#define START                                                        \
    "setsid /bin/haywire-companion run </dev/null >/run/out 2>&1 & " \
    "companion=$!; "
#define KILL "kill -9 $companion; wait $companion; "

static Scene *get_scene(const char *qemu)
{
    return scene_get(&(VmOptions){
        .qemu = qemu, .memory = "512M", .plugin = ",kernel=off" });
}

typedef struct {
    const char *state;
    guint32 companion;
} Wanted;

static gboolean is_as_wanted(Vm *vm, gpointer opaque)
{
    const Wanted *wanted = opaque;
    g_autoptr(JsonNode) node = vm_qmp(vm, "query-haywire", NULL);
    JsonObject *status = json_node_get_object(node);

    return g_str_equal(compare_string(status, "state"), wanted->state) &&
           compare_int(status, "companion-pid") == wanted->companion;
}

/* How long the machine, and we, had to wait for a processor so far, in ms. */
static gint64 starved(Vm *vm)
{
    return (gint64)((process_threads(vm_pid(vm), "").waited +
                     process_threads(getpid(), "").waited) /
                    1000000);
}

static void wait_state(Vm *vm, const char *state, guint32 companion)
{
    Wanted wanted = { state, companion };

    vm_wait_until(vm, state, TIMEOUT_S, is_as_wanted, &wanted);
}

/* Wait until the session of @companion is in that state: not for long. */
static void check_state(Vm *vm, const char *state, guint32 companion,
                        gint64 limit)
{
    gint64 begin = g_get_monotonic_time();
    gint64 waited = starved(vm);
    gint64 took;

    wait_state(vm, state, companion);
    took = (g_get_monotonic_time() - begin) / 1000;
    waited = starved(vm) - waited;
    g_test_message("%s after %" G_GINT64_FORMAT " ms, %" G_GINT64_FORMAT
                   " ms waited for a processor",
                   state, took, waited);
    g_assert_cmpint(took - waited, <=, limit);
}

static gint64 found_ms(void)
{
    return ALIVE_MS + SEARCH_MS;
}

/* Run what starts a companion; its pid, past what the shell says of others. */
static guint32 run_for_pid(Vm *vm, const char *command)
{
    g_autofree char *line = g_strconcat(command, "echo \"@$companion\"", NULL);
    g_autofree char *text = vm_guest_run(vm, line, NULL);
    const char *pid = strrchr(text, '@');

    g_assert_nonnull(pid);
    return (guint32)g_ascii_strtoull(pid + 1, NULL, 10);
}

/* The first era's companion takes the place of the one from the boot. */
static guint32 begin(Scene *scene)
{
    g_autoptr(JsonNode) node = vm_qmp(scene->vm, "query-haywire", NULL);
    g_autofree char *command = g_strdup_printf(
        "[ -p /run/never ] || mkfifo /run/never; kill -9 %" G_GINT64_FORMAT
        "; " BEGIN_ERA START,
        compare_int(json_node_get_object(node), "companion-pid"));
    guint32 companion = run_for_pid(scene->vm, command);

    wait_state(scene->vm, "live", companion);
    return companion;
}

static gboolean is_listed(Vm *vm, gpointer opaque)
{
    g_autoptr(JsonNode) node = vm_qmp(vm, "query-haywire-processes", NULL);
    JsonArray *processes = json_node_get_array(node);

    for (guint i = 0; i < json_array_get_length(processes); i++) {
        JsonObject *process = json_array_get_object_element(processes, i);

        if (g_str_equal(compare_string(process, "name"), opaque)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* A session may be live before its first process list is there. */
static void wait_era(Vm *vm)
{
    g_autofree char *text =
        vm_guest_run(vm, "echo \"@" WATCHER_ERA "$n\"", NULL);
    char *name = strrchr(text, '@');

    g_assert_nonnull(name);
    vm_wait_until(vm, "the era's process", TIMEOUT_S, is_listed,
                  g_strstrip(name + 1));
}

/* Silence turns it stale, a beat live again; the session stays. */
static void test_stopped(const char *qemu)
{
    Scene *scene = get_scene(qemu);
    Watcher *watcher;
    WatcherCounts counts;
    guint32 companion;

    if (!scene) {
        return;
    }
    companion = begin(scene);
    watcher = watcher_start(vm_second_qmp_path(scene->vm));
    for (int i = 0; i < STOPS; i++) {
        g_free(vm_guest_run(scene->vm, "kill -STOP $companion", NULL));
        check_state(scene->vm, "stale", companion, SILENT_MS);
        g_free(vm_guest_run(scene->vm, "kill -CONT $companion", NULL));
        check_state(scene->vm, "live", companion, ALIVE_MS);
    }
    counts = watcher_end(watcher);
    g_free(vm_guest_run(scene->vm, END_ERA "true", NULL));
    g_assert_cmpuint(counts.sessions, ==, 1);
    g_assert_cmpuint(counts.eras, ==, 1);
}

/* Killed, and another one started: live, stale, live, each its own era. */
static void test_eras(const char *qemu)
{
    Scene *scene = get_scene(qemu);
    Watcher *watcher;
    WatcherCounts counts;
    guint32 companion;

    if (!scene) {
        return;
    }
    companion = begin(scene);
    wait_era(scene->vm);
    watcher = watcher_start(vm_second_qmp_path(scene->vm));
    for (int i = 1; i < ERAS; i++) {
        g_free(vm_guest_run(scene->vm, KILL "true", NULL));
        check_state(scene->vm, "stale", companion, SILENT_MS);
        companion = run_for_pid(scene->vm, END_ERA BEGIN_ERA START);
        check_state(scene->vm, "live", companion, found_ms());
        wait_era(scene->vm);
    }
    counts = watcher_end(watcher);
    g_free(vm_guest_run(scene->vm, END_ERA "true", NULL));
    g_test_message("%" G_GUINT64_FORMAT " answers, %u sessions, %u eras",
                   counts.answers, counts.sessions, counts.eras);
    g_assert_cmpuint(counts.sessions, ==, ERAS);
    g_assert_cmpuint(counts.eras, ==, ERAS);
}

/* One that starts beside a live one takes its place, and keeps it. */
static void test_beside(const char *qemu)
{
    Scene *scene = get_scene(qemu);
    guint32 companion;

    if (!scene) {
        return;
    }
    begin(scene);
    companion = run_for_pid(scene->vm, "older=$companion; " START);
    check_state(scene->vm, "live", companion, ALIVE_MS + SEARCH_LIVE_MS);
    g_free(vm_guest_run(
        scene->vm,
        "kill -9 $older; wait $older; usleep 300000; " END_ERA "true", NULL));
    g_assert_cmpuint(companion_pid(scene->vm), ==, companion);
    wait_state(scene->vm, "live", companion);
}

/* Old pages lie everywhere; the last one started is the one that is shown. */
static void test_hundred(const char *qemu)
{
    Scene *scene = get_scene(qemu);
    Watcher *watcher;
    WatcherCounts counts;
    guint32 companion;

    if (!scene) {
        return;
    }
    begin(scene);
    watcher = watcher_start(vm_second_qmp_path(scene->vm));
    for (int i = 0; i < RESTARTS; i += PART) {
        g_autofree char *command = g_strdup_printf(
            "i=0; while [ $i -lt %d ]; do " KILL END_ERA BEGIN_ERA START
            "usleep 100000; i=$((i + 1)); done; ",
            PART);

        companion = run_for_pid(scene->vm, command);
    }
    check_state(scene->vm, "live", companion, found_ms());
    counts = watcher_end(watcher);
    g_free(vm_guest_run(scene->vm, END_ERA "true", NULL));
    g_test_message("%" G_GUINT64_FORMAT " answers, %u sessions, %u eras",
                   counts.answers, counts.sessions, counts.eras);
}

int main(int argc, char **argv)
{
    int result;

    g_test_init(&argc, &argv, NULL);
    qemus_add_test("restarts/eras", test_eras);
    qemus_add_test("restarts/beside", test_beside);
    qemus_add_test("restarts/stopped", test_stopped);
    qemus_add_test("restarts/hundred", test_hundred);
    result = g_test_run();
    scene_drop();
    return result;
}
