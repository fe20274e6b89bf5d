/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that goes away, or was never there: the reader learns why, and nothing
 * happens to it or to the host.
 */

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "haywire/beacon_protocol.h"
#include "own_pages.h"

#define PAGE HAYWIRE_PAGE_SIZE
#define HUGE (UINT64_C(2) << 20)

#define POSITION(value) ((HaywirePosition){ value })

#define WORD_AT 4092

static int new_file(unsigned flags, uint64_t size)
{
    int fd = memfd_create("lost", MFD_CLOEXEC | flags);

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(ftruncate(fd, (off_t)size), ==, 0);
    return fd;
}

static uint8_t *map(int fd, uint64_t size)
{
    uint8_t *host =
        mmap(NULL, size, PROT_READ | PROT_WRITE,
             fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, fd, 0);

    g_assert_true(host != MAP_FAILED);
    madvise(host, size, MADV_NOHUGEPAGE);
    return host;
}

static void fill(int fd, uint64_t start, uint64_t end)
{
    uint8_t page[PAGE];

    memset(page, 0x77, sizeof(page));
    for (; start < end; start += PAGE) {
        g_assert_cmpint(pwrite(fd, page, PAGE, (off_t)start), ==, PAGE);
    }
}

static HaywireMemory *open_file(int fd)
{
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
    HaywireMemory *memory = NULL;

    g_assert_cmpint(haywire_memory_file_open(fd, path, &memory), ==,
                    HAYWIRE_OK);
    return memory;
}

static HaywireMemory *map_region(const HaywireRegion *region)
{
    HaywireMemory *memory = NULL;

    g_assert_cmpint(haywire_memory_mapped_new(NULL, NULL, &memory), ==,
                    HAYWIRE_OK);
    haywire_memory_mapped_set(memory, region, 1, NULL);
    return memory;
}

/* By read, by one of many pieces, and by peek: always the same reason. */
static void check_page(HaywireMemory *memory, uint64_t page,
                       HaywireStatus expected, uint8_t byte)
{
    HaywirePeek peek = { .page = { page } };
    uint8_t copy[PAGE];
    size_t got = 99;

    haywire_memory_peek(memory, WORD_AT, &peek, 1);
    g_assert_cmpint(peek.status, ==, expected);
    g_assert_cmpint(
        haywire_memory_read(memory, POSITION(page), copy, PAGE, &got), ==,
        expected);
    g_assert_cmpuint(got, ==, expected == HAYWIRE_OK ? PAGE : 0);
    if (expected == HAYWIRE_OK) {
        g_assert_cmphex(peek.word, ==, byte * 0x01010101u);
        g_assert_cmphex(copy[0], ==, byte);
        g_assert_cmphex(copy[PAGE - 1], ==, byte);
    }
}

/* Bytes that a scan would look at; each page's first word is touched. */
static uint64_t look_at_all(HaywireMemory *memory)
{
    HaywirePosition at = { 0 };
    HaywireWindow window;
    uint64_t bytes = 0;

    while (haywire_memory_next_window(memory, at, &window) == HAYWIRE_OK) {
        for (uint64_t i = 0; i < window.length; i += PAGE) {
            g_assert_cmphex(*(const volatile uint8_t *)(window.host + i), !=,
                            0xee);
        }
        bytes += window.length;
        at.value = window.start.value + window.length;
    }
    return bytes;
}

