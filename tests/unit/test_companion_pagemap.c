/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Page runs from pagemap entries. */

#include <glib.h>
#include <string.h>

#include "os/linux/pagemap.h"
#include "os/runs.h"

#define PRESENT    (UINT64_C(1) << 63)
#define SWAPPED    (UINT64_C(1) << 62)
#define FILE_PAGE  (UINT64_C(1) << 61)
#define EXCLUSIVE  (UINT64_C(1) << 56)
#define SOFT_DIRTY (UINT64_C(1) << 55)
#define HEAD       (UINT64_C(1) << 15)
#define TAIL       (UINT64_C(1) << 16)
#define HUGETLB    (UINT64_C(1) << 17)
#define THP        (UINT64_C(1) << 22)
#define BASE       G_GUINT64_CONSTANT(0x7f0000000000)
#define RUN_KNOWN  (HAYWIRE_RUN_PRESENT | HAYWIRE_RUN_PFN_KNOWN)

/* What kpageflags would say: one answer for heads, one for others. */
typedef struct Frames {
    uint64_t at_512; /* of frames that are multiples of 512 */
    uint64_t elsewhere;
    uint64_t gigantic; /* of multiples of 262144; 0: as at_512 */
    unsigned asked;
} Frames;

static uint64_t frame_flags(void *opaque, uint64_t pfn)
{
    Frames *frames = opaque;

    frames->asked++;
    if (pfn % 262144 == 0 && frames->gigantic) {
        return frames->gigantic;
    }
    return pfn % 512 ? frames->elsewhere : frames->at_512;
}

static void collect(void *opaque, const HaywireGuestRun *run)
{
    g_array_append_vals(opaque, run, 1);
}

static GArray *runs_of(Frames *frames, const uint64_t *entry, size_t count,
                       uint64_t gva, uint32_t frames_per_page)
{
    GArray *runs = g_array_new(FALSE, FALSE, sizeof(HaywireGuestRun));
    HaywirePagemapDecoder decoder = { frames_per_page, frame_flags, frames };

    haywire_pagemap_runs(&decoder, entry, count, gva, collect, runs);
    return runs;
}

static void assert_run(GArray *runs, guint i, uint64_t gva, uint64_t value,
                       uint64_t pages, unsigned flags, unsigned shift)
{
    const HaywireGuestRun *run = &g_array_index(runs, HaywireGuestRun, i);

    g_assert_cmpuint(i, <, runs->len);
    g_assert_cmphex(run->gva, ==, gva);
    g_assert_cmphex(run->value, ==, value);
    g_assert_cmpuint(run->pages, ==, pages);
    g_assert_cmphex(run->flags, ==, flags);
    g_assert_cmpuint(run->page_shift, ==, shift);
}

static void test_empty(void)
{
    uint64_t entry[16] = { 0, SOFT_DIRTY, EXCLUSIVE, FILE_PAGE };
    Frames frames = { 0 };
    g_autoptr(GArray) runs = runs_of(&frames, entry, 16, BASE, 1);

    g_assert_cmpuint(runs->len, ==, 0);
}

static void test_runs(void)
{
    uint64_t entry[] = {
        PRESENT | 100,
        PRESENT | 101,
        0,
        PRESENT | 102,
        PRESENT | 200,
        PRESENT | FILE_PAGE | 201,
        PRESENT | FILE_PAGE | SOFT_DIRTY | EXCLUSIVE | 202,
    };
    Frames frames = { 0 };
    g_autoptr(GArray) runs =
        runs_of(&frames, entry, G_N_ELEMENTS(entry), BASE, 1);

    g_assert_cmpuint(runs->len, ==, 5);
    assert_run(runs, 0, BASE, 100, 2, RUN_KNOWN, 12);
    assert_run(runs, 1, BASE + 0x3000, 102, 1, RUN_KNOWN, 12);
    assert_run(runs, 2, BASE + 0x4000, 200, 1, RUN_KNOWN, 12);
    assert_run(runs, 3, BASE + 0x5000, 201, 1, RUN_KNOWN | HAYWIRE_RUN_FILE,
               12);
    assert_run(runs, 4, BASE + 0x6000, 202, 1,
               RUN_KNOWN | HAYWIRE_RUN_FILE | HAYWIRE_RUN_SOFT_DIRTY |
                   HAYWIRE_RUN_EXCLUSIVE,
               12);
    g_assert_cmpuint(frames.asked, ==, 0);
}

