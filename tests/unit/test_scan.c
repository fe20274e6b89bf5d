/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scan: what it finds, and what it must not cost.
 */

#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "haywire/bytes.h"
#include "haywire/page.h"
#include "haywire/scan.h"

#define PAGE HAYWIRE_PAGE_SIZE
#define MIB  (G_GUINT64_CONSTANT(1) << 20)
#define GIB  (G_GUINT64_CONSTANT(1) << 30)

static void put_magic(uint8_t *page)
{
    uint32_t word = htole32(HAYWIRE_MAGIC);
    int i;

    for (i = 0; i < HAYWIRE_MAGIC_COUNT; i++) {
        memcpy(page + i * 4, &word, sizeof(word));
    }
}

typedef struct Found {
    GArray *positions;
    size_t most; /* 0: no limit */
    unsigned progress_calls;
    uint64_t done;
    bool stop;
} Found;

/* Magic is all that these pages have. */
static bool on_candidate(void *opaque, HaywirePosition position,
                         HaywireStatus status, const HaywirePage *copy,
                         const HaywirePageInfo *info)
{
    Found *found = opaque;

    (void)info;
    g_assert_true(haywire_page_has_magic((const uint8_t *)copy));
    g_assert_cmpint(status, ==, HAYWIRE_BAD_VERSION);
    g_array_append_val(found->positions, position.value);
    return found->most == 0 || found->positions->len < found->most;
}

static bool on_progress(void *opaque, uint64_t done, uint64_t total)
{
    Found *found = opaque;

    g_assert_cmpuint(done, >=, found->done);
    g_assert_cmpuint(done, <=, total);
    found->done = done;
    found->progress_calls++;
    return !found->stop;
}

static uint64_t position(const Found *found, guint i)
{
    g_assert_cmpuint(i, <, found->positions->len);
    return g_array_index(found->positions, uint64_t, i);
}

static HaywireMemory *two_regions(uint8_t *ram)
{
    const HaywireRegion regions[] = {
        { { 0 }, 8 * PAGE, ram },
        { { 0x100000000 }, 8 * PAGE, ram + 8 * PAGE },
    };
    HaywireMemory *source;

    g_assert_cmpint(haywire_memory_array_new(regions, 2, true, NULL, &source),
                    ==, HAYWIRE_OK);
    return source;
}

static void test_finds(void)
{
    uint8_t *ram = g_aligned_alloc0(16, PAGE, PAGE);
    HaywireMemory *source = two_regions(ram);
    Found found = { .positions = g_array_new(FALSE, FALSE, 8) };
    HaywireScanStats stats;

    put_magic(ram);
    put_magic(ram + 7 * PAGE);
    put_magic(ram + 15 * PAGE);
    put_magic(ram + 3 * PAGE);
    ram[3 * PAGE + 63] ^= 1;        /* the line's last word is wrong */
    ram[9 * PAGE + 1] = 1;          /* resident, no beacon */
    put_magic(ram + 5 * PAGE + 64); /* not where a page begins */
    g_assert_cmpint(
        haywire_scan(source, on_candidate, on_progress, &found, &stats), ==,
        HAYWIRE_OK);
    g_assert_cmpuint(found.positions->len, ==, 3);
    g_assert_cmphex(position(&found, 0), ==, 0);
    g_assert_cmphex(position(&found, 1), ==, 7 * PAGE);
    g_assert_cmphex(position(&found, 2), ==, 0x100000000 + 7 * PAGE);
    g_assert_cmpuint(stats.resident_pages, ==, 6);
    g_assert_cmpuint(stats.first_words, ==, 4);
    g_assert_cmpuint(stats.candidates, ==, 3);
    g_assert_cmpuint(found.done, ==, 16 * PAGE);
    g_array_free(found.positions, TRUE);
    haywire_memory_destroy(source);
    g_aligned_free(ram);
}

static void test_callback_ends(void)
{
    uint8_t *ram = g_aligned_alloc0(16, PAGE, PAGE);
    HaywireMemory *source = two_regions(ram);
    Found found = { .positions = g_array_new(FALSE, FALSE, 8), .most = 2 };
    HaywireScanStats stats;
    int i;

    for (i = 0; i < 16; i++) {
        put_magic(ram + i * PAGE);
    }
    g_assert_cmpint(haywire_scan(source, on_candidate, NULL, &found, &stats),
                    ==, HAYWIRE_OK);
    g_assert_cmpuint(found.positions->len, ==, 2);
    g_array_free(found.positions, TRUE);
    haywire_memory_destroy(source);
    g_aligned_free(ram);
}

/* Kilobytes of this process that /proc/self/status counts under @field. */
static uint64_t status_kib(const char *field)
{
    g_autofree char *text = NULL;
    char *line;

    g_assert_true(g_file_get_contents("/proc/self/status", &text, NULL, NULL));
    line = strstr(text, field);
    g_assert_nonnull(line);
    return g_ascii_strtoull(line + strlen(field), NULL, 10);
}

typedef struct Growth {
    Found found;
    uint64_t most_kib;
} Growth;

static bool watch_growth(void *opaque, uint64_t done, uint64_t total)
{
    Growth *growth = opaque;
    uint64_t now = status_kib("VmRSS:");

    growth->most_kib = MAX(growth->most_kib, now);
    return on_progress(&growth->found, done, total);
}

