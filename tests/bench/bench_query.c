/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What answering costs QEMU's main loop. No guest software runs: the beacon
 * pages are written over the qtest protocol.
 */
#include "bench.h"
#include "large.h"
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
    g_autofree char *arguments =
        g_strdup_printf("-m 256 -plugin %s", g_getenv("HAYWIRE_BENCH_PLUGIN"));
    g_autofree char *text =
        g_strdup_printf("place first=0x4000000\n"
                        "session heartbeat=7 interval=10ms\n"
                        "geometry roundrobin=2000\n"
                        "processes first=1 count=%u sections=20\n",
                        count);

    scene_start(scene, qemu(), arguments, text);
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

static double query_cost(gpointer scene)
{
    return command_cost(scene, "query-haywire-processes");
}

/* The same reply, whose making costs as little as it can. */
static double table_cost(gpointer scene)
{
    return command_cost(scene, "x-bench-table");
}

static void bench_query_500(void)
{
    BenchResult result = { "query-500", .unit = "ms", .bound = 1.3 };
    Scene scene;

    scene_with_processes(&scene, 500);
    bench_compare(ROUNDS, query_cost, table_cost, &scene, &result.value,
                  &result.limit);
    bench_report(&result);
    scene_end(&scene);
}

/* The median of several. */
static double text_cost(Scene *scene)
{
    double cost[ROUNDS];

    for (guint i = 0; i < ROUNDS; i++) {
        cost[i] = table_cost(scene);
    }
    return bench_median(cost, ROUNDS);
}

/* Column @column of x-bench-handler's answer, its median in ms. */
static double handler_cost(JsonArray *pairs, guint column)
{
    guint count = json_array_get_length(pairs);
    g_autofree double *cost = g_new(double, count);

    for (guint i = 0; i < count; i++) {
        JsonArray *pair = json_array_get_array_element(pairs, i);

        cost[i] = json_array_get_int_element(pair, column) / BENCH_NS_PER_MS;
    }
    return bench_median(cost, count);
}

static void bench_query_1000(void)
{
    BenchResult result = { "query-1000", .unit = "ms", .bound = 1.3 };
    BenchResult time = { "query-1000-time", .unit = "ms", .bound = 0.5 };
    g_autoptr(JsonNode) reply = NULL;
    JsonArray *pairs;
    Scene scene;

    scene_with_processes(&scene, 1000);
    reply = qemu_process_qmp(scene.process, "x-bench-handler", NULL);
    pairs = json_node_get_array(reply);
    result.value = handler_cost(pairs, 0);
    result.limit = handler_cost(pairs, 1);
    bench_report(&result);
    time.value = result.value;
    time.limit = text_cost(&scene);
    bench_report(&time);
    scene_end(&scene);
}

typedef struct Question {
    const char *command;
    const char *arguments; /* NULL: a line of the monitor */
} Question;

/* What one answer costs the main loop, its text included; ms. */
static double question_cost(Scene *scene, const Question *question)
{
    guint64 busy = main_loop_ns(scene);

    if (question->arguments) {
        json_node_unref(qemu_process_qmp(scene->process, question->command,
                                         question->arguments));
    } else {
        g_free(qemu_process_hmp(scene->process, question->command));
    }
    return (main_loop_ns(scene) - busy) / BENCH_NS_PER_MS;
}

/* The median of one question; the yardstick and it are asked in turn. */
static void compare_question(Scene *scene, Scene *yardstick,
                             const Question *question, BenchResult *result)
{
    static const Question list = { "query-haywire-processes", "{}" };
    const guint rounds = bench_is_smoke() ? 1 : 2 * ROUNDS;
    double value[2 * ROUNDS], limit[2 * ROUNDS];
    double ratio;

    for (guint i = 0; i < rounds; i++) {
        value[i] = question_cost(scene, question);
        limit[i] = question_cost(yardstick, &list);
    }
    ratio = bench_median(value, rounds) / bench_median(limit, rounds);
    g_debug("%s: %.2f", question->command, ratio);
    if (result->limit == 0 || ratio > result->value / result->limit) {
        result->value = bench_median(value, rounds);
        result->limit = bench_median(limit, rounds);
    }
}

/*
 * How long an answer holds the big lock, whatever the guest publishes: the
 * question that costs most, against the list of 1,000 processes.
 */
static void bench_query_largest(void)
{
    static const Question asked[] = {
        { "query-haywire-processes", "{}" },
        { "query-haywire-processes", "{'members':['pid','name','time']}" },
        { "query-haywire-sections", "{'pid':7}" },
        { "query-haywire-sections", "{'pid':8}" },
        { "query-haywire-ptes", "{'pid':9}" },
        { "info haywire", NULL },
        { "info haywire sections 7", NULL },
        { "info haywire sections 8", NULL },
        { "info haywire ptes 9", NULL },
    };
    BenchResult result = { "query-largest", .unit = "ms", .bound = 2 };
    g_autofree char *ordinary = large_yardstick();
    g_autofree char *large = large_text(LARGE_ALL);
    Scene yardstick, scene;

    scene_start(&yardstick, qemu(), "-m 256", ordinary);
    scene_start_with(&scene, qemu(), LARGE_OPTIONS, "-m 256", large);
    for (gsize i = 0; i < G_N_ELEMENTS(asked); i++) {
        compare_question(&scene, &yardstick, &asked[i], &result);
    }
    bench_report(&result);
    scene_end(&scene);
    scene_end(&yardstick);
}

int main(int argc, char **argv)
{
    static const Bench benches[] = {
        { "query-500", bench_query_500 },
        { "query-1000", bench_query_1000 },
        { "query-largest", bench_query_largest },
    };

    return bench_main(argc, argv, benches, G_N_ELEMENTS(benches));
}