static void test_hidden(void)
{
    uint64_t entry[] = { PRESENT, PRESENT, PRESENT };
    Frames frames = { 0 };
    g_autoptr(GArray) runs = runs_of(&frames, entry, 3, BASE, 1);

    g_assert_cmpuint(runs->len, ==, 1);
    assert_run(runs, 0, BASE, 0, 3, HAYWIRE_RUN_PRESENT, 12);
}

static void test_swapped(void)
{
    uint64_t entry[] = {
        SWAPPED | 7 << 5 | 1,
        SWAPPED | 8 << 5 | 1,
        SWAPPED | 9 << 5 | 2,
        SWAPPED | UINT64_C(0x3ffffffffffff) << 5 | 31,
    };
    Frames frames = { 0 };
    g_autoptr(GArray) runs = runs_of(&frames, entry, 4, BASE, 1);

    g_assert_cmpuint(runs->len, ==, 3);
    assert_run(runs, 0, BASE, 7, 2, HAYWIRE_RUN_SWAPPED, 0);
    assert_run(runs, 1, BASE + 0x2000, 9, 1, HAYWIRE_RUN_SWAPPED, 0);
    assert_run(runs, 2, BASE + 0x3000, 0x3ffffffffffff, 1, HAYWIRE_RUN_SWAPPED,
               0);
    g_assert_cmpuint(g_array_index(runs, HaywireGuestRun, 1).swap_type, ==, 2);
    g_assert_cmpuint(g_array_index(runs, HaywireGuestRun, 2).swap_type, ==, 31);
}

/* 512 entries in a row from frame 512 * 100 on, with more around them. */
static void fill_huge(uint64_t *entry, size_t count, uint64_t bits)
{
    for (size_t i = 0; i < count; i++) {
        entry[i] = PRESENT | bits | (51200 + i);
    }
}

static void test_huge(void)
{
    static const struct {
        uint64_t flags;
        uint64_t bits;
        unsigned shift;
    } cases[] = {
        { THP | HEAD, 0, 21 },
        { THP | HEAD, FILE_PAGE, 0 },
        { THP | TAIL, 0, 0 },
        { HUGETLB | HEAD, 0, 21 },
        { HUGETLB | HEAD, FILE_PAGE, 21 },
        { HEAD, 0, 12 },
        { 0, 0, 0 },
    };
    uint64_t entry[600];

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Frames frames = { .at_512 = cases[i].flags };
        g_autoptr(GArray) runs = NULL;

        fill_huge(entry, 600, cases[i].bits);
        runs = runs_of(&frames, entry, 512, BASE, 1);
        g_assert_cmpuint(runs->len, ==, 1);
        g_assert_cmpuint(g_array_index(runs, HaywireGuestRun, 0).page_shift, ==,
                         cases[i].shift);
        g_assert_cmpuint(g_array_index(runs, HaywireGuestRun, 0).pages, ==,
                         512);
    }
}

/* What is not aligned, or not all there, cannot be mapped by one entry. */
static void test_not_huge(void)
{
    Frames frames = { .at_512 = THP | HEAD };
    uint64_t entry[600];
    g_autoptr(GArray) displaced = NULL;
    g_autoptr(GArray) part = NULL;
    g_autoptr(GArray) holed = NULL;

    fill_huge(entry, 600, 0);
    displaced = runs_of(&frames, entry, 600, BASE + 0x1000, 1);
    assert_run(displaced, 0, BASE + 0x1000, 51200, 600, RUN_KNOWN, 12);
    part = runs_of(&frames, entry, 511, BASE, 1);
    assert_run(part, 0, BASE, 51200, 511, RUN_KNOWN, 12);
    entry[300] = 0;
    holed = runs_of(&frames, entry, 512, BASE, 1);
    assert_run(holed, 0, BASE, 51200, 300, RUN_KNOWN, 12);
    g_assert_cmpuint(frames.asked, ==, 0);
}

