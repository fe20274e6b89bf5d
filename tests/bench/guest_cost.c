/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What watching costs host and guest.
 */
#include <stdio.h>
#include <string.h>

#include "bench_guest.h"
#include "guest_work.h"
#include "pages.h"
#include "shown.h"
#include "vm_internal.h"

#define PS_COLUMNS \
    "pid,ppid,uid,gid,comm,stat,ni,nlwp,vsz,rss,cputime,lstart,exe,args"

/*
 * The least that following a guest costs: a thread that wakes up as often as
 * the plugin's, looks at the lock of each page, and copies and checksums what
 * has changed.
 */
typedef struct Follower {
    BenchPages *pages;
    gint stop; /* atomic */
    guint64 busy_ns;
} Follower;

static gpointer follow(gpointer opaque)
{
    Follower *follower = opaque;
    guint64 start = bench_cpu_ns();

    while (!g_atomic_int_get(&follower->stop)) {
        bench_pages_follow(follower->pages);
        g_usleep(PLUGIN_INTERVAL_MS * G_TIME_SPAN_MILLISECOND);
    }
    follower->busy_ns = bench_cpu_ns() - start;
    return NULL;
}

/* ms of processor time that a follower takes. */
static double follow_for(guint seconds, BenchPages *pages)
{
    Follower follower = { pages };
    g_autoptr(GThread) thread = NULL;

    bench_pages_follow(pages); /* nothing is new when it begins */
    thread = g_thread_new("follower", follow, &follower);
    g_usleep(seconds * G_USEC_PER_SEC);
    g_atomic_int_set(&follower.stop, 1);
    g_thread_join(g_steal_pointer(&thread));
    return follower.busy_ns / BENCH_NS_PER_MS;
}

/* ms for touching all memory, mapped as QEMU has it mapped. */
static double search_once(const BenchRam *ram)
{
    double cost[9];

    bench_ram_touch(ram);
    for (guint i = 0; i < G_N_ELEMENTS(cost); i++) {
        cost[i] = bench_ram_walk(ram);
    }
    return bench_median(cost, G_N_ELEMENTS(cost));
}

/*
 * ms of processor time a second that the plugin's worker takes, beside a
 * follower and as many searches of memory.
 */
void bench_rescan_idle(void)
{
    BenchResult result = { "rescan-idle", .unit = "ms/s", .bound = 3 };
    Vm *vm = bench_machine();
    const char *pid = g_subprocess_get_identifier(vm->process);
    BenchPages *pages = bench_pages_new();
    const guint seconds = bench_scaled(40);
    gint64 scans = shown_counter(vm, "scans");
    guint64 busy;
    BenchRam ram;

    bench_ram_open(&ram, vm_ram_path(vm));
    bench_pages_find(pages, &ram);
    busy = bench_thread_ns(pid, "haywire");
    result.limit = follow_for(seconds, pages) / seconds;
    busy = bench_thread_ns(pid, "haywire") - busy;
    scans = shown_counter(vm, "scans") - scans;
    result.value = busy / BENCH_NS_PER_MS / seconds;
    result.limit += scans * search_once(&ram) / seconds;
    bench_report(&result);
    bench_pages_free(pages);
    bench_ram_close(&ram);
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

    g_usleep(bench_scaled(30) * G_USEC_PER_SEC);
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
    const guint runs = bench_scaled(10);
    g_autofree char *command =
        g_strdup_printf("time sh -c 'i=0; while [ $i -lt %u ]; do "
                        "/procps/ps -e -o " PS_COLUMNS " >/dev/null || exit 1; "
                        "i=$((i+1)); done'",
                        runs);
    g_autofree char *text = vm_guest_run(vm, command, NULL);

    return (timed_seconds(text, "user") + timed_seconds(text, "sys")) * 1000 /
           runs * (60000 / COMPANION_INTERVAL_MS);
}

void bench_companion_cpu(void)
{
    BenchResult result = { "companion-cpu", .unit = "ms/min", .bound = 0.3 };
    Vm *vm = bench_machine();
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

#define WORK_RUNS 9

/*
 * Two machines that differ in the plugin only: where kernel and programs lie is
 * not left to chance, as that alone makes a difference of some percent.
 */
static Vm *start_for_work(gboolean without_plugin)
{
    return vm_start(&(VmOptions){ .qemu = g_getenv("HAYWIRE_BENCH_QEMU"),
                                  .kernel = "nokaslr norandmaps",
                                  .without_plugin = without_plugin });
}

static double least(const double *values, guint count)
{
    double found = values[0];

    for (guint i = 1; i < count; i++) {
        found = MIN(found, values[i]);
    }
    return found;
}

/*
 * In instructions, in turn. What disturbs only adds to them, as a guest on a
 * busy host hears more of its timer: the least are compared.
 */
static void compare_instructions(Vm *watched, BenchResult *result)
{
    g_autoptr(Vm) alone = start_for_work(TRUE);
    guint runs = bench_scaled(WORK_RUNS);
    g_autofree double *with = g_new(double, runs);
    g_autofree double *without = g_new(double, runs);

    for (guint i = 0; i < runs; i++) {
        without[i] = guest_work_instructions(alone);
        with[i] = guest_work_instructions(watched);
    }
    result->unit = "Minstr";
    result->value = least(with, runs);
    result->limit = least(without, runs);
}

/*
 * Where no instructions are counted: two machines, and two runs in one, differ
 * by more than what is to be told. So the limit is what QEMU's other threads
 * take of that time.
 */
static void compare_threads(Vm *watched, BenchResult *result)
{
    const char *pid = g_subprocess_get_identifier(watched->process);
    guint runs = bench_scaled(WORK_RUNS);
    g_autofree double *cost = g_new(double, runs);
    guint64 busy = bench_thread_ns(pid, "haywire");
    double all = 0;

    for (guint i = 0; i < runs; i++) {
        cost[i] = guest_work_ms(watched);
        all += cost[i];
    }
    busy = bench_thread_ns(pid, "haywire") - busy;
    result->unit = "ms";
    result->value = bench_median(cost, runs);
    result->limit = result->value * (1 - busy / BENCH_NS_PER_MS / all);
}

void bench_guest_slowdown(void)
{
    BenchResult result = { "guest-slowdown", .bound = 1.01 };
    g_autoptr(Vm) watched = start_for_work(FALSE);

    vm_wait_state(watched, "live");
    guest_work_ms(watched);
    if (guest_work_counts()) {
        compare_instructions(watched, &result);
    } else {
        compare_threads(watched, &result);
    }
    bench_report(&result);
}
