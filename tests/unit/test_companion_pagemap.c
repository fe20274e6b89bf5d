/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Page runs from pagemap entries. */

#include <glib.h>
#include <string.h>

#include "os/linux/pagemap.h"
#include "os/runs.h"

#define PRESENT    (UINT64_C(1) << 63)
#define SWAPPED    (UINT64_C(1) << 62)
#define FILE_PAGE  (UINT64_C(1) << 61)
#define GUARD      (UINT64_C(1) << 58)
#define UFFD_WP    (UINT64_C(1) << 57)
#define EXCLUSIVE  (UINT64_C(1) << 56)
#define SOFT_DIRTY (UINT64_C(1) << 55)
#define HEAD       (UINT64_C(1) << 15)
#define TAIL       (UINT64_C(1) << 16)
#define HUGETLB    (UINT64_C(1) << 17)
#define THP        (UINT64_C(1) << 22)
#define BASE       G_GUINT64_CONSTANT(0x7f0000000000)
#define RUN_KNOWN  (HAYWIRE_RUN_PRESENT | HAYWIRE_RUN_PFN_KNOWN)

/*
 * What kpageflags would say: folios of 2^order frames, all of one kind, with
 * @flags on each frame besides head and tail.
 */
typedef struct Frames {
    uint64_t flags; /* 0: kpageflags cannot be read */
    unsigned order;
    unsigned asked;
    uint32_t swap_areas;
} Frames;

static uint64_t frame_flags(void *opaque, uint64_t frame)
{
    Frames *frames = opaque;
    bool head = frame % (UINT64_C(1) << frames->order) == 0;

    frames->asked++;
    return frames->flags && frames->order ? frames->flags | (head ? HEAD : TAIL)
                                          : frames->flags;
}

static uint32_t swap_areas(void *opaque)
{
    return ((Frames *)opaque)->swap_areas;
}

static void collect(void *opaque, const HaywireGuestRun *run)
{
    g_array_append_vals(opaque, run, 1);
}

static GArray *decode(HaywirePagemapDecoder decoder, Frames *frames,
                      const uint64_t *entry, size_t count, uint64_t gva)
{
    GArray *runs = g_array_new(FALSE, FALSE, sizeof(HaywireGuestRun));

    decoder.frame_flags = frame_flags;
    decoder.swap_areas = swap_areas;
    decoder.opaque = frames;
    haywire_pagemap_runs(&decoder, entry, count, gva, collect, runs);
    return runs;
}

static GArray *runs_of(Frames *frames, const uint64_t *entry, size_t count,
                       uint64_t gva, unsigned page_shift)
{
    return decode((HaywirePagemapDecoder){ .page_shift = (uint8_t)page_shift },
                  frames, entry, count, gva);
}

/* With a list of what the kernel says is mapped by large entries. */
static GArray *listed_runs_of(Frames *frames, const uint64_t *entry,
                              size_t count, uint64_t gva, unsigned page_shift,
                              const HaywirePagemapRegion *region,
                              size_t region_count)
{
    return decode((HaywirePagemapDecoder){ .page_shift = (uint8_t)page_shift,
                                           .huge = HAYWIRE_HUGE_LISTED,
                                           .region = region,
                                           .region_count = region_count },
                  frames, entry, count, gva);
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
    g_autoptr(GArray) runs = runs_of(&frames, entry, 16, BASE, 12);

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
        runs_of(&frames, entry, G_N_ELEMENTS(entry), BASE, 12);

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
    g_autoptr(GArray) runs = runs_of(&frames, entry, 3, BASE, 12);
    g_autoptr(GArray) listed =
        listed_runs_of(&frames, entry, 3, BASE, 12, NULL, 0);

    g_assert_cmpuint(runs->len, ==, 1);
    assert_run(runs, 0, BASE, 0, 3, HAYWIRE_RUN_PRESENT, 0);
    g_assert_cmpuint(listed->len, ==, 1);
    assert_run(listed, 0, BASE, 0, 3, HAYWIRE_RUN_PRESENT, 12);
}

