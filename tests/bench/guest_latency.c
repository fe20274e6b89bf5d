/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How soon the host sees what a guest does.
 */
#include "bench_guest.h"
#include "shown.h"
#include <stdio.h>

#define FRESH_LIMIT_MS (COMPANION_INTERVAL_MS + PLUGIN_INTERVAL_MS)

/* By the doorbell: without it news wait for both intervals. */
#define NEWS_BOUND   0.07
#define ATTACH_BOUND 0.15

#define POLL_US    3000
#define STALE_US   (1500 * G_TIME_SPAN_MILLISECOND)
#define TIMEOUT_NS G_GUINT64_CONSTANT(20000000000)

static gboolean camera_shows(Vm *vm, guint pid)
{
    return shown_camera_pid(vm) == pid;
}

/* ms until @holds. */
static double wait_for(Vm *vm, guint64 start,
                       gboolean (*holds)(Vm *vm, guint pid), guint pid)
{
    while (!holds(vm, pid)) {
        g_assert_cmpuint(bench_wall_ns() - start, <, TIMEOUT_NS);
        g_usleep(POLL_US);
    }
    return (bench_wall_ns() - start) / BENCH_NS_PER_MS;
}

/* A pause of no fixed length, so that no rhythm is met by chance. */
static void pause_somewhat(void)
{
    g_usleep(g_random_int_range(300000, 1300000));
}

/* The start is taken to be when the guest was told: the worst case. */
static double see_start(Vm *vm)
{
    guint64 start = bench_wall_ns();
    g_autofree char *text =
        vm_guest_run(vm, "sleep 5 >/dev/null 2>&1 & echo $!", NULL);

    return wait_for(vm, start, shown_lists,
                    (guint)g_ascii_strtoull(text, NULL, 10));
}

static double see_focus(Vm *vm, guint pid)
{
    g_autofree char *arguments = g_strdup_printf("{\"pid\": %u}", pid);
    g_autoptr(GError) error = NULL;
    guint64 start = bench_wall_ns();
    g_autoptr(JsonNode) reply =
        vm_qmp_try(vm, "haywire-focus", arguments, &error);

    g_assert_no_error(error);
    return wait_for(vm, start, camera_shows, pid);
}

static void report_latency(const char *name, double bound, double *cost,
                           guint count)
{
    BenchResult result = { name, .unit = "ms", .limit = FRESH_LIMIT_MS,
                           .bound = bound };

    result.value = bench_median(cost, count);
    bench_report(&result);
}

void bench_freshness(void)
{
    Vm *vm = bench_machine();
    guint count = bench_scaled(21);
    g_autofree double *cost = g_new(double, count);

    for (guint i = 0; i < count; i++) {
        pause_somewhat();
        cost[i] = see_start(vm);
    }
    report_latency("freshness", NEWS_BOUND, cost, count);
}

void bench_focus_latency(void)
{
    Vm *vm = bench_machine();
    g_autofree char *text =
        vm_guest_run(vm,
                     "for i in 1 2; do sleep 1000 >/dev/null 2>&1 & "
                     "echo $!; done",
                     NULL);
    guint count = bench_scaled(21), pid[2];
    g_autofree double *cost = g_new(double, count);

    g_assert_cmpint(sscanf(text, "%u %u", &pid[0], &pid[1]), ==, 2);
    wait_for(vm, bench_wall_ns(), shown_lists, pid[0]);
    wait_for(vm, bench_wall_ns(), shown_lists, pid[1]);
    for (guint i = 0; i < count; i++) {
        pause_somewhat();
        cost[i] = see_focus(vm, pid[i % 2]);
    }
    report_latency("focus-latency", NEWS_BOUND, cost, count);
}

static gboolean session_is_live(Vm *vm, guint companion)
{
    g_autoptr(JsonNode) reply = vm_qmp(vm, "query-haywire", NULL);
    JsonObject *object = json_node_get_object(reply);

    return g_strcmp0(json_object_get_string_member(object, "state"), "live") ==
               0 &&
           json_object_get_int_member_with_default(object, "companion-pid",
                                                   0) == companion;
}

/* From telling the guest to start its companion until that is live. */
static double see_companion(Vm *vm)
{
    guint64 start = bench_wall_ns();
    g_autofree char *text = vm_guest_run(
        vm,
        "(setsid haywire-companion run </dev/null >/dev/null 2>&1 & echo $!)",
        NULL);
    double cost = wait_for(vm, start, session_is_live,
                           (guint)g_ascii_strtoull(text, NULL, 10));

    g_free(vm_guest_run(vm, "killall -9 haywire-companion; true", NULL));
    return cost;
}

/* In a guest that has had none for a while, as searching then comes to rest. */
void bench_attach(void)
{
    g_autoptr(Vm) vm =
        vm_start(&(VmOptions){ .qemu = g_getenv("HAYWIRE_BENCH_QEMU"),
                               .memory = "512M",
                               .menagerie = "none",
                               .companion = "none" });
    guint count = bench_scaled(15);
    g_autofree double *cost = g_new(double, count);

    for (guint i = 0; i < count; i++) {
        g_usleep(STALE_US);
        pause_somewhat();
        cost[i] = see_companion(vm);
    }
    report_latency("attach", ATTACH_BOUND, cost, count);
}
