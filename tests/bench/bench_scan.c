/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * How fast memory is searched, beside how fast it can be touched at all.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"
#include "haywire/beacon_protocol.h"
#include "haywire/pagemap_scan.h"
#include "haywire/scan.h"
#include "mapped_source.h"

#define MIB           (UINT64_C(1) << 20)
#define GIB           (UINT64_C(1) << 30)
#define LIMIT_AHEAD   32
#define RUN_MIN       (64 * UINT64_C(1024))
#define RUN_DOUBLINGS 9 /* 64 KiB to 16 MiB */
#define RUNS_MAX      65536
#define ROUNDS        9

typedef struct Run {
    guint64 start;
    guint64 length;
} Run;

/* A RAM file with something written in it. */
typedef struct Ram {
    int fd;
    guint64 size;
    guint8 *host; /* mapped as QEMU maps it: what is written is mapped */
    Run *run;
    gsize runs;
    HaywireMemory *source; /* of the mapping; NULL: made cold each time */
} Ram;

/* What the touch loops read goes here, lest they be left out. */
static volatile guint32 sink;

static guint64 scaled(guint64 size)
{
    return bench_is_smoke() ? size / 64 : size;
}

static void ram_open(Ram *ram, guint64 size)
{
    *ram = (Ram){ .fd = bench_ram_file(size), .size = size };
    ram->host = mmap(NULL, size, PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_NORESERVE, ram->fd, 0);
    g_assert_true(ram->host != MAP_FAILED);
    ram->run = g_new(Run, RUNS_MAX);
}

static void ram_close(Ram *ram)
{
    haywire_memory_destroy(ram->source);
    g_free(ram->run);
    munmap(ram->host, ram->size);
    close(ram->fd);
}

/* Guest memory in use: of no page the first word is zero. */
static void ram_write(Ram *ram, guint64 start, guint64 length)
{
    g_assert_cmpuint(ram->runs, <, RUNS_MAX);
    ram->run[ram->runs++] = (Run){ start, length };
    memset(ram->host + start, 0x5a, length);
}

/* Runs of all sizes up to @total bytes, spread over the whole file. */
static void ram_scatter(Ram *ram, guint64 total)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(1);
    guint64 written = 0, at = 0;

    while (written < total) {
        guint64 length = RUN_MIN << g_rand_int_range(random, 0, RUN_DOUBLINGS);
        /* As much space behind a run as its share of the file is. */
        guint64 stride = length * (ram->size / total);

        length = MIN(length, total - written);
        if (at + stride > ram->size) {
            break;
        }
        ram_write(ram, at + (stride - length) / 2 / RUN_MIN * RUN_MIN, length);
        written += length;
        at += stride;
    }
}

static void touch_run(const guint8 *host, const Run *run)
{
    guint32 sum = 0;

    for (guint64 at = 0; at < run->length; at += HAYWIRE_PAGE_SIZE) {
        const guint8 *page = host + run->start + at;

        __builtin_prefetch(page + LIMIT_AHEAD * HAYWIRE_PAGE_SIZE);
        sum += *(const volatile guint32 *)page;
    }
    sink = sum;
}

static double touch_all(gpointer opaque)
{
    const Ram *ram = opaque;
    guint64 start = bench_cpu_ns();

    for (gsize i = 0; i < ram->runs; i++) {
        touch_run(ram->host, &ram->run[i]);
    }
    return (bench_cpu_ns() - start) / BENCH_NS_PER_MS;
}

static bool ignore_candidate(void *opaque, HaywirePosition position,
                             HaywireStatus status, const HaywirePage *copy,
                             const HaywirePageInfo *info)
{
    (void)opaque;
    (void)position;
    (void)status;
    (void)copy;
    (void)info;
    return true;
}

static guint64 run_pages(const Ram *ram)
{
    guint64 pages = 0;

    for (gsize i = 0; i < ram->runs; i++) {
        pages += ram->run[i].length / HAYWIRE_PAGE_SIZE;
    }
    return pages;
}

static double scan_source(const Ram *ram, HaywireMemory *source)
{
    HaywireScanStats stats;
    guint64 start = bench_cpu_ns();
    HaywireStatus status =
        haywire_scan(source, ignore_candidate, NULL, NULL, &stats);
    double cost = (bench_cpu_ns() - start) / BENCH_NS_PER_MS;

    g_assert_cmpint(status, ==, HAYWIRE_OK);
    g_assert_cmpuint(stats.resident_pages, ==, run_pages(ram));
    return cost;
}

static double scan_mapped(gpointer opaque)
{
    Ram *ram = opaque;

    return scan_source(ram, ram->source);
}