/* Between the kernel's answer and the copy the pages go: an error, no signal. */
static void test_after_the_answer(void)
{
    int fd = new_file(0, 8 * PAGE);
    uint8_t *host = map(fd, 8 * PAGE), to[8 * PAGE];
    const HaywireRegion region = { .length = 8 * PAGE, .host = host };
    HaywireSpot spot[8];
    HaywireOwnPages *own;

    memset(host, 0x77, 8 * PAGE);
    g_assert_cmpint(haywire_own_pages_open(0, &own), ==, HAYWIRE_OK);
    for (int i = 0; i < 8; i++) {
        spot[i] = (HaywireSpot){ &region, (uint64_t)(i ^ 1) * PAGE,
                                 to + i * PAGE, PAGE, HAYWIRE_IO_ERROR };
    }
    haywire_own_pages_ask(own, spot, 8);
    for (int i = 0; i < 8; i++) {
        g_assert_cmpint(spot[i].status, ==, HAYWIRE_OK);
    }
    g_assert_cmpint(ftruncate(fd, 5 * PAGE), ==, 0);
    haywire_own_pages_copy(own, spot, 8);
    for (int i = 0; i < 8; i++) {
        g_assert_cmpint(spot[i].status, ==,
                        (i ^ 1) < 5 ? HAYWIRE_OK : HAYWIRE_BROKEN_PAGE);
        g_assert_true((i ^ 1) >= 5 || to[i * PAGE + 9] == 0x77);
    }
    haywire_own_pages_close(own);
    munmap(host, 8 * PAGE);
    close(fd);
}

/* A balloon takes a page of a live file: a hole, which stays one. */
static void test_hole(void)
{
    int fd = new_file(0, 8 * PAGE);
    HaywireMemory *memory = open_file(fd);
    struct stat before, after;

    fill(fd, 0, 8 * PAGE);
    check_page(memory, 3 * PAGE, HAYWIRE_OK, 0x77);
    g_assert_cmpint(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                              3 * PAGE, PAGE),
                    ==, 0);
    g_assert_cmpint(fstat(fd, &before), ==, 0);
    check_page(memory, 3 * PAGE, HAYWIRE_HOLE, 0);
    check_page(memory, 4 * PAGE, HAYWIRE_OK, 0x77);
    g_assert_cmpuint(look_at_all(memory), ==, 7 * PAGE);
    g_assert_cmpint(fstat(fd, &after), ==, 0);
    g_assert_cmpint(after.st_blocks, ==, before.st_blocks);
    haywire_memory_destroy(memory);
    close(fd);
}

/* Whichever page is asked for, and however it is looked at. */
static void test_truncated(void)
{
    int fd = new_file(0, 64 * PAGE);
    HaywireMemory *memory = open_file(fd);
    HaywireWindow window;

    fill(fd, 0, 64 * PAGE);
    check_page(memory, 40 * PAGE, HAYWIRE_OK, 0x77);
    g_assert_cmpint(haywire_memory_check(memory), ==, HAYWIRE_OK);
    g_assert_cmpint(ftruncate(fd, 8 * PAGE), ==, 0);
    g_assert_cmpint(haywire_memory_check(memory), ==, HAYWIRE_SOURCE_TRUNCATED);
    check_page(memory, 40 * PAGE, HAYWIRE_SOURCE_TRUNCATED, 0);
    g_assert_cmpint(haywire_memory_next_window(memory, POSITION(0), &window),
                    ==, HAYWIRE_SOURCE_TRUNCATED);
    g_assert_cmpint(haywire_memory_swap_word(memory, POSITION(32 * PAGE), 0, 1),
                    ==, HAYWIRE_SOURCE_TRUNCATED);
    haywire_memory_destroy(memory);
    close(fd);
}

/* A file under memory of our own that somebody cuts off. */
static void test_mapped_truncated(void)
{
    int fd = new_file(0, 8 * PAGE);
    uint8_t *host = map(fd, 8 * PAGE);
    const HaywireRegion region = { .length = 8 * PAGE,
                                   .host = host,
                                   .has_file = true };
    HaywireMemory *memory = map_region(&region);

    memset(host, 0x77, 8 * PAGE);
    check_page(memory, 6 * PAGE, HAYWIRE_OK, 0x77);
    g_assert_cmpint(ftruncate(fd, 4 * PAGE), ==, 0);
    check_page(memory, 6 * PAGE, HAYWIRE_NOT_RESIDENT, 0);
    check_page(memory, 3 * PAGE, HAYWIRE_OK, 0x77);
    g_assert_cmpuint(look_at_all(memory), ==, 4 * PAGE);
    haywire_memory_destroy(memory);
    munmap(host, 8 * PAGE);
    close(fd);
}

