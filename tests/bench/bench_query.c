/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What answering costs QEMU's main loop. No guest software runs: the beacon
 * pages are written over the qtest protocol.
 */
#include "bench.h"
#include "scene.h"

#define DEFAULT_QEMU "qemu-system-x86_64"
#define QUERIES      (bench_is_smoke() ? 3 : 50)
#define ROUNDS       5

static const char *qemu(void)
{
    const char *chosen = g_getenv("HAYWIRE_BENCH_QEMU");

    return chosen ? chosen : DEFAULT_QEMU;
}

static void scene_with_processes(Scene *scene, guint count)
{
    g_autofree char *text =
        g_strdup_printf("place first=0x4000000\n"
                        "session heartbeat=7 interval=10ms\n"
                        "geometry roundrobin=2000\n"
                        "processes first=1 count=%u sections=20\n",
                        count);

    scene_start(scene, qemu(), "-m 256", text);
}

/* Processor time of the main thread so far, ns. */
static guint64 main_loop_ns(const Scene *scene)
{
    g_autofree char *path =
        g_strdup_printf("/proc/%s/schedstat", qemu_process_id(scene->process));
    g_autofree char *text = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return g_ascii_strtoull(text, NULL, 10);
}

/* What one command costs the main loop, its JSON text included; ms. */
static double command_cost(Scene *scene, const char *command)
{
    guint64 busy = main_loop_ns(scene);

    for (int i = 0; i < QUERIES; i++) {
        json_node_unref(qemu_process_qmp(scene->process, command, NULL));
    }
    return (main_loop_ns(scene) - busy) / BENCH_NS_PER_MS / QUERIES;
}

static void bench_query_500(void)
{
    BenchResult result = { "query-500", .unit = "ms", .limit = 5, .bound = 1 };
    double cost[ROUNDS];
    Scene scene;

    scene_with_processes(&scene, 500);
    for (int i = 0; i < ROUNDS; i++) {
        cost[i] = command_cost(&scene, "query-haywire-processes");
    }
    result.value = bench_median(cost, ROUNDS);
    bench_report(&result);
    scene_end(&scene);
}

int main(int argc, char **argv)
{
    static const Bench benches[] = {
        { "query-500", bench_query_500 },
    };

    return bench_main(argc, argv, benches, G_N_ELEMENTS(benches));
}