static void test_swapped(void)
{
    uint64_t entry[] = {
        SWAPPED | 7 << 5 | 1,
        SWAPPED | 8 << 5 | 1,
        SWAPPED | 9 << 5 | 2,
        SWAPPED | UINT64_C(0x3ffffffffffff) << 5 | 22,
        SWAPPED | UFFD_WP | 3 << 5 | 2,
    };
    Frames frames = { 0 };
    g_autoptr(GArray) runs = runs_of(&frames, entry, 5, BASE, 12);

    g_assert_cmpuint(runs->len, ==, 4);
    assert_run(runs, 0, BASE, 7, 2, HAYWIRE_RUN_SWAPPED, 0);
    assert_run(runs, 1, BASE + 0x2000, 9, 1, HAYWIRE_RUN_SWAPPED, 0);
    assert_run(runs, 2, BASE + 0x3000, 0x3ffffffffffff, 1, HAYWIRE_RUN_SWAPPED,
               0);
    assert_run(runs, 3, BASE + 0x4000, 3, 1,
               HAYWIRE_RUN_SWAPPED | HAYWIRE_RUN_UFFD_WP, 0);
    g_assert_cmpuint(g_array_index(runs, HaywireGuestRun, 1).swap_type, ==, 2);
    g_assert_cmpuint(g_array_index(runs, HaywireGuestRun, 2).swap_type, ==, 22);
}

/* Without privilege the kernel shows no places: then pages are only alike. */
static void test_swapped_hidden(void)
{
    uint64_t entry[] = { SWAPPED, SWAPPED, SWAPPED | UFFD_WP };
    Frames frames = { 0 };
    g_autoptr(GArray) runs = runs_of(&frames, entry, 3, BASE, 12);

    g_assert_cmpuint(runs->len, ==, 2);
    assert_run(runs, 0, BASE, 0, 2, HAYWIRE_RUN_SWAPPED, 0);
    assert_run(runs, 1, BASE + 0x2000, 0, 1, HAYWIRE_RUN_UFFD_WP, 0);
}

/* Entries that the kernel calls swapped, and that are in no swap area. */
static void test_not_swapped(void)
{
    static const struct {
        uint64_t entry;
        uint32_t swap_areas;
        unsigned flags;
    } cases[] = {
        /* Linux 6.15 and later; 6.13 and 6.14; both without privilege. */
        { SWAPPED | GUARD | 4 << 5 | 31, 0, HAYWIRE_RUN_GUARD },
        { SWAPPED | 4 << 5 | 31, 0, HAYWIRE_RUN_GUARD },
        { SWAPPED | GUARD, 0, HAYWIRE_RUN_GUARD },
        /* Write-protected, never touched: of memory, and of hugetlb. */
        { SWAPPED | UFFD_WP | 1 << 5 | 31, 0, HAYWIRE_RUN_UFFD_WP },
        { SWAPPED | 1 << 5 | 31, 0, HAYWIRE_RUN_UFFD_WP },
        { UFFD_WP, 0, HAYWIRE_RUN_UFFD_WP },
        { UFFD_WP | SOFT_DIRTY, 0, HAYWIRE_RUN_UFFD_WP },
        /* It could not be read back. */
        { SWAPPED | 2 << 5 | 31, 0, HAYWIRE_RUN_SPECIAL },
        /* Being moved, of a device, broken: the offset is a frame number. */
        { SWAPPED | 0x12345 << 5 | 31, 0, HAYWIRE_RUN_SPECIAL },
        { SWAPPED | 0x12345 << 5 | 28, 2, HAYWIRE_RUN_SPECIAL },
        { SWAPPED | FILE_PAGE | 0x12345 << 5 | 23, 2,
          HAYWIRE_RUN_SPECIAL | HAYWIRE_RUN_FILE },
        /* Somebody has that many swap areas. */
        { SWAPPED | 0x12345 << 5 | 23, 24, HAYWIRE_RUN_SWAPPED },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        uint64_t entry[] = { 0, cases[i].entry, cases[i].entry };
        bool swapped = cases[i].flags & HAYWIRE_RUN_SWAPPED;
        Frames frames = { .swap_areas = cases[i].swap_areas };
        g_autoptr(GArray) runs = runs_of(&frames, entry, 3, BASE, 12);

        g_test_message("case %zu", i);
        assert_run(runs, 0, BASE + 0x1000, swapped ? 0x12345 : 0,
                   swapped ? 1 : 2, cases[i].flags, 0);
    }
}

