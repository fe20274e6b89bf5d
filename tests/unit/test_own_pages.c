/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each way to ask about and to copy pages of this process, on memory where the
 * answer is known.
 */

#include <glib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "haywire/beacon_protocol.h"
#include "own_pages.h"

#define PAGE  HAYWIRE_PAGE_SIZE
#define PAGES 4096

/* All that is there, then each way that older kernels and containers leave. */
static const unsigned ways[] = {
    0,
    HAYWIRE_WITHOUT_MOVE_PAGES,
    HAYWIRE_WITHOUT_PAGEMAP_SCAN,
    HAYWIRE_WITHOUT_VM_WRITEV,
    HAYWIRE_WITHOUT_MOVE_PAGES | HAYWIRE_WITHOUT_PAGEMAP_SCAN |
        HAYWIRE_WITHOUT_VM_WRITEV,
    HAYWIRE_WITHOUT_PAGEMAP,
    HAYWIRE_WITHOUT_PAGEMAP | HAYWIRE_WITHOUT_MOVE_PAGES,
    HAYWIRE_WITHOUT_PAGEMAP | HAYWIRE_WITHOUT_MOVE_PAGES |
        HAYWIRE_WITHOUT_VM_WRITEV,
};

/* Runs of every kind: single, touching the ends, across batches. */
static bool is_written(size_t page)
{
    return page == 0 || page == PAGES - 1 || (page > 100 && page < 1700) ||
           (page > 2000 && page < 3500 && page % 2 == 0);
}

static uint8_t *new_mapping(bool anonymous, size_t pages)
{
    int fd = anonymous ? -1 : memfd_create("own-pages", MFD_CLOEXEC);
    int flags = anonymous ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
    uint8_t *host;

    g_assert_true(anonymous || ftruncate(fd, (off_t)(pages * PAGE)) == 0);
    host = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
                flags | MAP_NORESERVE, fd, 0);
    g_assert_true(host != MAP_FAILED);
    madvise(host, pages * PAGE, MADV_NOHUGEPAGE);
    if (fd >= 0) {
        close(fd);
    }
    return host;
}

static void check_walk(HaywireOwnPages *own, const uint8_t *host)
{
    const uint8_t *at = host, *end = host + PAGES * PAGE, *start;
    uint64_t length;
    size_t page = 0;

    while (haywire_own_pages_next(own, at, end, &start, &length) ==
           HAYWIRE_OK) {
        g_assert_true(start >= at);
        g_assert_cmpuint((size_t)(start - host) % PAGE + length % PAGE, ==, 0);
        for (; page < (size_t)(start - host) / PAGE; page++) {
            g_assert_false(is_written(page));
        }
        for (; page < ((size_t)(start - host) + length) / PAGE; page++) {
            g_assert_true(is_written(page));
        }
        at = start + length;
    }
    for (; page < PAGES; page++) {
        g_assert_false(is_written(page));
    }
}

/* In the middle of a run, in a hole, behind the end. */
static void check_jumps(HaywireOwnPages *own, const uint8_t *host)
{
    static const struct {
        size_t from, found; /* pages; PAGES: nothing */
    } jumps[] = { { 500, 500 },
                  { 50, 101 },
                  { 3600, PAGES - 1 },
                  { 2001, 2002 },
                  { PAGES, PAGES } };
    const uint8_t *start;
    uint64_t length;

    for (size_t i = 0; i < G_N_ELEMENTS(jumps); i++) {
        HaywireStatus status =
            haywire_own_pages_next(own, host + jumps[i].from * PAGE,
                                   host + PAGES * PAGE, &start, &length);

        if (jumps[i].found == PAGES) {
            g_assert_cmpint(status, ==, HAYWIRE_NOT_FOUND);
        } else {
            g_assert_cmpint(status, ==, HAYWIRE_OK);
            g_assert_cmpuint((size_t)(start - host), ==, jumps[i].found * PAGE);
        }
    }
}

/* Pages in any order, and bytes in the middle of them. @hole: of the others */
static void check_copies(HaywireOwnPages *own, const uint8_t *host,
                         HaywireStatus hole)
{
    const HaywireRegion region = { { 0 }, PAGES * PAGE, host, false, false };
    g_autofree HaywireSpot *spot = g_new0(HaywireSpot, PAGES);
    g_autofree uint8_t *to = g_malloc0(PAGES * 8);

    for (size_t i = 0; i < PAGES; i++) {
        size_t page = i * 1009 % PAGES;

        spot[i] = (HaywireSpot){ &region, page * PAGE + 4088, to + i * 8, 8,
                                 HAYWIRE_STATUS_COUNT };
    }
    haywire_own_pages_ask(own, spot, PAGES);
    haywire_own_pages_copy(own, spot, PAGES);
    for (size_t i = 0; i < PAGES; i++) {
        size_t page = i * 1009 % PAGES;
        uint64_t found;

        memcpy(&found, to + i * 8, 8);
        g_assert_cmpint(spot[i].status, ==,
                        is_written(page) ? HAYWIRE_OK : hole);
        g_assert_cmpuint(found, ==, is_written(page) ? page + 1 : 0);
    }
}

static void check(unsigned without, bool anonymous)
{
    uint8_t *host = new_mapping(anonymous, PAGES);
    HaywireOwnPages *own;

    g_assert_cmpint(haywire_own_pages_open(without, &own), ==, HAYWIRE_OK);
    for (size_t page = 0; page < PAGES; page++) {
        if (is_written(page)) {
            uint64_t value = page + 1;

            memcpy(host + page * PAGE + 4088, &value, 8);
        }
    }
    check_walk(own, host);
    check_walk(own, host);
    check_jumps(own, host);
    check_copies(own, host,
                 without & HAYWIRE_WITHOUT_PAGEMAP ? HAYWIRE_NOT_RESIDENT
                                                   : HAYWIRE_HOLE);
    haywire_own_pages_close(own);
    munmap(host, PAGES * PAGE);
}

