/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host tool, from its start to its end, on the RAM file of a guest.
 */
#include <sys/wait.h>
#include <unistd.h>

#include "bench_guest.h"
#include "pages.h"

/* What ran, and when; ms since it was started. */
typedef struct Listing {
    double listed; /* the last wanted line came */
    double ended;
} Listing;

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

static double ms_since(guint64 start)
{
    return (bench_wall_ns() - start) / BENCH_NS_PER_MS;
}

/* Run the host tool, which prints at least @lines. */
static Listing run_tool(const char *const *words, gsize lines)
{
    g_autoptr(GError) error = NULL;
    guint64 start = bench_wall_ns();
    Listing listing;
    GPid pid;
    int out;

    g_spawn_async_with_pipes(NULL, (char **)words, NULL,
                             G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid, NULL,
                             &out, NULL, &error);
    g_assert_no_error(error);
    g_assert_true(read_lines(out, lines));
    listing.listed = ms_since(start);
    while (read_lines(out, 1)) {
        continue;
    }
    close(out);
    waitpid(pid, NULL, 0);
    listing.ended = ms_since(start);
    return listing;
}

static Listing list(Vm *vm, const char *from, gsize lines)
{
    const char *words[] = { g_getenv("HAYWIRE_TEST_TOOL"),
                            "--ram",
                            vm_ram_path(vm),
                            "--from",
                            from,
                            "ps",
                            NULL };

    return run_tool(words, lines);
}

/*
 * ms of the least that a list needs: the program started for its version, each
 * page of the file touched, each page of the session copied.
 */
static double list_limit(const BenchRam *ram, const BenchPages *pages)
{
    const char *words[] = { g_getenv("HAYWIRE_TEST_TOOL"), "--version", NULL };
    double cost = run_tool(words, 1).ended;
    guint64 start = bench_wall_ns();

    bench_ram_map(ram);
    bench_pages_copy(pages);
    return cost + ms_since(start);
}

static guint count_processes(Vm *vm)
{
    g_autoptr(JsonNode) reply = vm_qmp(vm, "query-haywire-processes", NULL);

    return json_array_get_length(json_node_get_array(reply));
}

static void report(const char *name, double *values, double *limits,
                   guint count)
{
    BenchResult result = { name, .unit = "ms", .bound = 1.5 };

    result.value = bench_median(values, count);
    result.limit = bench_median(limits, count);
    bench_report(&result);
}

/* How soon it has printed, and how soon it has ended. */
static void measure(const char *from, const char *list_name,
                    const char *end_name)
{
    Vm *vm = bench_machine();
    guint count = bench_scaled(15), lines = count_processes(vm);
    BenchPages *pages = bench_pages_new();
    double listed[15], ended[15], limit[15];
    BenchRam ram;

    bench_ram_open(&ram, vm_ram_path(vm));
    bench_pages_find(pages, &ram);
    for (guint i = 0; i < count; i++) {
        Listing listing = list(vm, from, lines);

        listed[i] = listing.listed;
        ended[i] = listing.ended;
        limit[i] = list_limit(&ram, pages);
    }
    report(list_name, listed, limit, count);
    report(end_name, ended, listed, count);
    bench_pages_free(pages);
    bench_ram_close(&ram);
}

void bench_first_list(void)
{
    measure("companion", "first-list", "list-end");
}

void bench_kernel_first(void)
{
    measure("kernel", "kernel-first", "kernel-end");
}
