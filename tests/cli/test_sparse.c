/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A scan of a big, mostly empty RAM file: it allocates nothing in the file,
 * and the tool stays small.
 */
#include <glib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "beacon_builder.h"
#include "cli.h"
#include "scene.h"

#define FILE_SIZE      (UINT64_C(16) << 30)
#define PIECES         64
#define PIECE_SIZE     (UINT64_C(16) << 20)
#define GROWTH_MAX_KIB (64 * 1024)

/* Pieces of 16 MiB, every page written, spread over the file. */
static void write_pieces(int fd)
{
    g_autofree char *piece = g_malloc(PIECE_SIZE);

    memset(piece, 0x5a, PIECE_SIZE);
    for (guint64 i = 0; i < PIECES; i++) {
        const guint64 at = i * (FILE_SIZE / PIECES) + PIECE_SIZE;

        g_assert_cmpint(pwrite(fd, piece, PIECE_SIZE, (off_t)at), ==,
                        PIECE_SIZE);
    }
}

static void write_beacons(int fd)
{
    g_autoptr(HaywireBeacons) beacons = haywire_beacons_make(SCENE);

    for (size_t i = 0; i < haywire_beacons_count(beacons); i++) {
        const HaywireBeacon *beacon = haywire_beacons_get(beacons, i);

        g_assert_cmpint(pwrite(fd, beacon->page, HAYWIRE_PAGE_SIZE,
                               (off_t)beacon->position.value),
                        ==, HAYWIRE_PAGE_SIZE);
    }
}

static blkcnt_t blocks_of(int fd)
{
    struct stat found;

    g_assert_cmpint(fstat(fd, &found), ==, 0);
    return found.st_blocks;
}

/* A file without a name, so that no failure leaves it behind. */
static int sparse_file(void)
{
    int fd = memfd_create("ram", MFD_CLOEXEC);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(ftruncate(fd, (off_t)FILE_SIZE), ==, 0);
    write_pieces(fd);
    write_beacons(fd);
    return fd;
}

static void check_command(int fd, const char *command, guint64 small_kib)
{
    g_autofree char *arguments =
        g_strdup_printf("--ram /proc/%d/fd/%d %s", getpid(), fd, command);
    const blkcnt_t before = blocks_of(fd);
    CliResult result;

    cli_run(arguments, &result);
    g_assert_cmpint(result.status, ==, 0);
    g_test_message("%s: %" G_GUINT64_FORMAT " KiB at most, %" G_GUINT64_FORMAT
                   " on a small file",
                   command, result.peak_kib, small_kib);
    g_assert_cmpuint(result.peak_kib, <, small_kib + GROWTH_MAX_KIB);
    g_assert_cmpint(blocks_of(fd), ==, before);
    cli_result_clear(&result);
}

static void test_sparse(void)
{
    g_autofree char *small = cli_ram_new("small", SCENE, SCENE_SIZE);
    g_autofree char *arguments = g_strdup_printf("--ram %s scan", small);
    int fd = sparse_file();
    CliResult result;

    cli_run(arguments, &result);
    g_assert_cmpint(result.status, ==, 0);
    g_assert_cmpint(blocks_of(fd), >=, (blkcnt_t)(PIECES * PIECE_SIZE / 512));
    check_command(fd, "scan", result.peak_kib);
    check_command(fd, "ps", result.peak_kib);
    cli_result_clear(&result);
    close(fd);
}

int main(int argc, char **argv)
{
    int failed;

    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cli/sparse/16-gib", test_sparse);
    failed = g_test_run();
    cli_end();
    return failed;
}
