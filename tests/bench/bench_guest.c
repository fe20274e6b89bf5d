/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * With a real guest: what watching costs, and how soon things are seen.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "guest_work.h"
#include "shown.h"
#include "vm_internal.h"

/* The defaults of companion and plugin. */
#define COMPANION_INTERVAL_MS 500
#define PLUGIN_INTERVAL_MS    250
#define FRESH_LIMIT_MS        (COMPANION_INTERVAL_MS + PLUGIN_INTERVAL_MS)

#define POLL_US    3000
#define TIMEOUT_NS G_GUINT64_CONSTANT(20000000000)
#define MORE_TASKS 200
#define PS_COLUMNS \
    "pid,ppid,uid,gid,comm,stat,ni,nlwp,vsz,rss,cputime,lstart,exe,args"

static Vm *machine;

/* One guest for all: live, with some 300 processes, settled. */
static Vm *get_machine(void)
{
    VmOptions options = { .qemu = g_getenv("HAYWIRE_BENCH_QEMU") };
    g_autofree char *tasks = g_strdup_printf(
        "i=0; while [ $i -lt %d ]; do sleep 100000 >/dev/null 2>&1 & "
        "i=$((i+1)); done",
        bench_is_smoke() ? 5 : MORE_TASKS);

    if (!machine) {
        machine = vm_start(&options);
        g_free(vm_guest_run(machine, tasks, NULL));
        vm_wait_state(machine, "live");
        g_usleep((bench_is_smoke() ? 1 : 5) * G_USEC_PER_SEC);
    }
    return machine;
}

static guint seconds(guint full)
{
    return bench_is_smoke() ? 2 : full;
}

static guint rounds(guint full)
{
    return bench_is_smoke() ? 2 : full;
}

/* Read from @fd until @wanted lines came; FALSE when it ends before. */
static gboolean read_lines(int fd, gsize wanted)
{
    char part[65536];
    gsize lines = 0;
    ssize_t got;

    while (lines < wanted && (got = read(fd, part, sizeof(part))) > 0) {
        for (ssize_t i = 0; i < got; i++) {
            lines += part[i] == '\n';
        }
    }
    return lines >= wanted;
}

/* ms from the start of `haywire ps` to all of its list. */
static double list_once(Vm *vm, gsize lines)
{
    const char *words[] = { g_getenv("HAYWIRE_TEST_TOOL"), "--ram",
                            vm_ram_path(vm), "ps", NULL };
    g_autoptr(GError) error = NULL;
    guint64 start = bench_wall_ns(), end;
    GPid pid;
    int out;

    g_spawn_async_with_pipes(NULL, (char **)words, NULL,
                             G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid, NULL,
                             &out, NULL, &error);
    g_assert_no_error(error);
    g_assert_true(read_lines(out, lines));
    end = bench_wall_ns();
    while (read_lines(out, 1)) {
        continue;
    }
    close(out);
    waitpid(pid, NULL, 0);
    return (end - start) / BENCH_NS_PER_MS;
}

static guint count_processes(Vm *vm)
{
    g_autoptr(JsonNode) reply = vm_qmp(vm, "query-haywire-processes", NULL);

    return json_array_get_length(json_node_get_array(reply));
}

static void bench_first_list(void)
{
    BenchResult result = { "first-list", .unit = "ms", .limit = 30,
                           .bound = 1 };
    Vm *vm = get_machine();
    guint count = rounds(15), lines = count_processes(vm);
    g_autofree double *cost = g_new(double, count);

    for (guint i = 0; i < count; i++) {
        cost[i] = list_once(vm, lines);
    }
    result.value = bench_median(cost, count);
    bench_report(&result);
}

/* ms of processor time a second that the plugin's worker takes. */
static void bench_rescan_idle(void)
{
    BenchResult result = { "rescan-idle", .unit = "ms/s", .limit = 1000,
                           .bound = 0.003 };
    const char *pid = g_subprocess_get_identifier(get_machine()->process);
    guint64 busy = bench_thread_ns(pid, "haywire");
    guint64 start = bench_wall_ns();

    g_usleep(seconds(40) * G_USEC_PER_SEC);
    busy = bench_thread_ns(pid, "haywire") - busy;
    result.value =
        busy / BENCH_NS_PER_MS / ((bench_wall_ns() - start) / BENCH_NS_PER_S);
    bench_report(&result);
}

/* Of the companion, as it reports it, ns. */
static guint64 companion_ns(Vm *vm)
{
    g_autoptr(JsonNode) reply = vm_qmp(vm, "query-haywire-stats", NULL);
    JsonObject *guest =
        json_object_get_object_member(json_node_get_object(reply), "guest");

    return (guint64)json_object_get_int_member(guest, "cpu-time");
}

/* ms of processor time a minute. */
static double companion_cost(Vm *vm)
{
    guint64 busy = companion_ns(vm), start = bench_wall_ns();

    g_usleep(seconds(30) * G_USEC_PER_SEC);
    busy = companion_ns(vm) - busy;
    return busy / BENCH_NS_PER_MS /
           ((bench_wall_ns() - start) / BENCH_NS_PER_S / 60);
}

