/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page tables read in both ways, whole and where pages are, of memory that
 * this program lays out: the same runs.
 */

#include <fcntl.h>
#include <glib.h>
#include <linux/userfaultfd.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "haywire/pagemap_scan.h"
#include "os/linux/linux_collector.h"
#include "os/runs.h"

#define MIB         (UINT64_C(1) << 20)
#define PAGE        UINT64_C(4096)
#define SPARSE_SIZE (256 * MIB)

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102 /* Linux 6.13 */
#endif

static HaywireLinuxCollector *collector;

/* Memory of which nothing is there yet, 2 MiB aligned. */
static uint8_t *map_sparse(int fd, uint64_t size)
{
    uint8_t *all = mmap(NULL, size + 2 * MIB, PROT_NONE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    uint8_t *aligned;

    g_assert_true(all != MAP_FAILED);
    aligned = all + (-(uintptr_t)all & (2 * MIB - 1));
    g_assert_true(mmap(aligned, size, PROT_READ | PROT_WRITE,
                       MAP_FIXED | MAP_NORESERVE |
                           (fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED),
                       fd, 0) == aligned);
    return aligned;
}

static void join(void *opaque, const HaywireGuestRun *run)
{
    g_array_append_vals(opaque, run, 1);
}

typedef struct Runs {
    GArray *all;
    HaywireGuestRun last;
    guint calls;
} Runs;

static void sink(void *opaque, const HaywireGuestRun *run)
{
    Runs *runs = opaque;

    haywire_run_add(&runs->last, run, join, runs->all);
}

/* All runs of a section, as a camera puts them together. */
static Runs read_runs(const uint8_t *memory, uint64_t size, bool whole)
{
    Runs runs = { .all = g_array_new(FALSE, FALSE, sizeof(HaywireGuestRun)) };
    HaywireCollector *base = &collector->base;
    uint64_t at = (uintptr_t)memory, end = at + size;
    HaywireOpenProcess *process;
    HaywireBrief brief;

    collector->scan_off = whole;
    g_assert_cmpint(base->ops->open(base, (uint32_t)getpid(), &process, &brief),
                    ==, HAYWIRE_COLLECT_OK);
    while (at < end) {
        uint64_t next = 0;

        g_assert_cmpint(
            haywire_linux_pages(base, process, at, end, sink, &runs, &next), ==,
            HAYWIRE_COLLECT_OK);
        g_assert_cmphex(next, >, at);
        g_assert_cmphex(next, <=, end);
        at = next;
        runs.calls++;
    }
    base->ops->close(base, process);
    if (runs.last.pages > 0) {
        g_array_append_val(runs.all, runs.last);
    }
    return runs;
}

static bool kernel_scans(void)
{
    HaywirePagemapRegion part[1];
    HaywirePagemapScan scan = {
        .start = (uintptr_t)part & -PAGE,
        .end = ((uintptr_t)part & -PAGE) + PAGE,
        .vec = (uintptr_t)part,
        .vec_len = 1,
        .category_anyof_mask = HAYWIRE_PAGEMAP_PRESENT,
        .return_mask = HAYWIRE_PAGEMAP_PRESENT,
    };
    int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    long found = haywire_pagemap_scan(pagemap, &scan);

    close(pagemap);
    return found == 1;
}

/* Returns how many pages there are. */
static uint64_t assert_same(const uint8_t *memory, uint64_t size)
{
    Runs whole = read_runs(memory, size, true);
    Runs parts = read_runs(memory, size, false);
    uint64_t pages = 0;

    g_assert_cmpuint(parts.all->len, ==, whole.all->len);
    for (guint i = 0; i < whole.all->len; i++) {
        const HaywireGuestRun *a =
            &g_array_index(whole.all, HaywireGuestRun, i);
        const HaywireGuestRun *b =
            &g_array_index(parts.all, HaywireGuestRun, i);

        g_assert_cmphex(a->gva, ==, b->gva);
        g_assert_cmphex(a->value, ==, b->value);
        g_assert_cmpuint(a->pages, ==, b->pages);
        g_assert_cmphex(a->flags, ==, b->flags);
        /* Without the kernel's word it may only be not known. */
        g_assert_true(a->page_shift == 0 || a->page_shift == b->page_shift);
        pages += a->pages;
    }
    if (kernel_scans()) {
        g_assert_false(collector->scan_off);
    }
    g_array_unref(whole.all);
    g_array_unref(parts.all);
    return pages;
}

static void test_scattered(void)
{
    uint8_t *memory = map_sparse(-1, SPARSE_SIZE);
    uint64_t pages = 0;

    g_assert_cmpint(madvise(memory, SPARSE_SIZE, MADV_NOHUGEPAGE), ==, 0);
    g_assert_cmpuint(assert_same(memory, SPARSE_SIZE), ==, 0);
    /* Far apart, close together, in rows, the first and the last. */
    for (uint64_t at = 0; at < SPARSE_SIZE; at += (pages % 7 + 1) * 61 * PAGE) {
        memory[at] = 1;
        pages++;
    }
    memory[SPARSE_SIZE - 1] = 1;
    g_assert_cmpuint(assert_same(memory, SPARSE_SIZE), >=, pages);
    munmap(memory, SPARSE_SIZE);
}

/* More than is read at a time, in one row, from an odd page on. */
static void test_dense(void)
{
    uint8_t *memory = map_sparse(-1, SPARSE_SIZE);
    uint64_t dense = 80 * MIB + 3 * PAGE;

    g_assert_cmpint(madvise(memory, SPARSE_SIZE, MADV_NOHUGEPAGE), ==, 0);
    for (uint64_t at = 5 * PAGE; at < dense; at += PAGE) {
        memory[at] = 1;
    }
    g_assert_cmpuint(assert_same(memory, SPARSE_SIZE), ==, dense / PAGE - 5);
    munmap(memory, SPARSE_SIZE);
}

/* Huge pages among others; whether there are any is the kernel's choice. */
static void test_huge(void)
{
    uint8_t *memory = map_sparse(-1, SPARSE_SIZE);
    uint64_t pages;

    (void)madvise(memory, SPARSE_SIZE, MADV_HUGEPAGE);
    for (uint64_t at = 0; at < 48 * MIB; at += 2 * MIB) {
        memory[at] = 1;
    }
    memory[100 * MIB + PAGE] = 1;
    pages = assert_same(memory, SPARSE_SIZE);
    g_test_message("%" G_GUINT64_FORMAT " pages", pages);
    g_assert_cmpuint(pages, >=, 25);
    munmap(memory, SPARSE_SIZE);
}

static void test_file_and_protected(void)
{
    int fd = memfd_create("pages", MFD_CLOEXEC);
    uint8_t *memory;

    g_assert_cmpint(ftruncate(fd, (off_t)SPARSE_SIZE), ==, 0);
    memory = map_sparse(fd, SPARSE_SIZE);
    for (uint64_t at = 0; at < 4 * MIB; at += 2 * PAGE) {
        memory[at] = 1;
    }
    memory[200 * MIB] = 1;
    g_assert_cmpint(mprotect(memory, 2 * MIB, PROT_NONE), ==, 0);
    /* The file's other pages may be mapped along by a fault nearby. */
    g_assert_cmpuint(assert_same(memory, SPARSE_SIZE), >=, 513);
    munmap(memory, SPARSE_SIZE);
    close(fd);
}

/* 64 TiB that nobody touches: read whole, that takes minutes. */
static void test_enormous(void)
{
    const uint64_t size = UINT64_C(1) << 46;
    uint8_t *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    Runs runs;

    if (!kernel_scans() || memory == MAP_FAILED) {
        g_test_skip("needs PAGEMAP_SCAN and address space");
        return;
    }
    memory[size / 2] = 1;
    runs = read_runs(memory, size, false);
    g_assert_cmpuint(runs.all->len, ==, 1);
    g_assert_cmpuint(runs.calls, <, 10);
    g_array_unref(runs.all);
    munmap(memory, size);
}

/* All there is to be seen of a mapping, in both ways. */
static void assert_runs(const uint8_t *memory, uint64_t size,
                        const HaywireGuestRun *wanted, guint count)
{
    for (int whole = 0; whole < 2; whole++) {
        Runs runs = read_runs(memory, size, whole);

        g_assert_cmpuint(runs.all->len, ==, count);
        for (guint i = 0; i < count; i++) {
            const HaywireGuestRun *run =
                &g_array_index(runs.all, HaywireGuestRun, i);

            g_assert_cmphex(run->gva - (uintptr_t)memory, ==, wanted[i].gva);
            g_assert_cmpuint(run->pages, ==, wanted[i].pages);
            g_assert_cmphex(run->flags & wanted[i].flags, ==, wanted[i].flags);
            g_assert_true((run->flags & HAYWIRE_RUN_PRESENT) ||
                          run->flags == wanted[i].flags);
        }
        g_array_unref(runs.all);
    }
}

static void test_guard(void)
{
    uint8_t *memory = map_sparse(-1, SPARSE_SIZE);
    const HaywireGuestRun wanted[] = {
        { .gva = 0, .pages = 1, .flags = HAYWIRE_RUN_PRESENT },
        { .gva = 4 * PAGE, .pages = 8, .flags = HAYWIRE_RUN_GUARD },
        { .gva = 200 * MIB, .pages = 512, .flags = HAYWIRE_RUN_GUARD },
    };

    g_assert_cmpint(madvise(memory, SPARSE_SIZE, MADV_NOHUGEPAGE), ==, 0);
    memory[0] = 1;
    memory[4 * PAGE] = 1;
    if (madvise(memory + 4 * PAGE, 8 * PAGE, MADV_GUARD_INSTALL) != 0) {
        g_test_skip("needs Linux 6.13");
    } else {
        g_assert_cmpint(
            madvise(memory + 200 * MIB, 2 * MIB, MADV_GUARD_INSTALL), ==, 0);
        assert_runs(memory, SPARSE_SIZE, wanted, G_N_ELEMENTS(wanted));
    }
    munmap(memory, SPARSE_SIZE);
}

/* Write-protect memory for a userfaultfd; -1 where the kernel cannot. */
static int protect(uint8_t *memory, uint64_t size)
{
    struct uffdio_api api = { .api = UFFD_API,
                              .features = UFFD_FEATURE_WP_HUGETLBFS_SHMEM };
    struct uffdio_register range = { .range = { (uintptr_t)memory, size },
                                     .mode = UFFDIO_REGISTER_MODE_WP };
    struct uffdio_writeprotect wp = { .range = { (uintptr_t)memory, size },
                                      .mode = UFFDIO_WRITEPROTECT_MODE_WP };
    int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);

    if (fd >= 0 && (ioctl(fd, UFFDIO_API, &api) != 0 ||
                    ioctl(fd, UFFDIO_REGISTER, &range) != 0 ||
                    ioctl(fd, UFFDIO_WRITEPROTECT, &wp) != 0)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* Pages that a userfaultfd waits for, one of which is there. */
static void test_userfaultfd(void)
{
    const HaywireGuestRun wanted[] = {
        { .gva = 0, .pages = 3, .flags = HAYWIRE_RUN_UFFD_WP },
        { .gva = 3 * PAGE,
          .pages = 1,
          .flags = HAYWIRE_RUN_PRESENT | HAYWIRE_RUN_UFFD_WP },
        { .gva = 4 * PAGE,
          .pages = SPARSE_SIZE / PAGE - 4,
          .flags = HAYWIRE_RUN_UFFD_WP },
    };
    int file = memfd_create("pages", MFD_CLOEXEC);
    uint8_t *memory;
    int fd;

    g_assert_cmpint(ftruncate(file, (off_t)SPARSE_SIZE), ==, 0);
    memory = map_sparse(file, SPARSE_SIZE);
    g_assert_cmpint(madvise(memory, SPARSE_SIZE, MADV_NOHUGEPAGE), ==, 0);
    memory[3 * PAGE] = 1;
    fd = protect(memory, SPARSE_SIZE);
    if (fd < 0) {
        g_test_skip("needs userfaultfd, and Linux 5.19");
    } else {
        assert_runs(memory, SPARSE_SIZE, wanted, G_N_ELEMENTS(wanted));
        close(fd);
    }
    munmap(memory, SPARSE_SIZE);
    close(file);
}

/* What smaps says is mapped by large entries, of the section at @memory. */
static uint64_t huge_bytes(const uint8_t *memory)
{
    g_autofree char *start = g_strdup_printf("%lx-", (unsigned long)memory);
    g_autofree char *text = NULL;
    const char *at = NULL;
    unsigned long kib = 0;

    g_assert_true(g_file_get_contents("/proc/self/smaps", &text, NULL, NULL));
    for (const char *line = text; line && !at; line = strchr(line, '\n')) {
        line += *line == '\n';
        at = g_str_has_prefix(line, start) ? line : NULL;
    }
    g_assert_nonnull(at);
    at = strstr(at, "AnonHugePages:");
    g_assert_cmpint(sscanf(at, "AnonHugePages: %lu kB", &kib), ==, 1);
    return kib * 1024;
}

/* Bytes in runs whose page size is said to be this; all where it is 0. */
static uint64_t bytes_of_shift(const Runs *runs, unsigned shift)
{
    uint64_t pages = 0;

    for (guint i = 0; i < runs->all->len; i++) {
        const HaywireGuestRun *run =
            &g_array_index(runs->all, HaywireGuestRun, i);

        pages += shift == 0 || run->page_shift == shift ? run->pages : 0;
    }
    return pages * PAGE;
}

/* The page size as the page table has it. */
static void assert_sizes(const uint8_t *memory, uint64_t size)
{
    uint64_t huge = huge_bytes(memory);
    Runs untold = read_runs(memory, size, true);
    Runs told = read_runs(memory, size, false);

    if (huge != huge_bytes(memory)) {
        g_test_message("the kernel changed its mind meanwhile: once more");
        g_array_unref(untold.all);
        g_array_unref(told.all);
        assert_sizes(memory, size);
        return;
    }
    g_test_message("%" G_GUINT64_FORMAT " bytes are mapped by huge entries",
                   huge);
    if (kernel_scans()) {
        g_assert_cmpuint(bytes_of_shift(&told, 21), ==, huge);
        g_assert_cmpuint(bytes_of_shift(&told, 12), ==, size - huge);
    }
    g_array_unref(told.all);
    g_assert_cmpuint(bytes_of_shift(&untold, 0), ==, size);
    g_assert_cmpuint(bytes_of_shift(&untold, 21), ==, 0);
    g_assert_cmpuint(bytes_of_shift(&untold, 12), <=, size - huge);
    g_array_unref(untold.all);
}

/* Huge pages, and then one that is mapped page by page. */
static void test_split(void)
{
    uint8_t *memory = map_sparse(-1, 8 * MIB);

    (void)madvise(memory, 8 * MIB, MADV_HUGEPAGE);
    memset(memory, 1, 8 * MIB);
    assert_sizes(memory, 8 * MIB);
    g_assert_cmpint(mprotect(memory + 2 * MIB, PAGE, PROT_READ), ==, 0);
    g_assert_cmpint(mprotect(memory + 2 * MIB, PAGE, PROT_READ | PROT_WRITE),
                    ==, 0);
    assert_sizes(memory, 8 * MIB);
    munmap(memory, 8 * MIB);
}

/* A page of hugetlb, if there is one in the pool. */
static void test_pool(void)
{
    uint8_t *memory = mmap(NULL, 2 * MIB, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);

    if (memory == MAP_FAILED) {
        g_test_skip("needs a free huge page: /proc/sys/vm/nr_hugepages");
        return;
    }
    memory[0] = 1;
    for (int whole = 0; whole < 2; whole++) {
        Runs runs = read_runs(memory, 2 * MIB, whole);

        g_assert_cmpuint(runs.all->len, ==, 1);
        g_assert_cmpuint(bytes_of_shift(&runs, 21), ==, 2 * MIB);
        g_array_unref(runs.all);
    }
    munmap(memory, 2 * MIB);
}

int main(int argc, char **argv)
{
    const char *why = NULL;
    int status;

    g_test_init(&argc, &argv, NULL);
    collector = haywire_linux_collector(haywire_collector_new(&why));
    g_assert_nonnull(collector);
    g_test_add_func("/companion-pages/scattered", test_scattered);
    g_test_add_func("/companion-pages/dense", test_dense);
    g_test_add_func("/companion-pages/huge", test_huge);
    g_test_add_func("/companion-pages/file-and-protected",
                    test_file_and_protected);
    g_test_add_func("/companion-pages/enormous", test_enormous);
    g_test_add_func("/companion-pages/guard", test_guard);
    g_test_add_func("/companion-pages/userfaultfd", test_userfaultfd);
    g_test_add_func("/companion-pages/split", test_split);
    g_test_add_func("/companion-pages/pool", test_pool);
    status = g_test_run();
    collector->base.ops->destroy(&collector->base);
    return status;
}
