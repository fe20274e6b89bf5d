/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The doorbell: what it costs the guest, and what it brings.
 */
#include <string.h>

#include "bench.h"
#include "guest_work.h"

#define POLL_US    2000
#define TIMEOUT_NS G_GUINT64_CONSTANT(30000000000)
#define WORK_RUNS  15
#define BOOT_RUNS  5
#define ATTACHES   9
#define STALE_US   (1500 * G_TIME_SPAN_MILLISECOND)

/*
 * Two machines that differ in the doorbell only: where kernel and programs lie
 * is not left to chance, as that alone makes a difference of some percent.
 */
typedef struct Pair {
    Vm *on;
    Vm *off;
} Pair;

static Pair pair;

static Vm *start(const char *plugin)
{
    return vm_start(&(VmOptions){ .qemu = g_getenv("HAYWIRE_BENCH_QEMU"),
                                  .plugin = plugin,
                                  .memory = "512M",
                                  .kernel = "nokaslr norandmaps",
                                  .may_reset = TRUE,
                                  .menagerie = "none",
                                  .companion = "none" });
}

static void start_pair(void)
{
    if (!pair.on) {
        pair.on = start(",doorbell=on");
        pair.off = start(",doorbell=off");
    }
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
 * In turn, once to warm up and then @runs times. A guest on a busy host takes
 * longer and so hears more of its timer: what disturbs only adds, and the least
 * is compared.
 */
static void compare(BenchResult *result, GuestWork *work, guint runs)
{
    g_autofree double *on = g_new(double, runs);
    g_autofree double *off = g_new(double, runs);

    start_pair();
    if (!bench_is_smoke()) {
        work(pair.on);
        work(pair.off);
    }
    for (guint i = 0; i < runs; i++) {
        off[i] = guest_work_instructions(pair.off, work);
        on[i] = guest_work_instructions(pair.on, work);
    }
    result->unit = guest_work_unit();
    result->value = least(on, runs);
    result->limit = least(off, runs);
    bench_report(result);
}

static void bench_cost(void)
{
    BenchResult result = { "doorbell-cost", .bound = 1.05 };

    compare(&result, guest_work_fork_few, bench_is_smoke() ? 1 : WORK_RUNS);
}

static void bench_boot(void)
{
    BenchResult result = { "doorbell-boot", .bound = 1.05 };

    compare(&result, guest_work_boot, bench_is_smoke() ? 1 : BOOT_RUNS);
}

static gboolean is_live(Vm *vm, gint64 companion)
{
    g_autoptr(JsonNode) reply = vm_qmp(vm, "query-haywire", NULL);
    JsonObject *object = json_node_get_object(reply);

    return g_strcmp0(json_object_get_string_member(object, "state"), "live") ==
               0 &&
           json_object_get_int_member_with_default(object, "companion-pid",
                                                   0) == companion;
}

/* ms from telling the guest to start its companion until that is live. */
static double attach(Vm *vm)
{
    guint64 begin = bench_wall_ns();
    g_autofree char *text = vm_guest_run(
        vm,
        "(setsid haywire-companion run </dev/null >/dev/null 2>&1 & "
        "echo $!)",
        NULL);
    gint64 companion = (gint64)g_ascii_strtoull(text, NULL, 10);
    double cost;

    while (!is_live(vm, companion)) {
        g_assert_cmpuint(bench_wall_ns() - begin, <, TIMEOUT_NS);
        g_usleep(POLL_US);
    }
    cost = (bench_wall_ns() - begin) / BENCH_NS_PER_MS;
    g_free(vm_guest_run(vm, "killall -9 haywire-companion", NULL));
    return cost;
}

/* In guests that have had none for a while, as polling then comes to rest. */
static void bench_attach(void)
{
    BenchResult result = { "doorbell-attach", .unit = "ms", .bound = 0.2 };
    guint runs = bench_is_smoke() ? 1 : ATTACHES;
    g_autofree double *on = g_new(double, runs);
    g_autofree double *off = g_new(double, runs);

    start_pair();
    for (guint i = 0; i < runs; i++) {
        g_usleep(STALE_US +
                 (bench_is_smoke() ? 0 : g_random_int_range(3000000, 8000000)));
        off[i] = attach(pair.off);
        on[i] = attach(pair.on);
    }
    result.value = bench_median(on, runs);
    result.limit = bench_median(off, runs);
    bench_report(&result);
}

int main(int argc, char **argv)
{
    static const Bench benches[] = {
        { "doorbell-cost", bench_cost },
        { "doorbell-boot", bench_boot },
        { "doorbell-attach", bench_attach },
    };

    int status = bench_main(argc, argv, benches, G_N_ELEMENTS(benches));

    vm_free(pair.on);
    vm_free(pair.off);
    return status;
}