/* Entries in a row from frame 512 * 100 on. */
static void fill_row(uint64_t *entry, size_t count, uint64_t bits)
{
    for (size_t i = 0; i < count; i++) {
        entry[i] = PRESENT | bits | (51200 + i);
    }
}

/*
 * A kernel that cannot be asked: what may be mapped by one entry is not known,
 * but pages of hugetlb are.
 */
static void test_untold(void)
{
    static const struct {
        uint64_t flags;
        unsigned order;
        HaywireHugeSource huge;
        unsigned shift;
    } cases[] = {
        { THP, 9, HAYWIRE_HUGE_UNTOLD, 0 },
        { THP, 9, HAYWIRE_HUGE_NONE, 12 },
        { THP, 4, HAYWIRE_HUGE_UNTOLD, 0 },
        { UINT64_C(1) << 5, 9, HAYWIRE_HUGE_UNTOLD, 0 },
        { HUGETLB, 9, HAYWIRE_HUGE_UNTOLD, 21 },
        { HUGETLB, 9, HAYWIRE_HUGE_NONE, 21 },
        { UINT64_C(1) << 5, 0, HAYWIRE_HUGE_UNTOLD, 12 },
        { 0, 0, HAYWIRE_HUGE_UNTOLD, 0 },
        { 0, 0, HAYWIRE_HUGE_NONE, 12 },
    };
    uint64_t entry[512];

    fill_row(entry, 512, FILE_PAGE);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Frames frames = { .flags = cases[i].flags, .order = cases[i].order };
        g_autoptr(GArray) runs = decode(
            (HaywirePagemapDecoder){ .page_shift = 12, .huge = cases[i].huge },
            &frames, entry, 512, BASE);

        g_test_message("case %zu", i);
        g_assert_cmpuint(runs->len, ==, 1);
        assert_run(runs, 0, BASE, 51200, 512, RUN_KNOWN | HAYWIRE_RUN_FILE,
                   cases[i].shift);
    }
}

/* What is not aligned, or not all there, cannot be mapped by one entry. */
static void test_not_huge(void)
{
    Frames frames = { .flags = THP, .order = 9 };
    uint64_t entry[600];
    g_autoptr(GArray) displaced = NULL;
    g_autoptr(GArray) part = NULL;
    g_autoptr(GArray) holed = NULL;

    fill_row(entry, 600, 0);
    displaced = runs_of(&frames, entry, 600, BASE + 0x1000, 12);
    assert_run(displaced, 0, BASE + 0x1000, 51200, 600, RUN_KNOWN, 12);
    part = runs_of(&frames, entry, 511, BASE, 12);
    assert_run(part, 0, BASE, 51200, 511, RUN_KNOWN, 12);
    entry[300] = 0;
    holed = runs_of(&frames, entry, 512, BASE, 12);
    assert_run(holed, 0, BASE, 51200, 300, RUN_KNOWN, 12);
    g_assert_cmpuint(frames.asked, ==, 0);
}

/* Equal rows of frames; only the kernel's list says how they are mapped. */
static void test_listed(void)
{
    const HaywirePagemapRegion regions[] = {
        { BASE + 0x200000, BASE + 0x400000, 0 },
        { BASE + 0x600000, BASE + 0xa00000, 0 },
    };
    Frames frames = { .flags = THP, .order = 9 };
    g_autofree uint64_t *entry = g_new(uint64_t, 6 * 512);
    g_autoptr(GArray) runs = NULL;

    fill_row(entry, 6 * 512, 0);
    runs = listed_runs_of(&frames, entry, 6 * 512, BASE, 12, regions, 2);
    g_assert_cmpuint(runs->len, ==, 5);
    assert_run(runs, 0, BASE, 51200, 512, RUN_KNOWN, 12);
    assert_run(runs, 1, BASE + 0x200000, 51712, 512, RUN_KNOWN, 21);
    assert_run(runs, 2, BASE + 0x400000, 52224, 512, RUN_KNOWN, 12);
    assert_run(runs, 3, BASE + 0x600000, 52736, 1024, RUN_KNOWN, 21);
    assert_run(runs, 4, BASE + 0xa00000, 53760, 512, RUN_KNOWN, 12);
    g_assert_cmpuint(frames.asked, ==, 3);
}