static void bench_scan_warm(void)
{
    BenchResult result = { "scan-warm", .unit = "ms", .bound = 1.25 };
    guint64 size = scaled(4 * GIB);
    Ram ram;

    ram_open(&ram, size);
    ram_write(&ram, 0, size);
    ram.source = mapped_source_new(ram.host, size, ram.fd);
    bench_compare(ROUNDS, scan_mapped, touch_all, &ram, &result.value,
                  &result.limit);
    bench_report(&result);
    ram_close(&ram);
}

/*
 * One PAGEMAP_SCAN of the whole mapping, in as few calls as its results need.
 * Without it (before Linux 6.7) nothing is added to the limit.
 */
static void walk_page_table(const Ram *ram)
{
    g_autofree HaywirePagemapRegion *regions =
        g_new(HaywirePagemapRegion, RUNS_MAX);
    int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    HaywirePagemapScan scan = {
        .start = (guintptr)ram->host,
        .end = (guintptr)ram->host + ram->size,
        .vec = (guintptr)regions,
        .vec_len = RUNS_MAX,
        .category_anyof_mask = HAYWIRE_PAGEMAP_PRESENT,
        .return_mask = HAYWIRE_PAGEMAP_PRESENT,
    };

    while (scan.start < scan.end && haywire_pagemap_scan(pagemap, &scan) >= 0) {
        scan.start = scan.walk_end;
    }
    close(pagemap);
}

static double walk_and_touch(gpointer opaque)
{
    guint64 start = bench_cpu_ns();

    walk_page_table(opaque);
    return (bench_cpu_ns() - start) / BENCH_NS_PER_MS + touch_all(opaque);
}

static void report_growth(const char *name, const Ram *ram, guint64 before)
{
    BenchResult result = {
        .name = name,
        .value = bench_file_allocated(ram->fd) - before,
        .unit = "bytes",
        .limit = 0,
        .bound = 1,
    };

    bench_report(&result);
}

static void bench_sparse(const char *name, const char *growth, guint64 size,
                         guint64 written)
{
    BenchResult result = { name, .unit = "ms", .bound = 1.5 };
    guint64 before;
    Ram ram;

    ram_open(&ram, scaled(size));
    ram_scatter(&ram, scaled(written));
    ram.source = mapped_source_new(ram.host, ram.size, ram.fd);
    before = bench_file_allocated(ram.fd);
    bench_compare(ROUNDS, scan_mapped, walk_and_touch, &ram, &result.value,
                  &result.limit);
    bench_report(&result);
    report_growth(growth, &ram, before);
    ram_close(&ram);
}

static void bench_scan_sparse(void)
{
    bench_sparse("scan-sparse", "scan-sparse-growth", 64 * GIB, GIB);
}

static void bench_scan_sparse_16g(void)
{
    bench_sparse("scan-sparse-16g", "scan-sparse-16g-growth", 16 * GIB, GIB);
}

/* Cold: a mapping that nothing was read through, as the host tool's is. */
static double scan_cold_file(gpointer opaque)
{
    Ram *ram = opaque;
    HaywireMemory *source;
    HaywireStatus status = haywire_memory_file_open(ram->fd, NULL, &source);
    guint64 start = bench_cpu_ns();

    g_assert_cmpint(status, ==, HAYWIRE_OK);
    scan_source(ram, source);
    haywire_memory_destroy(source);
    return (bench_cpu_ns() - start) / BENCH_NS_PER_MS;
}

static double populate_and_touch(gpointer opaque)
{
    const Ram *ram = opaque;
    guint8 *host = mmap(NULL, ram->size, PROT_READ, MAP_SHARED | MAP_NORESERVE,
                        ram->fd, 0);
    guint64 start = bench_cpu_ns();

    g_assert_true(host != MAP_FAILED);
    for (gsize i = 0; i < ram->runs; i++) {
        const Run *run = &ram->run[i];

        madvise(host + run->start, run->length, MADV_POPULATE_READ);
        touch_run(host, run);
    }
    munmap(host, ram->size);
    return (bench_cpu_ns() - start) / BENCH_NS_PER_MS;
}

static void bench_scan_file(void)
{
    BenchResult result = { "scan-file", .unit = "ms", .bound = 1.25 };
    guint64 before;
    Ram ram;

    ram_open(&ram, scaled(16 * GIB));
    ram_scatter(&ram, scaled(4 * GIB));
    before = bench_file_allocated(ram.fd);
    bench_compare(ROUNDS, scan_cold_file, populate_and_touch, &ram,
                  &result.value, &result.limit);
    bench_report(&result);
    report_growth("scan-file-growth", &ram, before);
    ram_close(&ram);
}

int main(int argc, char **argv)
{
    static const Bench benches[] = {
        { "scan-warm", bench_scan_warm },
        { "scan-sparse", bench_scan_sparse },
        { "scan-sparse-16g", bench_scan_sparse_16g },
        { "scan-file", bench_scan_file },
    };

    return bench_main(argc, argv, benches, G_N_ELEMENTS(benches));
}