/* ---- Huge pages -------------------------------------------------------- */

#define POOL "/proc/sys/vm/nr_hugepages"

static char *pool_before;

static gboolean set_pool(const char *pages)
{
    int fd = open(POOL, O_WRONLY | O_CLOEXEC);
    gboolean done =
        fd >= 0 && write(fd, pages, strlen(pages)) == (ssize_t)strlen(pages);

    if (fd >= 0) {
        close(fd);
    }
    return done;
}

static void restore_pool(void)
{
    if (pool_before) {
        set_pool(pool_before);
        g_clear_pointer(&pool_before, g_free);
    }
}

/* One huge page for everybody. FALSE: it cannot be had. */
static gboolean take_pool(void)
{
    g_autofree char *now = NULL;

    if (!g_file_get_contents(POOL, &pool_before, NULL, NULL) ||
        g_ascii_strtoll(pool_before, NULL, 10) != 0 || !set_pool("1") ||
        !g_file_get_contents(POOL, &now, NULL, NULL) ||
        g_ascii_strtoll(now, NULL, 10) != 1) {
        restore_pool();
        return FALSE;
    }
    return TRUE;
}

/* The first page takes all of the pool; of the others none can be had. */
static void test_huge_file(void)
{
    struct stat before, after;
    HaywireMemory *memory;
    uint8_t *host;
    int fd;

    if (!take_pool()) {
        g_test_skip("no huge pages: needs root, and none in use");
        return;
    }
    fd = memfd_create("huge", MFD_HUGETLB | MFD_CLOEXEC);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(ftruncate(fd, 3 * HUGE), ==, 0);
    host = mmap(NULL, 3 * HUGE, PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_NORESERVE, fd, 0);
    g_assert_true(host != MAP_FAILED);
    memset(host + HUGE, 0x77, HUGE);
    g_assert_cmpint(fstat(fd, &before), ==, 0);
    memory = open_file(fd);
    check_page(memory, HUGE + 5 * PAGE, HAYWIRE_OK, 0x77);
    check_page(memory, 2 * HUGE + 5 * PAGE, HAYWIRE_OK, 0);
    check_page(memory, 0, HAYWIRE_OK, 0);
    g_assert_cmpuint(look_at_all(memory), ==, 3 * HUGE);
    g_assert_cmpint(haywire_memory_swap_word(memory, POSITION(HUGE + 64),
                                             0x7777777777777777, 5),
                    ==, HAYWIRE_OK);
    g_assert_cmpuint(((uint64_t *)(host + HUGE))[8], ==, 5);
    g_assert_cmpint(haywire_memory_swap_word(memory, POSITION(64), 7, 5), ==,
                    HAYWIRE_FOCUS_LOST_RACE);
    g_assert_cmpint(fstat(fd, &after), ==, 0);
    g_assert_cmpint(after.st_blocks, ==, before.st_blocks);
    haywire_memory_destroy(memory);
    munmap(host, 3 * HUGE);
    close(fd);
    restore_pool();
}

/* As QEMU has it mapped: what it never touched is not touched by us. */
static void test_huge_mapped(void)
{
    HaywireRegion region = { .length = 2 * HUGE, .has_file = true };
    HaywireMemory *memory;
    int fd;

    if (!take_pool()) {
        g_test_skip("no huge pages: needs root, and none in use");
        return;
    }
    fd = memfd_create("huge", MFD_HUGETLB | MFD_CLOEXEC);
    g_assert_cmpint(ftruncate(fd, 2 * HUGE), ==, 0);
    region.host = mmap(NULL, 2 * HUGE, PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_NORESERVE, fd, 0);
    memset((uint8_t *)region.host, 0x77, HUGE);
    memory = map_region(&region);
    check_page(memory, 7 * PAGE, HAYWIRE_OK, 0x77);
    check_page(memory, HUGE, HAYWIRE_NOT_RESIDENT, 0);
    g_assert_cmpuint(look_at_all(memory), ==, HUGE);
    haywire_memory_destroy(memory);
    munmap((uint8_t *)region.host, 2 * HUGE);
    close(fd);
    restore_pool();
}

