/*
 * Array and file sources, bad files, and a file that shrinks while mapped.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "haywire/beacon_protocol.h"
#include "haywire/memory.h"

#define PAGE HAYWIRE_PAGE_SIZE

typedef struct File {
    char *path;
    int fd;
} File;

/* A file of @size bytes with no block. */
static File make_file(off_t size)
{
    File file;

    file.fd = g_file_open_tmp("haywire-XXXXXX", &file.path, NULL);
    g_assert_cmpint(file.fd, >=, 0);
    g_assert_cmpint(ftruncate(file.fd, size), ==, 0);
    return file;
}

static void remove_file(File *file)
{
    close(file->fd);
    g_unlink(file->path);
    g_free(file->path);
}

static void put(File *file, off_t offset, uint64_t value)
{
    g_assert_cmpint(pwrite(file->fd, &value, sizeof(value), offset), ==,
                    sizeof(value));
}

static uint64_t get(File *file, off_t offset)
{
    uint64_t value = 0;

    g_assert_cmpint(pread(file->fd, &value, sizeof(value), offset), ==,
                    sizeof(value));
    return value;
}

static HaywireMemory *open_file(File *file, const char *writable)
{
    HaywireMemory *source = NULL;

    g_assert_cmpint(haywire_memory_file_open(file->fd, writable, &source), ==,
                    HAYWIRE_OK);
    return source;
}

static void test_pointer(void)
{
    uint8_t *ram = g_aligned_alloc0(4, PAGE, PAGE);
    const HaywireRegion regions[] = {
        { { 0x1000 }, PAGE, ram },
        { { 0x3000 }, 2 * PAGE, ram + 2 * PAGE },
    };
    static const struct {
        uint64_t where, length;
        int page; /* -1: out of range */
    } cases[] = {
        { 0, 1, -1 },
        { 0xfff, 2, -1 },
        { 0x1000, PAGE, 0 },
        { 0x1000, PAGE + 1, -1 },
        { 0x2000, 1, -1 },
        { 0x3000, 2 * PAGE, 2 },
        { 0x4000, PAGE, 3 },
        { 0x4000, UINT64_MAX, -1 },
        { 0x5000, 0, -1 },
        { UINT64_MAX, 1, -1 },
        { UINT64_MAX, UINT64_MAX, -1 },
    };
    HaywireMemory *source;
    size_t i;

    g_assert_cmpint(haywire_memory_array_new(regions, 2, false, NULL, &source),
                    ==, HAYWIRE_OK);
    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        const uint8_t *host = NULL;
        HaywireStatus status =
            haywire_memory_pointer(source, (HaywirePosition){ cases[i].where },
                                   cases[i].length, &host);

        if (cases[i].page < 0) {
            g_assert_cmpint(status, ==, HAYWIRE_OUT_OF_RANGE);
            g_assert_null(host);
        } else {
            g_assert_cmpint(status, ==, HAYWIRE_OK);
            g_assert_true(host == ram + cases[i].page * PAGE);
        }
    }
    haywire_memory_destroy(source);
    haywire_memory_destroy(NULL);
    g_aligned_free(ram);
}

static void test_array(void)
{
    uint8_t *ram = g_aligned_alloc0(8, PAGE, PAGE);
    const HaywireRegion region = { { 0x10000 }, 8 * PAGE, ram };
    HaywirePosition start;
    HaywireMemory *source;
    const uint8_t *host;
    uint64_t length;

    ram[2 * PAGE] = ram[3 * PAGE + 5] = ram[7 * PAGE] = 1;
    g_assert_cmpint(haywire_memory_array_new(&region, 1, true, NULL, &source),
                    ==, HAYWIRE_OK);
    g_assert_cmpint(source->ops->next_resident(source, (HaywirePosition){ 0 },
                                               &start, &length),
                    ==, HAYWIRE_OK);
    g_assert_cmphex(start.value, ==, 0x12000);
    g_assert_cmphex(length, ==, 2 * PAGE);
    g_assert_cmpint(source->ops->next_resident(
                        source, (HaywirePosition){ 0x14000 }, &start, &length),
                    ==, HAYWIRE_OK);
    g_assert_cmphex(start.value, ==, 0x17000);
    g_assert_cmpint(source->ops->next_resident(
                        source, (HaywirePosition){ 0x18000 }, &start, &length),
                    ==, HAYWIRE_NOT_FOUND);
    g_assert_cmpint(haywire_memory_resident_page(
                        source, (HaywirePosition){ 0x13000 }, &host),
                    ==, HAYWIRE_OK);
    g_assert_true(host == ram + 3 * PAGE);
    g_assert_cmpint(haywire_memory_resident_page(
                        source, (HaywirePosition){ 0x14000 }, &host),
                    ==, HAYWIRE_NOT_RESIDENT);
    g_assert_cmpint(haywire_memory_resident_page(
                        source, (HaywirePosition){ 0x13001 }, &host),
                    ==, HAYWIRE_OUT_OF_RANGE);
    haywire_memory_destroy(source);
    g_aligned_free(ram);
}

