/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the benchmarks share: see bench.h.
 */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "haywire/clock.h"

static gboolean as_json, smoke, failed;

gboolean bench_is_smoke(void)
{
    return smoke;
}

static void print_text(const BenchResult *result, double ratio, gboolean pass)
{
    printf("%s %.4g %s limit=%.4g ratio=%.3f bound=%g %s\n", result->name,
           result->value, result->unit, result->limit, ratio, result->bound,
           pass ? "pass" : "fail");
}

static void print_json(const BenchResult *result, double ratio, gboolean pass)
{
    printf("{\"name\": \"%s\", \"value\": %.6g, \"unit\": \"%s\", "
           "\"limit\": %.6g, \"ratio\": %.4g, \"bound\": %g, "
           "\"pass\": %s}\n",
           result->name, result->value, result->unit, result->limit, ratio,
           result->bound, pass ? "true" : "false");
}

void bench_report(const BenchResult *result)
{
    /* A limit of nothing at all is kept by nothing at all. */
    double ratio = result->limit > 0    ? result->value / result->limit
                   : result->value == 0 ? 0
                                        : result->bound + 1;
    gboolean pass = ratio <= result->bound;

    (as_json ? print_json : print_text)(result, ratio, pass);
    fflush(stdout);
    failed |= !pass;
}

guint64 bench_wall_ns(void)
{
    return haywire_clock_ns(CLOCK_MONOTONIC);
}

guint64 bench_cpu_ns(void)
{
    return haywire_clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

static int compare_values(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;

    return a < b ? -1 : a > b;
}

double bench_median(double *values, gsize count)
{
    qsort(values, count, sizeof(*values), compare_values);
    return count % 2 ? values[count / 2]
                     : (values[count / 2 - 1] + values[count / 2]) / 2;
}

void bench_compare(guint rounds, BenchWork *work, BenchWork *limit,
                   gpointer opaque, double *ret_value, double *ret_limit)
{
    g_autofree double *values = g_new(double, rounds);
    g_autofree double *limits = g_new(double, rounds);

    for (guint i = 0; i < rounds; i++) {
        limits[i] = limit(opaque);
        values[i] = work(opaque);
    }
    *ret_value = bench_median(values, rounds);
    *ret_limit = bench_median(limits, rounds);
}

guint64 bench_file_allocated(int fd)
{
    struct stat found;

    g_assert_cmpint(fstat(fd, &found), ==, 0);
    return (guint64)found.st_blocks * 512;
}

int bench_ram_file(guint64 size)
{
    int fd = memfd_create("haywire-bench", MFD_CLOEXEC);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(ftruncate(fd, (off_t)size), ==, 0);
    return fd;
}

static gboolean is_thread(const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder, "comm", NULL);
    g_autofree char *text = NULL;

    return g_file_get_contents(path, &text, NULL, NULL) &&
           strcmp(g_strchomp(text), name) == 0;
}

guint64 bench_thread_ns(const char *pid, const char *name)
{
    g_autofree char *tasks = g_strdup_printf("/proc/%s/task", pid);
    g_autoptr(GDir) dir = g_dir_open(tasks, 0, NULL);
    const char *task;

    g_assert_nonnull(dir);
    while ((task = g_dir_read_name(dir)) != NULL) {
        g_autofree char *folder = g_build_filename(tasks, task, NULL);
        g_autofree char *path = g_build_filename(folder, "schedstat", NULL);
        g_autofree char *text = NULL;

        if (is_thread(folder, name) &&
            g_file_get_contents(path, &text, NULL, NULL)) {
            return g_ascii_strtoull(text, NULL, 10);
        }
    }
    g_error("process %s has no thread '%s'", pid, name);
}

static gboolean is_wanted(const Bench *bench, char **names)
{
    gboolean all = TRUE;

    for (char **name = names; *name; name++) {
        if (strcmp(*name, bench->name) == 0) {
            return TRUE;
        }
        all = FALSE;
    }
    return all;
}

int bench_main(int argc, char **argv, const Bench *bench, gsize count)
{
    g_auto(GStrv) names = NULL;
    GOptionEntry entries[] = {
        { "json", 0, 0, G_OPTION_ARG_NONE, &as_json, "Print JSON", NULL },
        { "smoke", 0, 0, G_OPTION_ARG_NONE, &smoke, "No bounds, short", NULL },
        { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &names, NULL,
          "[NAME...]" },
        { NULL },
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;
    char *nothing = NULL;

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        fprintf(stderr, "%s\n", error->message);
        return 2;
    }
    for (gsize i = 0; i < count; i++) {
        if (is_wanted(&bench[i], names ? names : &nothing)) {
            bench[i].run();
        }
    }
    return failed && !smoke ? 1 : 0;
}