/* ---- Broken pages ------------------------------------------------------ */

#ifndef UFFDIO_POISON
struct uffdio_poison {
    struct uffdio_range range;
    __u64 mode;
    __s64 updated;
};
#define UFFDIO_POISON _IOWR(UFFDIO, 0x08, struct uffdio_poison)
#endif
#define FEATURE_POISON (UINT64_C(1) << 14)

/* Touching the page raises SIGBUS from now on. FALSE: not on this kernel. */
static gboolean poison(uint8_t *page)
{
    int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
    struct uffdio_api api = { .api = UFFD_API, .features = FEATURE_POISON };
    struct uffdio_register range = {
        .range = { (uintptr_t)page, PAGE },
        .mode = UFFDIO_REGISTER_MODE_MISSING,
    };
    struct uffdio_poison broken = { .range = { (uintptr_t)page, PAGE } };

    return fd >= 0 && ioctl(fd, UFFDIO_API, &api) == 0 &&
           ioctl(fd, UFFDIO_REGISTER, &range) == 0 &&
           ioctl(fd, UFFDIO_POISON, &broken) == 0;
}

/* Among others that are read all the same. */
static void check_broken(HaywireMemory *memory)
{
    HaywireStatus why =
        haywire_swap_is_used() ? HAYWIRE_SWAPPED : HAYWIRE_BROKEN_PAGE;
    uint8_t to[3 * PAGE];
    HaywirePiece piece[3];

    for (size_t i = 0; i < 3; i++) {
        piece[i] = (HaywirePiece){ .where = { i * PAGE },
                                   .to = to + i * PAGE,
                                   .length = PAGE };
    }
    haywire_memory_read_pieces(memory, piece, 3);
    g_assert_cmpint(piece[0].status, ==, HAYWIRE_OK);
    g_assert_cmpint(piece[1].status, ==, why);
    g_assert_cmpint(piece[2].status, ==, HAYWIRE_OK);
    g_assert_cmphex(to[2 * PAGE], ==, 0x77);
    check_page(memory, PAGE, why, 0);
    g_assert_cmpuint(look_at_all(memory), ==, 2 * PAGE);
    g_assert_cmpint(haywire_memory_swap_word(memory, POSITION(PAGE), 0, 1), ==,
                    HAYWIRE_SWAPPED);
}

static void test_poisoned(void)
{
    uint8_t *host = map(-1, 3 * PAGE);
    const HaywireRegion region = { .length = 3 * PAGE, .host = host };
    HaywireMemory *memory = map_region(&region);

    memset(host, 0x77, PAGE);
    memset(host + 2 * PAGE, 0x77, PAGE);
    if (poison(host + PAGE)) {
        check_broken(memory);
    } else {
        g_test_skip("no UFFDIO_POISON (Linux 6.6), or not allowed");
    }
    haywire_memory_destroy(memory);
    munmap(host, 3 * PAGE);
}

static void test_hwpoison(void)
{
    uint8_t *host = map(-1, 3 * PAGE);
    const HaywireRegion region = { .length = 3 * PAGE, .host = host };
    HaywireMemory *memory = map_region(&region);

    memset(host, 0x77, 3 * PAGE);
    if (madvise(host + PAGE, PAGE, MADV_HWPOISON) == 0) {
        check_broken(memory);
    } else {
        g_test_skip("no MADV_HWPOISON: needs root and CONFIG_MEMORY_FAILURE");
    }
    haywire_memory_destroy(memory);
    munmap(host, 3 * PAGE);
}