static void test_huge_ends(void)
{
    Frames frames = { .at_512 = THP | HEAD };
    uint64_t entry[600];
    g_autoptr(GArray) runs = NULL;

    fill_huge(entry, 600, 0);
    runs = runs_of(&frames, entry, 600, BASE, 1);
    g_assert_cmpuint(runs->len, ==, 2);
    assert_run(runs, 0, BASE, 51200, 512, RUN_KNOWN, 21);
    assert_run(runs, 1, BASE + 0x200000, 51712, 88, RUN_KNOWN, 12);
}

static void test_gigantic(void)
{
    uint64_t entry[512];
    Frames two_mib = { .at_512 = HUGETLB | HEAD };
    Frames one_gib = { .at_512 = HUGETLB | TAIL, .gigantic = HUGETLB | HEAD };
    g_autoptr(GArray) small = NULL;
    g_autoptr(GArray) large = NULL;
    g_autoptr(GArray) unaligned = NULL;

    for (size_t i = 0; i < 512; i++) {
        entry[i] = PRESENT | (262144 * 3 + 1024 + i);
    }
    small = runs_of(&two_mib, entry, 512, BASE + (1024 << 12), 1);
    assert_run(small, 0, BASE + (1024 << 12), 262144 * 3 + 1024, 512, RUN_KNOWN,
               21);
    large = runs_of(&one_gib, entry, 512, BASE + (1024 << 12), 1);
    assert_run(large, 0, BASE + (1024 << 12), 262144 * 3 + 1024, 512, RUN_KNOWN,
               30);
    unaligned = runs_of(&one_gib, entry, 512, BASE, 1);
    assert_run(unaligned, 0, BASE, 262144 * 3 + 1024, 512, RUN_KNOWN, 21);
}

/* Kernels with pages of 64 KiB: entries count those, runs pages of 4096. */
static void test_large_kernel_pages(void)
{
    uint64_t entry[] = { PRESENT | 10, PRESENT | 11, 0, PRESENT | 13 };
    Frames frames = { 0 };
    g_autoptr(GArray) runs = runs_of(&frames, entry, 4, BASE, 16);

    g_assert_cmpuint(runs->len, ==, 2);
    assert_run(runs, 0, BASE, 160, 32, RUN_KNOWN, 0);
    assert_run(runs, 1, BASE + 0x30000, 208, 16, RUN_KNOWN, 0);
}

/* The wire's 32 bits of pages. */
static void test_longest_run(void)
{
    g_autoptr(GArray) runs = g_array_new(FALSE, FALSE, sizeof(HaywireGuestRun));
    HaywireGuestRun run = { .gva = 0,
                            .pages = UINT32_MAX,
                            .flags = HAYWIRE_RUN_PRESENT };
    HaywireGuestRun next = { .gva = (uint64_t)UINT32_MAX << 12,
                             .pages = 1,
                             .flags = HAYWIRE_RUN_PRESENT };

    g_assert_false(haywire_run_continues(&run, &next));
    haywire_run_add(&run, &next, collect, runs);
    g_assert_cmpuint(runs->len, ==, 1);
    g_assert_cmphex(run.gva, ==, next.gva);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pagemap/empty", test_empty);
    g_test_add_func("/pagemap/runs", test_runs);
    g_test_add_func("/pagemap/hidden", test_hidden);
    g_test_add_func("/pagemap/swapped", test_swapped);
    g_test_add_func("/pagemap/huge", test_huge);
    g_test_add_func("/pagemap/not-huge", test_not_huge);
    g_test_add_func("/pagemap/huge-ends", test_huge_ends);
    g_test_add_func("/pagemap/gigantic", test_gigantic);
    g_test_add_func("/pagemap/large-kernel-pages", test_large_kernel_pages);
    g_test_add_func("/pagemap/longest-run", test_longest_run);
    return g_test_run();
}