/* Split, or moved, between the two questions; or of a kind that is hidden. */
static void test_listed_in_vain(void)
{
    const HaywirePagemapRegion region = { BASE, BASE + 0x200000, 0 };
    Frames frames = { .flags = THP, .order = 9 };
    Frames unreadable = { 0 };
    uint64_t entry[512];
    g_autoptr(GArray) hidden = NULL;
    g_autoptr(GArray) moved = NULL;

    fill_row(entry, 512, 0);
    hidden = listed_runs_of(&unreadable, entry, 512, BASE, 12, &region, 1);
    assert_run(hidden, 0, BASE, 51200, 512, RUN_KNOWN, 0);
    for (size_t i = 0; i < 512; i++) {
        entry[i] += 3;
    }
    moved = listed_runs_of(&frames, entry, 512, BASE, 12, &region, 1);
    assert_run(moved, 0, BASE, 51203, 512, RUN_KNOWN, 0);
}

/* Pages of hugetlb: of every size, by page size of the kernel. */
static void test_hugetlb(void)
{
    static const struct {
        unsigned page_shift;
        unsigned order;
        unsigned shift;
    } cases[] = {
        { 12, 4, 16 },  { 12, 9, 21 },  { 12, 13, 25 },
        { 12, 18, 30 }, { 14, 7, 21 },  { 14, 11, 25 },
        { 16, 5, 21 },  { 16, 13, 29 }, { 16, 18, 34 },
    };
    uint64_t entry[512];

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        /* Within the fourth page, where that has as much. */
        uint64_t frame = (UINT64_C(3) << cases[i].order) + 512;
        uint64_t gva = BASE + (frame << cases[i].page_shift);
        const HaywirePagemapRegion region = { BASE, UINT64_MAX, 0 };
        unsigned scale = 1u << (cases[i].page_shift - 12);
        Frames frames = { .flags = HUGETLB, .order = cases[i].order };
        g_autoptr(GArray) runs = NULL;

        for (size_t e = 0; e < 512; e++) {
            entry[e] = PRESENT | (frame + e);
        }
        runs = listed_runs_of(&frames, entry, 512, gva, cases[i].page_shift,
                              &region, 1);
        g_assert_cmpuint(runs->len, ==, 1);
        assert_run(runs, 0, gva, frame * scale, 512 * scale, RUN_KNOWN,
                   cases[i].shift);
    }
}

/* Kernels with pages of 64 KiB: entries count those, runs pages of 4096. */
static void test_large_kernel_pages(void)
{
    uint64_t entry[] = { PRESENT | 10, PRESENT | 11, 0, PRESENT | 13 };
    Frames frames = { 0 };
    g_autoptr(GArray) runs = runs_of(&frames, entry, 4, BASE, 16);

    g_assert_cmpuint(runs->len, ==, 2);
    assert_run(runs, 0, BASE, 160, 32, RUN_KNOWN, 16);
    assert_run(runs, 1, BASE + 0x30000, 208, 16, RUN_KNOWN, 16);
    g_assert_cmpuint(haywire_pagemap_huge_shift(12), ==, 21);
    g_assert_cmpuint(haywire_pagemap_huge_shift(14), ==, 25);
    g_assert_cmpuint(haywire_pagemap_huge_shift(16), ==, 29);
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
    g_test_add_func("/pagemap/swapped-hidden", test_swapped_hidden);
    g_test_add_func("/pagemap/not-swapped", test_not_swapped);
    g_test_add_func("/pagemap/untold", test_untold);
    g_test_add_func("/pagemap/not-huge", test_not_huge);
    g_test_add_func("/pagemap/listed", test_listed);
    g_test_add_func("/pagemap/listed-in-vain", test_listed_in_vain);
    g_test_add_func("/pagemap/hugetlb", test_hugetlb);
    g_test_add_func("/pagemap/large-kernel-pages", test_large_kernel_pages);
    g_test_add_func("/pagemap/longest-run", test_longest_run);
    return g_test_run();
}
