/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long commands keep QEMU's main loop busy: the processor time of its
 * main thread, handler, making of the JSON text and sending included.
 */
#include <stdio.h>

#include "qemu_process.h"
#include "qemus.h"
#include "scene.h"

#define ROUNDS 100

typedef struct BenchCommand {
    const char *command;
    const char *arguments;
} BenchCommand;

/* Processor time of the main thread so far, ns. */
static guint64 main_thread_time(QemuProcess *process)
{
    g_autofree char *path =
        g_strdup_printf("/proc/%s/task/%s/schedstat", qemu_process_id(process),
                        qemu_process_id(process));
    g_autofree char *text = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return g_ascii_strtoull(text, NULL, 10);
}

static void bench_command(QemuProcess *process, const BenchCommand *bench)
{
    guint64 busy = main_thread_time(process);
    gint64 start = g_get_monotonic_time();

    for (int i = 0; i < ROUNDS; i++) {
        g_autoptr(JsonNode) reply =
            qemu_process_qmp(process, bench->command, bench->arguments);
    }
    g_test_message("%-24s %6.3f ms of the main loop, %6.3f ms until answered",
                   bench->command,
                   (main_thread_time(process) - busy) / 1e6 / ROUNDS,
                   (g_get_monotonic_time() - start) / 1e3 / ROUNDS);
}

static void bench_commands(const char *qemu)
{
    static const char text[] = "place first=0x4000000\n"
                               "session heartbeat=7 interval=10ms\n"
                               "geometry roundrobin=2000\n"
                               "processes first=1 count=500 sections=20\n"
                               "camera 1 pid=1 nonce=1\n";
    static const BenchCommand commands[] = {
        { "query-version", NULL }, /* what any command costs */
        { "query-haywire", NULL },
        { "query-haywire-processes", NULL },
        { "query-haywire-processes", "{'pid':250}" },
        { "query-haywire-sections", "{'pid':250}" },
        { "query-haywire-stats", NULL },
    };
    Scene scene;

    scene_start(&scene, qemu, "-m 256", text);
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
        bench_command(scene.process, &commands[i]);
    }
    scene_end(&scene);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qemus_add_test("bench/commands", bench_commands);
    return g_test_run();
}
