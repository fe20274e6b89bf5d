/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The read primitive, on a RAM file whose pages are all there.
 */
#include <string.h>

#include "bench.h"
#include "haywire/beacon_protocol.h"
#include "haywire/memory.h"
#include "ram.h"

#define ROUNDS 9
#define PAGE   ((gsize)HAYWIRE_PAGE_SIZE)

/* A file, and which pages of it are read into one buffer. */
typedef struct Work {
    BenchRam ram;
    HaywireMemory *memory;
    guint8 *to;
    gsize count;
    HaywirePiece *piece;
} Work;

static guint64 file_size(void)
{
    return UINT64_C(1) << (bench_is_smoke() ? 24 : 30);
}

static void work_open(Work *work, gsize count, gsize length)
{
    guint64 size = file_size();
    GRand *rand = g_rand_new_with_seed(1);

    *work = (Work){ .count = count };
    bench_ram_new(&work->ram, size);
    bench_ram_write(&work->ram, 0, size);
    g_assert_cmpint(haywire_memory_file_open(work->ram.fd, NULL, &work->memory),
                    ==, HAYWIRE_OK);
    work->to = g_malloc0(count * length);
    work->piece = g_new0(HaywirePiece, count);
    for (gsize i = 0; i < count; i++) {
        guint64 page = g_rand_int(rand) % (size / PAGE);

        work->piece[i].where.value = count == 1 ? 0 : page * PAGE;
        work->piece[i].to = work->to + i * length;
        work->piece[i].length = length;
    }
    g_rand_free(rand);
}

static void work_close(Work *work)
{
    g_free(work->piece);
    g_free(work->to);
    haywire_memory_destroy(work->memory);
    bench_ram_close(&work->ram);
}

static double read_pieces(gpointer opaque)
{
    Work *work = opaque;
    guint64 start = bench_cpu_ns();

    haywire_memory_read_pieces(work->memory, work->piece, work->count);
    start = bench_cpu_ns() - start;
    for (gsize i = 0; i < work->count; i++) {
        g_assert_cmpint(work->piece[i].status, ==, HAYWIRE_OK);
    }
    return start / BENCH_NS_PER_MS;
}

static double copy_pieces(gpointer opaque)
{
    Work *work = opaque;
    guint64 start = bench_cpu_ns();

    for (gsize i = 0; i < work->count; i++) {
        const HaywirePiece *piece = &work->piece[i];

        memcpy(piece->to, work->ram.host + piece->where.value, piece->length);
    }
    return (bench_cpu_ns() - start) / BENCH_NS_PER_MS;
}

static void compare(const char *name, gsize count, gsize length, double bound)
{
    BenchResult result = { name, .unit = "ms", .bound = bound };
    Work work;

    work_open(&work, count, length);
    read_pieces(&work); /* the buffer's own pages are there from now on */
    bench_compare(ROUNDS, read_pieces, copy_pieces, &work, &result.value,
                  &result.limit);
    bench_report(&result);
    work_close(&work);
}

static void bench_read_scattered(void)
{
    compare("read-scattered", bench_is_smoke() ? 100 : 10000, PAGE, 1.5);
}

static void bench_read_bulk(void)
{
    compare("read-bulk", 1, file_size(), 1.25);
}

int main(int argc, char **argv)
{
    static const Bench benches[] = {
        { "read-scattered", bench_read_scattered },
        { "read-bulk", bench_read_bulk },
    };

    return bench_main(argc, argv, benches, G_N_ELEMENTS(benches));
}