/* A broken page of a file: pages behind it are found and read. */
static void test_hwpoison_file(void)
{
    int fd = new_file(0, 3 * PAGE);
    uint8_t *host = map(fd, 3 * PAGE);
    HaywireMemory *memory = open_file(fd);

    memset(host, 0x77, 3 * PAGE);
    check_page(memory, PAGE, HAYWIRE_OK, 0x77);
    if (madvise(host + PAGE, PAGE, MADV_HWPOISON) == 0) {
        check_page(memory, PAGE, HAYWIRE_BROKEN_PAGE, 0);
        check_page(memory, 2 * PAGE, HAYWIRE_OK, 0x77);
        g_assert_cmpuint(look_at_all(memory), ==, 2 * PAGE);
    } else {
        g_test_skip("no MADV_HWPOISON: needs root and CONFIG_MEMORY_FAILURE");
    }
    haywire_memory_destroy(memory);
    munmap(host, 3 * PAGE);
    close(fd);
}

/* ---- Swapped pages ----------------------------------------------------- */

#define SWAP_PAGES 4096
#define COLD_PAGES 1024

static char *swap_path;

static void end_swap(void)
{
    if (swap_path) {
        swapoff(swap_path);
        g_unlink(swap_path);
        g_clear_pointer(&swap_path, g_free);
    }
}

/* A file for the host to swap to. FALSE: it will not. */
static gboolean begin_swap(void)
{
    g_autofree uint8_t *page = g_malloc0(PAGE);
    const uint32_t header[] = { 1, SWAP_PAGES - 1, 0 };
    int fd = g_file_open_tmp("haywire-swap-XXXXXX", &swap_path, NULL);

    g_assert_cmpint(fd, >=, 0);
    for (int i = 1; i < SWAP_PAGES; i++) {
        g_assert_cmpint(pwrite(fd, page, PAGE, (off_t)i * PAGE), ==, PAGE);
    }
    memcpy(page + 1024, header, sizeof(header));
    memcpy(page + PAGE - 10, "SWAPSPACE2", 10);
    g_assert_cmpint(pwrite(fd, page, PAGE, 0), ==, PAGE);
    g_assert_cmpint(fsync(fd), ==, 0);
    close(fd);
    if (swapon(swap_path, 0) != 0) {
        end_swap();
        return FALSE;
    }
    return TRUE;
}

/* Kilobytes of this process that are in the swap. */
static uint64_t swapped_kib(void)
{
    g_autofree char *text = NULL;
    const char *line;

    g_assert_true(g_file_get_contents("/proc/self/status", &text, NULL, NULL));
    line = strstr(text, "VmSwap:");
    g_assert_nonnull(line);
    return g_ascii_strtoull(line + strlen("VmSwap:"), NULL, 10);
}

/* Pages that the host has swapped in since it was started. */
static uint64_t swapped_in(void)
{
    g_autofree char *text = NULL;
    const char *line;

    g_assert_true(g_file_get_contents("/proc/vmstat", &text, NULL, NULL));
    line = strstr(text, "\npswpin ");
    g_assert_nonnull(line);
    return g_ascii_strtoull(line + strlen("\npswpin "), NULL, 10);
}

/* Returns how many pages were swapped out, and stayed that. */
static uint64_t check_cold(HaywireMemory *memory, uint64_t size)
{
    uint64_t swapped = 0, read = 0;

    look_at_all(memory);
    for (uint64_t at = 0; at < size; at += PAGE) {
        uint8_t copy[PAGE];
        size_t got;
        HaywireStatus status =
            haywire_memory_read(memory, POSITION(at), copy, PAGE, &got);
        HaywirePeek peek = { .page = { at } };

        haywire_memory_peek(memory, WORD_AT, &peek, 1);
        g_assert_cmpint(peek.status, ==, status);
        g_assert_true(status == HAYWIRE_OK || status == HAYWIRE_SWAPPED);
        swapped += status == HAYWIRE_SWAPPED;
        read += status == HAYWIRE_OK;
    }
    g_test_message("%" G_GUINT64_FORMAT " pages swapped, %" G_GUINT64_FORMAT
                   " read",
                   swapped, read);
    return swapped;
}