static void test_anonymous(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
        check(ways[i], true);
    }
}

static void test_file(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
        check(ways[i], false);
    }
}

/* A page that is written after a walk is seen by the next question. */
static void test_no_stale_answers(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
        uint8_t *host = new_mapping(true, PAGES);
        const HaywireRegion region = {
            { 0 }, PAGES * PAGE, host, false, false
        };
        HaywireSpot tenth = { &region, 10 * PAGE, NULL, PAGE, HAYWIRE_OK };
        const uint8_t *start;
        HaywireOwnPages *own;
        uint64_t length;

        g_assert_cmpint(haywire_own_pages_open(ways[i], &own), ==, HAYWIRE_OK);
        g_assert_cmpint(haywire_own_pages_next(own, host, host + PAGES * PAGE,
                                               &start, &length),
                        ==, HAYWIRE_NOT_FOUND);
        host[9 * PAGE] = 1;
        g_assert_cmpint(haywire_own_pages_next(own, host, host + PAGES * PAGE,
                                               &start, &length),
                        ==, HAYWIRE_OK);
        g_assert_true(start == host + 9 * PAGE);
        host[10 * PAGE] = 1;
        haywire_own_pages_ask(own, &tenth, 1);
        g_assert_cmpint(tenth.status, ==, HAYWIRE_OK);
        haywire_own_pages_close(own);
        munmap(host, PAGES * PAGE);
    }
}

/*
 * What is called present is at most a window's worth, so that it is touched
 * soon; and a lot of nothing costs few questions.
 */
static void test_window(void)
{
    const size_t many = (UINT64_C(64) << 30) / PAGE; /* 64 GiB of nothing */
    uint8_t *host = new_mapping(true, many);
    const size_t pages = HAYWIRE_WINDOW_MAX / PAGE;
    const uint8_t *first = host + (many - 2 * pages) * PAGE, *start;
    HaywireOwnPages *own;
    uint64_t length, sum = 0;
    gint64 begun;

    for (size_t i = 0; i < 2 * pages; i++) {
        ((uint8_t *)first)[i * PAGE] = 1;
    }
    g_assert_cmpint(haywire_own_pages_open(0, &own), ==, HAYWIRE_OK);
    begun = g_get_monotonic_time();
    for (const uint8_t *at = host;
         haywire_own_pages_next(own, at, host + many * PAGE, &start, &length) ==
         HAYWIRE_OK;
         at = start + length) {
        g_assert_cmpuint(length, <=, HAYWIRE_WINDOW_MAX);
        g_assert_true(length == 0 || start == first + sum);
        sum += length;
    }
    g_test_message("64 GiB took %" G_GINT64_FORMAT " us",
                   g_get_monotonic_time() - begun);
    g_assert_cmpuint(sum, ==, 2 * HAYWIRE_WINDOW_MAX);
    haywire_own_pages_close(own);
    munmap(host, many * PAGE);
}

/* What nobody says in one go is asked for in portions, for who may stop. */
static void test_portions(void)
{
    const size_t many = 4 * HAYWIRE_PEEKS_MAX * 64; /* pages of nothing */
    const uint8_t *start, *host = new_mapping(true, many);
    const uint8_t *end = host + many * PAGE, *at = host;
    HaywireOwnPages *own;
    uint64_t length;
    int empty = 0;

    g_assert_cmpint(haywire_own_pages_open(HAYWIRE_WITHOUT_PAGEMAP, &own), ==,
                    HAYWIRE_OK);
    while (haywire_own_pages_next(own, at, end, &start, &length) ==
           HAYWIRE_OK) {
        g_assert_cmpuint(length, ==, 0);
        g_assert_true(start > at && start <= end);
        at = start;
        empty++;
    }
    g_assert_cmpint(empty, >=, 3);
    haywire_own_pages_close(own);
    munmap((void *)(uintptr_t)host, many * PAGE);
}

/* A file that another process has in memory is not in our page table. */
static void test_others(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
        const int fd = memfd_create("own-pages", MFD_CLOEXEC);
        HaywireSpot spot = { .length = 8 };
        HaywireRegion region = { .length = PAGE, .has_file = true };
        const uint64_t word = 1;
        HaywireOwnPages *own;

        g_assert_cmpint(haywire_own_pages_open(ways[i], &own), ==, HAYWIRE_OK);
        g_assert_cmpint(pwrite(fd, &word, sizeof(word), 0), ==, sizeof(word));
        region.host = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
        g_assert_true(region.host != MAP_FAILED);
        spot.region = &region;
        haywire_own_pages_ask(own, &spot, 1);
        g_assert_cmpint(spot.status, !=, HAYWIRE_OK);
        haywire_own_pages_close(own);
        munmap((void *)(uintptr_t)region.host, PAGE);
        close(fd);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/own-pages/anonymous", test_anonymous);
    g_test_add_func("/own-pages/file", test_file);
    g_test_add_func("/own-pages/no-stale-answers", test_no_stale_answers);
    g_test_add_func("/own-pages/window", test_window);
    g_test_add_func("/own-pages/portions", test_portions);
    g_test_add_func("/own-pages/others", test_others);
    return g_test_run();
}
