/*
 * Each way to ask what is resident, on memory where the answer is known.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "haywire/beacon_protocol.h"
#include "haywire/memory.h"

#define PAGE  HAYWIRE_PAGE_SIZE
#define PAGES 4096
#define START UINT64_C(0x40000000) /* position of the mapping */

static const HaywireResidencyMethod methods[] = {
    HAYWIRE_RESIDENCY_AUTO,
    HAYWIRE_RESIDENCY_PAGEMAP_SCAN,
    HAYWIRE_RESIDENCY_SEEK_DATA,
    HAYWIRE_RESIDENCY_PAGEMAP,
};

typedef struct Memory {
    uint8_t *host;
    int fd;
    char *path;
    bool own;
} Memory;

/* Runs of every kind: single, touching the ends, across batches. */
static bool is_written(size_t page)
{
    return page == 0 || page == PAGES - 1 || (page > 100 && page < 1700) ||
           (page > 2000 && page < 3500 && page % 2 == 0);
}

/*
 * An own mapping is of a file in tmpfs, as a guest's RAM is: elsewhere the
 * kernel reads ahead, and pages nobody touched become resident too.
 */
static Memory new_memory(bool anonymous, bool own)
{
    Memory memory = { .fd = -1, .own = own };
    int flags = anonymous ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;

    if (!anonymous) {
        memory.path = g_build_filename(own ? "/dev/shm" : g_get_tmp_dir(),
                                       "haywire-XXXXXX", NULL);
        memory.fd = g_mkstemp(memory.path);
        g_assert_cmpint(ftruncate(memory.fd, PAGES * PAGE), ==, 0);
    }
    memory.host =
        mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, flags, memory.fd, 0);
    g_assert_true(memory.host != MAP_FAILED);
    madvise(memory.host, PAGES * PAGE, MADV_NOHUGEPAGE);
    return memory;
}

static void write_page(Memory *memory, size_t page)
{
    if (memory->own) {
        memory->host[page * PAGE] = 1;
    } else {
        g_assert_cmpint(pwrite(memory->fd, "x", 1, page * PAGE), ==, 1);
    }
}

static void free_memory(Memory *memory)
{
    munmap(memory->host, PAGES * PAGE);
    if (memory->path) {
        close(memory->fd);
        g_unlink(memory->path);
        g_free(memory->path);
    }
}

static HaywireStatus next(HaywireResidency *residency, const Memory *memory,
                          uint64_t from, uint64_t *start, uint64_t *length)
{
    return haywire_residency_next(residency, memory->host, PAGES * PAGE,
                                  memory->fd, 0, memory->own, from, start,
                                  length);
}

static void check_walk(HaywireResidency *residency, const Memory *memory)
{
    uint64_t at = 0, start, length;
    size_t page = 0;

    while (next(residency, memory, at, &start, &length) == HAYWIRE_OK) {
        g_assert_cmpuint(start, >=, at);
        g_assert_cmpuint(length, >, 0);
        g_assert_cmpuint(start % PAGE + length % PAGE, ==, 0);
        for (; page < start / PAGE; page++) {
            g_assert_false(is_written(page));
        }
        for (; page < (start + length) / PAGE; page++) {
            g_assert_true(is_written(page));
        }
        at = start + length;
    }
    for (; page < PAGES; page++) {
        g_assert_false(is_written(page));
    }
}

/* @count pages, the first and then each @step one, asked for at once. */
static void check_pages(HaywireResidency *residency, const Memory *memory,
                        size_t first, size_t step, size_t count)
{
    const HaywireRegion region = { { START }, PAGES * PAGE, memory->host };
    g_autofree HaywirePosition *where = g_new(HaywirePosition, count);
    g_autofree HaywireStatus *status = g_new(HaywireStatus, count);
    size_t i;

    for (i = 0; i < count; i++) {
        where[i].value = START + (first + i * step) * PAGE;
        status[i] = HAYWIRE_STATUS_COUNT;
    }
    haywire_residency_pages(residency, &region, memory->fd, 0, memory->own,
                            where, count, status);
    for (i = 0; i < count; i++) {
        size_t page = first + i * step;

        g_assert_cmpint(status[i], ==,
                        page < PAGES && is_written(page)
                            ? HAYWIRE_OK
                            : HAYWIRE_NOT_RESIDENT);
    }
}