/* Guest RAM without a file, as QEMU has it mapped. */
static void test_swapped(void)
{
    uint8_t *host = map(-1, COLD_PAGES * PAGE);
    const HaywireRegion region = { .length = COLD_PAGES * PAGE, .host = host };
    HaywireMemory *memory = map_region(&region);
    uint64_t before, in;

    memset(host, 0x77, COLD_PAGES * PAGE);
    if (!begin_swap()) {
        g_test_skip("no swap: needs root, and a file system that takes it");
        goto out;
    }
    madvise(host, COLD_PAGES * PAGE, MADV_PAGEOUT);
    before = swapped_kib();
    in = swapped_in();
    g_assert_cmpuint(before, >, 0);
    g_assert_cmpuint(check_cold(memory, COLD_PAGES * PAGE), >, COLD_PAGES / 2);
    g_assert_cmpuint(swapped_kib(), >=, before);
    g_assert_cmpuint(swapped_in(), ==, in);
    g_assert_cmpint(haywire_memory_swap_word(memory, POSITION(0), 0, 1), ==,
                    HAYWIRE_SWAPPED);
    end_swap();
out:
    haywire_memory_destroy(memory);
    munmap(host, COLD_PAGES * PAGE);
}

static size_t pages_in_memory(uint8_t *host)
{
    uint8_t there[COLD_PAGES];
    size_t count = 0;

    g_assert_cmpint(mincore(host, COLD_PAGES * PAGE, there), ==, 0);
    for (size_t i = 0; i < COLD_PAGES; i++) {
        count += there[i] & 1;
    }
    return count;
}

/* A RAM file in tmpfs. */
static void test_swapped_file(void)
{
    int fd = new_file(0, COLD_PAGES * PAGE);
    uint8_t *host = map(fd, COLD_PAGES * PAGE);
    HaywireMemory *memory = open_file(fd);
    size_t there;

    memset(host, 0x77, COLD_PAGES * PAGE);
    if (!begin_swap()) {
        g_test_skip("no swap: needs root, and a file system that takes it");
        goto out;
    }
    check_page(memory, 5 * PAGE, HAYWIRE_OK, 0x77);
    /* Pages that two map are not taken: neither of us does. */
    haywire_memory_destroy(memory);
    madvise(host, COLD_PAGES * PAGE, MADV_PAGEOUT);
    memory = open_file(fd);
    there = pages_in_memory(host);
    if (check_cold(memory, COLD_PAGES * PAGE) == 0) {
        g_test_skip("the host keeps a copy of what it has swapped out");
    }
    g_assert_cmpuint(pages_in_memory(host), ==, there);
    end_swap();
out:
    haywire_memory_destroy(memory);
    munmap(host, COLD_PAGES * PAGE);
    close(fd);
}

/* The host is left as it was, also when a test fails. */
static void on_abort(int number)
{
    (void)number;
    end_swap();
    restore_pool();
}

int main(int argc, char **argv)
{
    int failed;

    g_test_init(&argc, &argv, NULL);
    signal(SIGABRT, on_abort);
    g_test_add_func("/memory-lost/after-the-answer", test_after_the_answer);
    g_test_add_func("/memory-lost/hole", test_hole);
    g_test_add_func("/memory-lost/truncated", test_truncated);
    g_test_add_func("/memory-lost/mapped-truncated", test_mapped_truncated);
    g_test_add_func("/memory-lost/huge-file", test_huge_file);
    g_test_add_func("/memory-lost/huge-mapped", test_huge_mapped);
    g_test_add_func("/memory-lost/poisoned", test_poisoned);
    g_test_add_func("/memory-lost/hwpoison", test_hwpoison);
    g_test_add_func("/memory-lost/hwpoison-file", test_hwpoison_file);
    g_test_add_func("/memory-lost/swapped", test_swapped);
    g_test_add_func("/memory-lost/swapped-file", test_swapped_file);
    failed = g_test_run();
    end_swap();
    return failed;
}
