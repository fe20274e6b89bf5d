/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RAM of a guest, and the least that looking at it costs: see ram.h.
 */
#include "ram.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"
#include "haywire/beacon_protocol.h"
#include "haywire/pagemap_scan.h"

#define LIMIT_AHEAD 32
#define REGIONS_MAX 65536

/* What the touch loops read goes here, so that the compiler keeps them. */
static volatile guint32 sink;

static void map(BenchRam *ram, int protection)
{
    ram->runs = g_array_new(FALSE, FALSE, sizeof(BenchRun));
    ram->host = mmap(NULL, ram->size, protection, MAP_SHARED | MAP_NORESERVE,
                     ram->fd, 0);
    g_assert_true(ram->host != MAP_FAILED);
}

void bench_ram_new(BenchRam *ram, guint64 size)
{
    *ram = (BenchRam){ .fd = bench_ram_file(size), .size = size };
    map(ram, PROT_READ | PROT_WRITE);
}

void bench_ram_write(BenchRam *ram, guint64 start, guint64 length)
{
    BenchRun run = { start, length };

    g_array_append_val(ram->runs, run);
    memset(ram->host + start, 0x5a, length);
}

static void find_runs(BenchRam *ram)
{
    off_t at = 0;

    while ((at = lseek(ram->fd, at, SEEK_DATA)) >= 0) {
        off_t end = lseek(ram->fd, at, SEEK_HOLE);
        BenchRun run = { (guint64)at, (guint64)(end - at) };

        g_assert_cmpint(end, >, at);
        g_array_append_val(ram->runs, run);
        at = end;
    }
}

void bench_ram_open(BenchRam *ram, const char *path)
{
    struct stat found;

    *ram = (BenchRam){ .fd = open(path, O_RDONLY | O_CLOEXEC) };
    g_assert_cmpint(ram->fd, >=, 0);
    g_assert_cmpint(fstat(ram->fd, &found), ==, 0);
    ram->size = (guint64)found.st_size;
    map(ram, PROT_READ);
    find_runs(ram);
}

void bench_ram_close(BenchRam *ram)
{
    g_array_unref(ram->runs);
    munmap(ram->host, ram->size);
    close(ram->fd);
}

guint64 bench_ram_pages(const BenchRam *ram)
{
    guint64 pages = 0;

    for (guint i = 0; i < ram->runs->len; i++) {
        pages += g_array_index(ram->runs, BenchRun, i).length;
    }
    return pages / HAYWIRE_PAGE_SIZE;
}

static void touch_run(const guint8 *host, const BenchRun *run)
{
    guint32 sum = 0;

    for (guint64 at = 0; at < run->length; at += HAYWIRE_PAGE_SIZE) {
        const guint8 *page = host + run->start + at;

        __builtin_prefetch(page + LIMIT_AHEAD * HAYWIRE_PAGE_SIZE);
        sum += *(const volatile guint32 *)page;
    }
    sink = sum;
}

double bench_ram_touch(const BenchRam *ram)
{
    guint64 start = bench_cpu_ns();

    for (guint i = 0; i < ram->runs->len; i++) {
        touch_run(ram->host, &g_array_index(ram->runs, BenchRun, i));
    }
    return (bench_cpu_ns() - start) / BENCH_NS_PER_MS;
}

/* In as few calls as its results need. */
static void walk_page_table(const BenchRam *ram)
{
    g_autofree HaywirePagemapRegion *regions =
        g_new(HaywirePagemapRegion, REGIONS_MAX);
    int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    HaywirePagemapScan scan = {
        .start = (guintptr)ram->host,
        .end = (guintptr)ram->host + ram->size,
        .vec = (guintptr)regions,
        .vec_len = REGIONS_MAX,
        .category_anyof_mask = HAYWIRE_PAGEMAP_PRESENT,
        .return_mask = HAYWIRE_PAGEMAP_PRESENT,
    };

    while (scan.start < scan.end && haywire_pagemap_scan(pagemap, &scan) >= 0) {
        scan.start = scan.walk_end;
    }
    close(pagemap);
}

double bench_ram_walk(const BenchRam *ram)
{
    guint64 start = bench_cpu_ns();

    walk_page_table(ram);
    return (bench_cpu_ns() - start) / BENCH_NS_PER_MS + bench_ram_touch(ram);
}

double bench_ram_map(const BenchRam *ram)
{
    guint8 *host = mmap(NULL, ram->size, PROT_READ, MAP_SHARED | MAP_NORESERVE,
                        ram->fd, 0);
    guint64 start = bench_cpu_ns();

    g_assert_true(host != MAP_FAILED);
    for (guint i = 0; i < ram->runs->len; i++) {
        const BenchRun *run = &g_array_index(ram->runs, BenchRun, i);

        madvise(host + run->start, run->length, MADV_POPULATE_READ);
        touch_run(host, run);
    }
    munmap(host, ram->size);
    return (bench_cpu_ns() - start) / BENCH_NS_PER_MS;
}