/* Alone, close and far apart, twice the same, backwards, over the end. */
static void check_many_pages(HaywireResidency *residency, const Memory *memory)
{
    const HaywireRegion region = { { START }, PAGES * PAGE, memory->host };
    const HaywirePosition mixed[] = {
        { START + 2001 * PAGE },
        { START + 200 * PAGE },
        { START + 200 * PAGE },
        { START + 99 * PAGE },
        { START },
        { START - PAGE },
        { START + 101 * PAGE },
        { UINT64_MAX - PAGE },
        { 0 },
    };
    static const bool expected[] = { false, true, true,  false, true,
                                     false, true, false, false };
    HaywireStatus status[G_N_ELEMENTS(mixed)];
    size_t page;

    for (page = 0; page < PAGES; page += 7) {
        check_pages(residency, memory, page, 1, 1);
    }
    check_pages(residency, memory, 0, 1, PAGES + 5);
    check_pages(residency, memory, 0, 3, PAGES / 3);
    check_pages(residency, memory, 1, 64, PAGES / 64 + 1);
    check_pages(residency, memory, 1, 65, PAGES / 65 + 1);
    check_pages(residency, memory, 5, 500, 20);
    haywire_residency_pages(residency, &region, memory->fd, 0, memory->own,
                            mixed, G_N_ELEMENTS(mixed), status);
    for (page = 0; page < G_N_ELEMENTS(mixed); page++) {
        g_assert_cmpint(status[page], ==,
                        expected[page] ? HAYWIRE_OK : HAYWIRE_NOT_RESIDENT);
    }
}

/* In the middle of a run, in a hole, behind the end. */
static void check_jumps(HaywireResidency *residency, const Memory *memory)
{
    uint64_t start, length;

    g_assert_cmpint(next(residency, memory, 500 * PAGE, &start, &length), ==,
                    HAYWIRE_OK);
    g_assert_cmpuint(start, ==, 500 * PAGE);
    g_assert_cmpint(next(residency, memory, 50 * PAGE, &start, &length), ==,
                    HAYWIRE_OK);
    g_assert_cmpuint(start, ==, 101 * PAGE);
    g_assert_cmpint(next(residency, memory, 3600 * PAGE, &start, &length), ==,
                    HAYWIRE_OK);
    g_assert_cmpuint(start, ==, (PAGES - 1) * PAGE);
    g_assert_cmpint(next(residency, memory, PAGES * PAGE, &start, &length), ==,
                    HAYWIRE_NOT_FOUND);
}

static void check(HaywireResidencyMethod method, bool anonymous, bool own)
{
    HaywireResidency *residency = NULL;
    Memory memory;
    size_t page;

    if (haywire_residency_new(method, &residency) != HAYWIRE_OK) {
        g_test_message("method %d is not there", method);
        return;
    }
    memory = new_memory(anonymous, own);
    for (page = 0; page < PAGES; page++) {
        if (is_written(page)) {
            write_page(&memory, page);
        }
    }
    check_walk(residency, &memory);
    check_walk(residency, &memory);
    check_many_pages(residency, &memory);
    check_jumps(residency, &memory);
    free_memory(&memory);
    haywire_residency_destroy(residency);
}

static void test_own_file(void)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(methods); i++) {
        check(methods[i], false, true);
    }
}

static void test_own_anonymous(void)
{
    check(HAYWIRE_RESIDENCY_AUTO, true, true);
    check(HAYWIRE_RESIDENCY_PAGEMAP_SCAN, true, true);
    check(HAYWIRE_RESIDENCY_PAGEMAP, true, true);
}

/* A fresh mapping: its page table is empty, the file is not. */
static void test_fresh_file(void)
{
    check(HAYWIRE_RESIDENCY_AUTO, false, false);
    check(HAYWIRE_RESIDENCY_SEEK_DATA, false, false);
}

static void test_fresh_names(void)
{
    HaywireResidency *residency;
    Memory memory = new_memory(false, false);
    uint64_t start, length;

    g_assert_cmpint(haywire_residency_new(HAYWIRE_RESIDENCY_AUTO, &residency),
                    ==, HAYWIRE_OK);
    write_page(&memory, 3);
    g_assert_cmpint(next(residency, &memory, 0, &start, &length), ==,
                    HAYWIRE_OK);
    g_assert_cmpstr(haywire_residency_method_name(residency), ==, "seek-data");
    haywire_residency_destroy(residency);
    free_memory(&memory);
}

