/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How fast memory is searched, beside how fast it can be touched at all.
 */
#include "bench.h"
#include "haywire/scan.h"
#include "mapped_source.h"
#include "ram.h"

#define GIB           (UINT64_C(1) << 30)
#define RUN_MIN       (64 * UINT64_C(1024))
#define RUN_DOUBLINGS 9 /* 64 KiB to 16 MiB */
#define ROUNDS        9

typedef struct Search {
    BenchRam ram;
    HaywireMemory *source; /* of the mapping; NULL: made anew each time */
} Search;

static guint64 scaled(guint64 size)
{
    return bench_is_smoke() ? size / 64 : size;
}

/* Runs of all sizes up to @total bytes, spread over the whole file. */
static void scatter(BenchRam *ram, guint64 total)
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
        bench_ram_write(ram, at + (stride - length) / 2 / RUN_MIN * RUN_MIN,
                        length);
        written += length;
        at += stride;
    }
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

static double scan_source(const BenchRam *ram, HaywireMemory *source)
{
    HaywireScanStats stats;
    guint64 start = bench_cpu_ns();
    HaywireStatus status =
        haywire_scan(source, ignore_candidate, NULL, NULL, &stats);
    double cost = (bench_cpu_ns() - start) / BENCH_NS_PER_MS;

    g_assert_cmpint(status, ==, HAYWIRE_OK);
    g_assert_cmpuint(stats.resident_pages, ==, bench_ram_pages(ram));
    return cost;
}

static double scan_mapped(gpointer opaque)
{
    const Search *search = opaque;

    return scan_source(&search->ram, search->source);
}

/* Cold: a mapping that nothing was read through, as the host tool's is. */
static double scan_cold_file(gpointer opaque)
{
    const Search *search = opaque;
    HaywireMemory *source;
    HaywireStatus status =
        haywire_memory_file_open(search->ram.fd, NULL, &source);
    guint64 start = bench_cpu_ns();

    g_assert_cmpint(status, ==, HAYWIRE_OK);
    scan_source(&search->ram, source);
    haywire_memory_destroy(source);
    return (bench_cpu_ns() - start) / BENCH_NS_PER_MS;
}

static double touch(gpointer opaque)
{
    return bench_ram_touch(&((const Search *)opaque)->ram);
}

static double walk(gpointer opaque)
{
    return bench_ram_walk(&((const Search *)opaque)->ram);
}

static double map(gpointer opaque)
{
    return bench_ram_map(&((const Search *)opaque)->ram);
}

/* The scan of @search, and whether the file grew by it. */
static void compare(const char *name, double bound, Search *search,
                    BenchWork *work, BenchWork *limit)
{
    guint64 before = bench_file_allocated(search->ram.fd);
    g_autofree char *growth = g_strconcat(name, "-growth", NULL);
    BenchResult result = { name, .unit = "ms", .bound = bound };
    BenchResult grown = { growth, .unit = "bytes", .bound = 1 };

    bench_compare(ROUNDS, work, limit, search, &result.value, &result.limit);
    bench_report(&result);
    grown.value = bench_file_allocated(search->ram.fd) - before;
    bench_report(&grown);
    haywire_memory_destroy(search->source);
    bench_ram_close(&search->ram);
}

static void set_source(Search *search)
{
    search->source =
        mapped_source_new(search->ram.host, search->ram.size, search->ram.fd);
}

static void bench_scan_warm(void)
{
    guint64 size = scaled(4 * GIB);
    Search search = { 0 };

    bench_ram_new(&search.ram, size);
    bench_ram_write(&search.ram, 0, size);
    set_source(&search);
    compare("scan-warm", 1.25, &search, scan_mapped, touch);
}

static void bench_sparse(const char *name, guint64 size)
{
    Search search = { 0 };

    bench_ram_new(&search.ram, scaled(size));
    scatter(&search.ram, scaled(GIB));
    set_source(&search);
    compare(name, 1.5, &search, scan_mapped, walk);
}

static void bench_scan_sparse(void)
{
    bench_sparse("scan-sparse", 64 * GIB);
}

static void bench_scan_sparse_16g(void)
{
    bench_sparse("scan-sparse-16g", 16 * GIB);
}

static void bench_scan_file(void)
{
    Search search = { 0 };

    bench_ram_new(&search.ram, scaled(16 * GIB));
    scatter(&search.ram, scaled(4 * GIB));
    compare("scan-file", 1.25, &search, scan_cold_file, map);
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