/* Seconds of the line "NAME 0m1.23s" that busybox's time prints. */
static double timed_seconds(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    double minutes, rest;

    g_assert_nonnull(at);
    g_assert_cmpint(sscanf(at + strlen(name), " %lfm %lfs", &minutes, &rest),
                    ==, 2);
    return minutes * 60 + rest;
}

/* The same fields by procps, as often, in the same guest; ms a minute. */
static double ps_cost(Vm *vm)
{
    const guint runs = rounds(10);
    g_autofree char *command =
        g_strdup_printf("time sh -c 'i=0; while [ $i -lt %u ]; do "
                        "/procps/ps -e -o " PS_COLUMNS " >/dev/null || exit 1; "
                        "i=$((i+1)); done'",
                        runs);
    g_autofree char *text = vm_guest_run(vm, command, NULL);

    return (timed_seconds(text, "user") + timed_seconds(text, "sys")) * 1000 /
           runs * (60000 / COMPANION_INTERVAL_MS);
}

static void bench_companion_cpu(void)
{
    BenchResult result = { "companion-cpu", .unit = "ms/min", .bound = 0.3 };
    Vm *vm = get_machine();
    int status;

    g_free(vm_guest_run(vm, "/procps/ps --version", &status));
    if (status != 0) {
        fprintf(stderr, "companion-cpu: there is no procps in the guest\n");
        return;
    }
    result.limit = ps_cost(vm);
    result.value = companion_cost(vm);
    result.limit = (result.limit + ps_cost(vm)) / 2;
    bench_report(&result);
}

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

static void report_latency(const char *name, double *cost, guint count)
{
    BenchResult result = { name, .unit = "ms", .limit = FRESH_LIMIT_MS,
                           .bound = 0.6 };

    result.value = bench_median(cost, count);
    bench_report(&result);
}

static void bench_freshness(void)
{
    Vm *vm = get_machine();
    guint count = rounds(21);
    g_autofree double *cost = g_new(double, count);

    for (guint i = 0; i < count; i++) {
        pause_somewhat();
        cost[i] = see_start(vm);
    }
    report_latency("freshness", cost, count);
}

static void bench_focus_latency(void)
{
    Vm *vm = get_machine();
    g_autofree char *text =
        vm_guest_run(vm,
                     "for i in 1 2; do sleep 1000 >/dev/null 2>&1 & "
                     "echo $!; done",
                     NULL);
    guint count = rounds(21), pid[2];
    g_autofree double *cost = g_new(double, count);

    g_assert_cmpint(sscanf(text, "%u %u", &pid[0], &pid[1]), ==, 2);
    wait_for(vm, bench_wall_ns(), shown_lists, pid[0]);
    wait_for(vm, bench_wall_ns(), shown_lists, pid[1]);
    for (guint i = 0; i < count; i++) {
        pause_somewhat();
        cost[i] = see_focus(vm, pid[i % 2]);
    }
    report_latency("focus-latency", cost, count);
}

#define WORK_PAIRS 3 /* of machines: two boots are never quite alike */
#define WORK_RUNS  5 /* in each machine */

static void work_in_turn(double *with, double *without, guint runs)
{
    VmOptions options = { .qemu = g_getenv("HAYWIRE_BENCH_QEMU") };
    g_autoptr(Vm) watched = vm_start(&options);
    g_autoptr(Vm) alone = NULL;

    options.without_plugin = TRUE;
    alone = vm_start(&options);
    vm_wait_state(watched, "live");
    guest_work_ms(watched, guest_work_fork);
    guest_work_ms(alone, guest_work_fork);
    for (guint i = 0; i < runs; i++) {
        without[i] = guest_work_ms(alone, guest_work_fork);
        with[i] = guest_work_ms(watched, guest_work_fork);
    }
}

static void bench_guest_slowdown(void)
{
    BenchResult result = { "guest-slowdown", .unit = "ms", .bound = 1.01 };
    guint pairs = bench_is_smoke() ? 1 : WORK_PAIRS, count = pairs * WORK_RUNS;
    g_autofree double *with = g_new(double, count);
    g_autofree double *without = g_new(double, count);

    for (guint i = 0; i < count; i += WORK_RUNS) {
        work_in_turn(with + i, without + i, WORK_RUNS);
    }
    result.value = bench_median(with, count);
    result.limit = bench_median(without, count);
    bench_report(&result);
}

int main(int argc, char **argv)
{
    static const Bench benches[] = {
        { "first-list", bench_first_list },
        { "rescan-idle", bench_rescan_idle },
        { "companion-cpu", bench_companion_cpu },
        { "freshness", bench_freshness },
        { "focus-latency", bench_focus_latency },
        { "guest-slowdown", bench_guest_slowdown },
    };
    int status = bench_main(argc, argv, benches, G_N_ELEMENTS(benches));

    vm_free(machine);
    return status;
}
