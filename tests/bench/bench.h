/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the benchmarks share: a table of measurements, a limit beside each, and
 * one line of output for each result.
 *
 * A value and its limit are taken in turn, several times, and their medians
 * are compared: load on the machine then meets both. Work that only computes
 * is timed by the thread's processor time, which other programs do not add to.
 */
#ifndef HAYWIRE_BENCH_H
#define HAYWIRE_BENCH_H

#include <glib.h>

#define BENCH_NS_PER_MS 1e6
#define BENCH_NS_PER_S  1e9

typedef struct BenchResult {
    const char *name;
    double value;
    const char *unit;
    double limit; /* in the same unit, measured in the same run */
    double bound; /* what value / limit may be at most */
} BenchResult;

/* One measurement; it reports its results itself, mostly one of its name. */
typedef struct Bench {
    const char *name;
    void (*run)(void);
} Bench;

/*
 * The program: [--json] [--smoke] [NAME...]. Runs those of @bench that are
 * named, or all. Returns the exit status: 0 when every result is within its
 * bound, or with --smoke; 1 when one is not; 2 for wrong usage.
 */
int bench_main(int argc, char **argv, const Bench *bench, gsize count);

/* Small and short: only to see that it works. */
gboolean bench_is_smoke(void);

void bench_report(const BenchResult *result);

/* ns: CLOCK_MONOTONIC, and the processor time of this thread. */
guint64 bench_wall_ns(void);
guint64 bench_cpu_ns(void);

/* Of @count values, which are sorted by it. */
double bench_median(double *values, gsize count);

/* A piece of work; returns what it cost. */
typedef double BenchWork(gpointer opaque);

/*
 * Do both in turn, @rounds times, and return the medians.
 */
void bench_compare(guint rounds, BenchWork *work, BenchWork *limit,
                   gpointer opaque, double *ret_value, double *ret_limit);

/* Of the memory that a file holds on the host, bytes. */
guint64 bench_file_allocated(int fd);

/* A new unlinked file in memory, sparse, of @size bytes. */
int bench_ram_file(guint64 size);

/* The processor time of thread @name of process @pid so far, ns. */
guint64 bench_thread_ns(const char *pid, const char *name);

#endif