static int make_sparse_file(const char *folder, char **ret_path)
{
    g_autofree uint8_t *block = g_malloc(MIB);
    int fd, i;

    *ret_path = g_build_filename(folder, "haywire-XXXXXX", NULL);
    fd = g_mkstemp(*ret_path);
    if (fd < 0) {
        return -1;
    }
    memset(block, 0x5a, MIB);
    put_magic(block + 17 * PAGE);
    g_assert_cmpint(ftruncate(fd, 16 * GIB), ==, 0);
    for (i = 0; i < 1024; i++) {
        /* In pieces all over the file, the last one at its end. */
        g_assert_cmpint(pwrite(fd, block, MIB, i * 16 * MIB + 15 * MIB), ==,
                        MIB);
    }
    return fd;
}

/* 16 GiB with 1 GiB written: no block more, less than 64 MiB of growth. */
static void check_sparse(const char *folder)
{
    g_autofree char *path = NULL;
    Growth growth = {
        .found.positions = g_array_new(FALSE, FALSE, 8),
    };
    HaywireScanStats stats;
    HaywireMemory *source;
    struct stat before, after;
    uint64_t rss;
    gint64 start;
    int fd = make_sparse_file(folder, &path);

    g_assert_cmpint(fd, >=, 0);
    g_unlink(path);
    g_assert_cmpint(fstat(fd, &before), ==, 0);
    g_assert_cmpint(haywire_memory_file_open(fd, NULL, &source), ==,
                    HAYWIRE_OK);
    rss = growth.most_kib = status_kib("VmRSS:");
    start = g_get_monotonic_time();
    g_assert_cmpint(
        haywire_scan(source, on_candidate, watch_growth, &growth, &stats), ==,
        HAYWIRE_OK);
    g_test_message("%s: %" G_GUINT64_FORMAT " pages in %" G_GINT64_FORMAT
                   " us, grew %" G_GUINT64_FORMAT " KiB",
                   folder, stats.resident_pages, g_get_monotonic_time() - start,
                   growth.most_kib - rss);
    g_assert_cmpint(fstat(fd, &after), ==, 0);
    g_assert_cmpint(after.st_blocks, ==, before.st_blocks);
    g_assert_cmpuint(growth.most_kib - rss, <, 64 * 1024);
    g_assert_cmpuint(stats.resident_pages, ==, GIB / PAGE);
    g_assert_cmpuint(growth.found.positions->len, ==, 1024);
    g_assert_cmphex(position(&growth.found, 1023), ==,
                    16 * GIB - MIB + 17 * PAGE);
    g_assert_cmpuint(growth.found.done, ==, 16 * GIB);
    g_assert_cmpuint(growth.found.progress_calls, >, 100);
    haywire_memory_destroy(source);
    g_array_free(growth.found.positions, TRUE);
    close(fd);
}

static void test_sparse(void)
{
    check_sparse("/dev/shm");
}

static void test_progress_ends(void)
{
    g_autofree char *path = NULL;
    Found found = { .positions = g_array_new(FALSE, FALSE, 8), .stop = true };
    int fd = g_file_open_tmp("haywire-XXXXXX", &path, NULL);
    HaywireScanStats stats;
    HaywireMemory *source;
    uint8_t byte = 1;
    int i;

    g_assert_cmpint(ftruncate(fd, GIB), ==, 0);
    for (i = 0; i < 8; i++) {
        g_assert_cmpint(pwrite(fd, &byte, 1, i * 128 * MIB), ==, 1);
    }
    g_assert_cmpint(haywire_memory_file_open(fd, NULL, &source), ==,
                    HAYWIRE_OK);
    g_assert_cmpint(
        haywire_scan(source, on_candidate, on_progress, &found, &stats), ==,
        HAYWIRE_OK);
    g_assert_cmpuint(stats.resident_pages, ==, 2);
    g_assert_cmpuint(found.progress_calls, ==, 1);
    haywire_memory_destroy(source);
    g_array_free(found.positions, TRUE);
    close(fd);
    g_unlink(path);
}

static void test_truncated(void)
{
    g_autofree char *path = NULL;
    Found found = { .positions = g_array_new(FALSE, FALSE, 8) };
    int fd = g_file_open_tmp("haywire-XXXXXX", &path, NULL);
    HaywireScanStats stats;
    HaywireMemory *source;

    g_assert_cmpint(ftruncate(fd, GIB), ==, 0);
    g_assert_cmpint(haywire_memory_file_open(fd, NULL, &source), ==,
                    HAYWIRE_OK);
    g_assert_cmpint(ftruncate(fd, MIB), ==, 0);
    g_assert_cmpint(haywire_scan(source, on_candidate, NULL, &found, &stats),
                    ==, HAYWIRE_SOURCE_TRUNCATED);
    haywire_memory_destroy(source);
    g_array_free(found.positions, TRUE);
    close(fd);
    g_unlink(path);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/scan/finds", test_finds);
    g_test_add_func("/scan/callback-ends", test_callback_ends);
    g_test_add_func("/scan/progress-ends", test_progress_ends);
    g_test_add_func("/scan/truncated", test_truncated);
    g_test_add_func("/scan/sparse", test_sparse);
    return g_test_run();
}