/* A page that is written after a walk is seen by the next question. */
static void test_no_stale_answers(void)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(methods); i++) {
        HaywireResidency *residency;
        Memory memory = new_memory(false, true);
        const HaywireRegion region = { { 0 }, PAGES * PAGE, memory.host };
        const HaywirePosition tenth = { 10 * PAGE };
        uint64_t start, length;
        HaywireStatus status;

        if (haywire_residency_new(methods[i], &residency) != HAYWIRE_OK) {
            free_memory(&memory);
            continue;
        }
        g_assert_cmpint(next(residency, &memory, 0, &start, &length), ==,
                        HAYWIRE_NOT_FOUND);
        write_page(&memory, 9);
        g_assert_cmpint(next(residency, &memory, 0, &start, &length), ==,
                        HAYWIRE_OK);
        g_assert_cmpuint(start, ==, 9 * PAGE);
        write_page(&memory, 10);
        haywire_residency_pages(residency, &region, memory.fd, 0, true, &tenth,
                                1, &status);
        g_assert_cmpint(status, ==, HAYWIRE_OK);
        free_memory(&memory);
        haywire_residency_destroy(residency);
    }
}

/* A method that needs a file says so when there is none. */
static void test_no_file(void)
{
    HaywireResidency *residency;
    Memory memory = new_memory(true, true);
    const HaywireRegion region = { { 0 }, PAGES * PAGE, memory.host };
    const HaywirePosition where[] = { { 0 }, { PAGE }, { PAGES * PAGE } };
    HaywireStatus status[G_N_ELEMENTS(where)];
    uint64_t start, length;

    g_assert_cmpint(
        haywire_residency_new(HAYWIRE_RESIDENCY_SEEK_DATA, &residency), ==,
        HAYWIRE_OK);
    g_assert_cmpint(next(residency, &memory, 0, &start, &length), ==,
                    HAYWIRE_IO_ERROR);
    haywire_residency_pages(residency, &region, -1, 0, true, where,
                            G_N_ELEMENTS(where), status);
    g_assert_cmpint(status[0], ==, HAYWIRE_IO_ERROR);
    g_assert_cmpint(status[1], ==, HAYWIRE_IO_ERROR);
    g_assert_cmpint(status[2], ==, HAYWIRE_NOT_RESIDENT);
    haywire_residency_destroy(residency);
    haywire_residency_destroy(NULL);
    free_memory(&memory);
}

/* Mapped from the middle of a file: offsets count from the mapping. */
static void test_file_offset(void)
{
    HaywireResidency *residency;
    Memory memory = new_memory(false, false);
    uint64_t start, length;

    write_page(&memory, 1);
    write_page(&memory, 20);
    write_page(&memory, 40);
    g_assert_cmpint(haywire_residency_new(HAYWIRE_RESIDENCY_AUTO, &residency),
                    ==, HAYWIRE_OK);
    g_assert_cmpint(haywire_residency_next(residency, memory.host + 16 * PAGE,
                                           16 * PAGE, memory.fd, 16 * PAGE,
                                           false, 0, &start, &length),
                    ==, HAYWIRE_OK);
    g_assert_cmpuint(start, ==, 4 * PAGE);
    g_assert_cmpuint(length, ==, PAGE);
    g_assert_cmpint(haywire_residency_next(residency, memory.host + 16 * PAGE,
                                           16 * PAGE, memory.fd, 16 * PAGE,
                                           false, start + length, &start,
                                           &length),
                    ==, HAYWIRE_NOT_FOUND);
    haywire_residency_destroy(residency);
    free_memory(&memory);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/residency/own-file", test_own_file);
    g_test_add_func("/residency/own-anonymous", test_own_anonymous);
    g_test_add_func("/residency/fresh-file", test_fresh_file);
    g_test_add_func("/residency/fresh-names", test_fresh_names);
    g_test_add_func("/residency/no-stale-answers", test_no_stale_answers);
    g_test_add_func("/residency/no-file", test_no_file);
    g_test_add_func("/residency/file-offset", test_file_offset);
    return g_test_run();
}