static void test_bad_files(void)
{
    HaywireMemory *source = NULL;
    File file = make_file(0);
    int fds[2], folder;

    g_assert_cmpint(haywire_memory_file_open(file.fd, NULL, &source), ==,
                    HAYWIRE_SOURCE_EMPTY);
    g_assert_cmpint(ftruncate(file.fd, PAGE + 1), ==, 0);
    g_assert_cmpint(haywire_memory_file_open(file.fd, NULL, &source), ==,
                    HAYWIRE_SOURCE_UNALIGNED);
    errno = 0;
    g_assert_cmpint(haywire_memory_file_open(-1, NULL, &source), ==,
                    HAYWIRE_IO_ERROR);
    g_assert_cmpint(errno, ==, EBADF);
    folder = open("/", O_RDONLY | O_DIRECTORY);
    g_assert_cmpint(haywire_memory_file_open(folder, NULL, &source), ==,
                    HAYWIRE_IO_ERROR);
    g_assert_cmpint(errno, ==, EISDIR);
    g_assert_cmpint(pipe(fds), ==, 0);
    g_assert_cmpint(haywire_memory_file_open(fds[0], NULL, &source), ==,
                    HAYWIRE_IO_ERROR);
    g_assert_cmpint(errno, ==, EINVAL);
    g_assert_null(source);
    close(folder);
    close(fds[0]);
    close(fds[1]);
    remove_file(&file);
}

static void test_file(void)
{
    File file = make_file(64 * PAGE);
    HaywireMemory *source;
    const uint8_t *host;

    put(&file, 5 * PAGE, 0x1234);
    source = open_file(&file, NULL);
    g_assert_null(source->ops->layout(source));
    g_assert_cmpint(haywire_memory_resident_page(
                        source, (HaywirePosition){ 5 * PAGE }, &host),
                    ==, HAYWIRE_OK);
    g_assert_cmphex(*(const uint64_t *)host, ==, 0x1234);
    g_assert_cmpint(haywire_memory_resident_page(
                        source, (HaywirePosition){ 9 * PAGE }, &host),
                    ==, HAYWIRE_NOT_RESIDENT);
    g_assert_cmpint(haywire_memory_resident_page(
                        source, (HaywirePosition){ 64 * PAGE }, &host),
                    ==, HAYWIRE_OUT_OF_RANGE);
    g_assert_cmpint(source->ops->check(source), ==, HAYWIRE_OK);
    haywire_memory_destroy(source);
    remove_file(&file);
}

static void test_swap(void)
{
    File file = make_file(4 * PAGE);
    HaywireMemory *source = open_file(&file, file.path);
    HaywirePosition where = { 2 * PAGE + 4080 };

    put(&file, 2 * PAGE + 4080, 7);
    g_assert_cmpint(source->ops->compare_and_swap(source, where, 8, 9), ==,
                    HAYWIRE_FOCUS_LOST_RACE);
    g_assert_cmpuint(get(&file, 2 * PAGE + 4080), ==, 7);
    g_assert_cmpint(source->ops->compare_and_swap(source, where, 7, 9), ==,
                    HAYWIRE_OK);
    g_assert_cmpuint(get(&file, 2 * PAGE + 4080), ==, 9);
    where.value++;
    g_assert_cmpint(source->ops->compare_and_swap(source, where, 9, 1), ==,
                    HAYWIRE_OUT_OF_RANGE);
    where.value = 4 * PAGE;
    g_assert_cmpint(source->ops->compare_and_swap(source, where, 9, 1), ==,
                    HAYWIRE_OUT_OF_RANGE);
    haywire_memory_destroy(source);

    source = open_file(&file, NULL);
    where.value = 2 * PAGE + 4080;
    g_assert_cmpint(source->ops->compare_and_swap(source, where, 9, 1), ==,
                    HAYWIRE_READ_ONLY);
    haywire_memory_destroy(source);
    remove_file(&file);
}

/* Another file has taken the name: it is not written. */
static void test_swap_other_file(void)
{
    File file = make_file(PAGE), other = make_file(PAGE);
    HaywireMemory *source = open_file(&file, other.path);
    HaywirePosition where = { 0 };

    g_assert_cmpint(source->ops->compare_and_swap(source, where, 0, 1), ==,
                    HAYWIRE_IO_ERROR);
    g_assert_cmpint(errno, ==, ESTALE);
    g_assert_cmpuint(get(&other, 0), ==, 0);
    g_assert_cmpuint(get(&file, 0), ==, 0);
    haywire_memory_destroy(source);
    remove_file(&file);
    remove_file(&other);
}

static void test_truncated(void)
{
    File file = make_file(64 * PAGE);
    HaywireMemory *source = open_file(&file, NULL);
    HaywirePosition start = { 0 };
    const uint8_t *host;
    size_t i;

    put(&file, 40 * PAGE, 1);
    g_assert_cmpint(haywire_memory_pointer(source, start, 64 * PAGE, &host), ==,
                    HAYWIRE_OK);
    g_assert_cmpint(ftruncate(file.fd, 8 * PAGE), ==, 0);
    g_assert_cmpint(source->ops->check(source), ==, HAYWIRE_SOURCE_TRUNCATED);
    for (i = 0; i < 64 * PAGE; i += PAGE / 2) {
        g_assert_cmpuint(((const volatile uint8_t *)host)[i], ==, 0);
    }
    /* What was read is void even if the file grows again. */
    g_assert_cmpint(ftruncate(file.fd, 64 * PAGE), ==, 0);
    g_assert_cmpint(source->ops->check(source), ==, HAYWIRE_SOURCE_TRUNCATED);
    haywire_memory_destroy(source);
    remove_file(&file);
}

static void test_swap_truncated(void)
{
    File file = make_file(64 * PAGE);
    HaywireMemory *source = open_file(&file, file.path);

    g_assert_cmpint(ftruncate(file.fd, 8 * PAGE), ==, 0);
    g_assert_cmpint(source->ops->compare_and_swap(
                        source, (HaywirePosition){ 32 * PAGE }, 0, 1),
                    ==, HAYWIRE_IO_ERROR);
    haywire_memory_destroy(source);
    remove_file(&file);
}

/* A SIGBUS that is none of ours ends the program as it always did. */
static void test_other_sigbus(void)
{
    if (g_test_subprocess()) {
        File file = make_file(PAGE);
        volatile uint8_t *page =
            mmap(NULL, PAGE, PROT_READ, MAP_SHARED, file.fd, 0);

        signal(SIGBUS, SIG_DFL);
        g_assert_cmpint(haywire_memory_install_guard(), ==, HAYWIRE_OK);
        g_assert_cmpint(ftruncate(file.fd, 0), ==, 0);
        g_unlink(file.path);
        g_assert_cmpuint(page[0], ==, 0);
        return;
    }
    g_test_trap_subprocess("/source/other-sigbus", 10 * G_USEC_PER_SEC, 0);
    g_test_trap_assert_failed();
}

static void test_guards_run_out(void)
{
    File file = make_file(PAGE);
    HaywireMemory *source[65] = { NULL };
    size_t i;

    for (i = 0; i < 64; i++) {
        source[i] = open_file(&file, NULL);
    }
    g_assert_cmpint(haywire_memory_file_open(file.fd, NULL, &source[64]), ==,
                    HAYWIRE_NO_MEMORY);
    for (i = 0; i < 64; i++) {
        haywire_memory_destroy(source[i]);
    }
    haywire_memory_destroy(open_file(&file, NULL));
    remove_file(&file);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    if (!g_test_subprocess()) {
        g_assert_cmpint(haywire_memory_install_guard(), ==, HAYWIRE_OK);
    }
    g_test_add_func("/source/pointer", test_pointer);
    g_test_add_func("/source/array", test_array);
    g_test_add_func("/source/bad-files", test_bad_files);
    g_test_add_func("/source/file", test_file);
    g_test_add_func("/source/swap", test_swap);
    g_test_add_func("/source/swap-other-file", test_swap_other_file);
    g_test_add_func("/source/truncated", test_truncated);
    g_test_add_func("/source/swap-truncated", test_swap_truncated);
    g_test_add_func("/source/other-sigbus", test_other_sigbus);
    g_test_add_func("/source/guards-run-out", test_guards_run_out);
    return g_test_run();
}
