/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs of pages of this process that are present.
 */

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "haywire/beacon_protocol.h"
#include "haywire/pagemap_scan.h"
#include "own_pages.h"

/*
 * Where nothing is, the next question is about twice as much; and the caller is
 * told after so much, or so many questions, for he may want to stop.
 */
#define AHEAD_MAX     (UINT64_C(1) << 36)
#define NOTHING_MAX   (UINT64_C(1) << 36)
#define QUESTIONS_MAX 64

#define ENTRY_PRESENT (UINT64_C(1) << 63)
#define ENTRY_BATCH   512

/*
 * The stretches of [start, end) that are not present. Asked for that way round
 * because most pages of a busy guest are, and the kernel spends less on a page
 * that it does not report: half as much, as measured.
 */
static long scan_holes(int pagemap, uint64_t start, uint64_t end,
                       HaywirePagemapRegion *hole, size_t room,
                       uint64_t *ret_end)
{
    HaywirePagemapScan scan = {
        .start = start,
        .end = end,
        .vec = (uintptr_t)hole,
        .vec_len = room,
        .category_inverted = HAYWIRE_PAGEMAP_PRESENT,
        .category_mask = HAYWIRE_PAGEMAP_PRESENT,
        .return_mask = HAYWIRE_PAGEMAP_PRESENT,
    };
    long count = haywire_pagemap_scan(pagemap, &scan);

    *ret_end = scan.walk_end;
    return count;
}

/* Tried out on a page that is there and one that is not. */
bool haywire_pagemap_scan_works(int pagemap)
{
    HaywirePagemapRegion hole[2];
    uint64_t ignored, start;
    uint8_t *pages = mmap(NULL, 2 * HAYWIRE_PAGE_SIZE, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    bool works;

    if (pages == MAP_FAILED) {
        return false;
    }
    *pages = 1;
    start = (uintptr_t)pages;
    works = scan_holes(pagemap, start, start + 2 * HAYWIRE_PAGE_SIZE, hole, 2,
                       &ignored) == 1 &&
            hole[0].start == start + HAYWIRE_PAGE_SIZE &&
            hole[0].end == start + 2 * HAYWIRE_PAGE_SIZE;
    munmap(pages, 2 * HAYWIRE_PAGE_SIZE);
    return works;
}

/* @region is sorted. Without a branch that a processor would guess wrong. */
static bool is_in_region(const HaywirePagemapRegion *region, size_t count,
                         uint64_t address)
{
    const HaywirePagemapRegion *at = region;

    while (count > 1) {
        size_t half = count / 2;

        at = at[half].start <= address ? at + half : at;
        count -= half;
    }
    return count > 0 && at->start <= address && address < at->end;
}

bool haywire_own_pages_walk(HaywireOwnPages *own, uint64_t from, uint64_t end,
                            void *const *page, size_t count, bool *ret_present)
{
    HaywirePagemapScan scan = {
        .start = from,
        .end = end,
        .vec = (uintptr_t)own->walked,
        .vec_len = HAYWIRE_WALKED_MAX,
        .category_mask = HAYWIRE_PAGEMAP_PRESENT,
        .return_mask = HAYWIRE_PAGEMAP_PRESENT,
    };
    long regions = haywire_pagemap_scan(own->pagemap, &scan);
    size_t i;

    /* With many regions walk_end may be short of where the walk got to. */
    if (regions < 0 || (regions == HAYWIRE_WALKED_MAX && scan.walk_end < end)) {
        return false;
    }
    for (i = 0; i < count; i++) {
        ret_present[i] =
            is_in_region(own->walked, (size_t)regions, (uintptr_t)page[i]);
    }
    return true;
}

/* Runs in [from, end) into @own, by PAGEMAP_SCAN. */
static HaywireStatus fill_by_scan(HaywireOwnPages *own, uint64_t from,
                                  uint64_t end)
{
    /* One run more than holes may come out. */
    HaywirePagemapRegion hole[HAYWIRE_OWN_RUNS_MAX - 1];
    uint64_t at = from, walked;
    long i, count = scan_holes(own->pagemap, from, end, hole,
                               HAYWIRE_OWN_RUNS_MAX - 1, &walked);

    if (count < 0) {
        return HAYWIRE_IO_ERROR;
    }
    for (i = 0; i < count; i++) {
        if (hole[i].start > at) {
            own->run[own->count++] = (HaywireOwnRun){ at, hole[i].start };
        }
        at = hole[i].end;
    }
    if (walked > at) {
        own->run[own->count++] = (HaywireOwnRun){ at, walked };
    }
    own->looked = walked;
    return HAYWIRE_OK;
}

static HaywireStatus read_entries(int pagemap, uint64_t from, uint64_t end,
                                  uint64_t *entry, size_t *ret_count)
{
    size_t count = (end - from) / HAYWIRE_PAGE_SIZE;
    ssize_t got;

    count = count < ENTRY_BATCH ? count : ENTRY_BATCH;
    do {
        got = pread(pagemap, entry, count * sizeof(*entry),
                    (off_t)(from / HAYWIRE_PAGE_SIZE * sizeof(*entry)));
    } while (got < 0 && errno == EINTR);
    if (got < (ssize_t)sizeof(*entry)) {
        errno = got < 0 ? errno : EIO;
        return HAYWIRE_IO_ERROR;
    }
    *ret_count = (size_t)got / sizeof(*entry);
    return HAYWIRE_OK;
}

/* The pages from @from on, of which is known whether they are present. */
static void add_pages(HaywireOwnPages *own, uint64_t from, const bool *present,
                      size_t count)
{
    size_t i;

    for (i = 0; i < count; i++, from += HAYWIRE_PAGE_SIZE) {
        HaywireOwnRun *last = own->count > 0 ? &own->run[own->count - 1] : NULL;

        if (!present[i]) {
            continue;
        }
        if (last && last->end == from) {
            last->end += HAYWIRE_PAGE_SIZE;
        } else if (own->count == HAYWIRE_OWN_RUNS_MAX) {
            break;
        } else {
            own->run[own->count++] =
                (HaywireOwnRun){ from, from + HAYWIRE_PAGE_SIZE };
        }
    }
    own->looked = from;
}

/* The same by reading entries, a few pages of them at a time. */
static HaywireStatus fill_by_entries(HaywireOwnPages *own, uint64_t from,
                                     uint64_t end)
{
    uint64_t entry[ENTRY_BATCH];
    bool present[ENTRY_BATCH];
    size_t i, count;
    HaywireStatus status = read_entries(own->pagemap, from, end, entry, &count);

    if (status != HAYWIRE_OK) {
        return status;
    }
    for (i = 0; i < count; i++) {
        present[i] = entry[i] & ENTRY_PRESENT;
    }
    add_pages(own, from, present, count);
    return HAYWIRE_OK;
}

/*
 * move_pages() without nodes moves nothing: it says on which node each page is,
 * of many pages that may lie anywhere, for 50 to 150 ns each.
 */
bool haywire_own_pages_confirm(const HaywireOwnPages *own, void **page,
                               size_t count, bool *ret_present)
{
    int node[HAYWIRE_PEEKS_MAX];
    size_t i;

    if (!own->has_move_pages ||
        syscall(SYS_move_pages, 0, count, page, NULL, node, 0) != 0) {
        return false;
    }
    for (i = 0; i < count; i++) {
        ret_present[i] = node[i] >= 0;
    }
    return true;
}

/* What mincore(2) calls resident may be so to others only. */
static void confirm(const HaywireOwnPages *own, uint64_t from, bool *present,
                    size_t count)
{
    void *page[HAYWIRE_PEEKS_MAX];
    size_t of[HAYWIRE_PEEKS_MAX], i, j, some = 0;
    bool confirmed[HAYWIRE_PEEKS_MAX];

    for (i = 0; i < count; i++) {
        if (present[i]) {
            page[some] = (void *)(uintptr_t)(from + i * HAYWIRE_PAGE_SIZE);
            of[some++] = i;
        }
    }
    if (some == 0 || !haywire_own_pages_confirm(own, page, some, confirmed)) {
        return;
    }
    for (j = 0; j < some; j++) {
        present[of[j]] = confirmed[j];
    }
}

static HaywireStatus fill_by_mincore(HaywireOwnPages *own, uint64_t from,
                                     uint64_t end)
{
    unsigned char resident[HAYWIRE_PEEKS_MAX];
    bool present[HAYWIRE_PEEKS_MAX];
    size_t i, count = (end - from) / HAYWIRE_PAGE_SIZE;

    count = count < HAYWIRE_PEEKS_MAX ? count : HAYWIRE_PEEKS_MAX;
    if (mincore((void *)(uintptr_t)from, count * HAYWIRE_PAGE_SIZE, resident) !=
        0) {
        return HAYWIRE_IO_ERROR;
    }
    for (i = 0; i < count; i++) {
        present[i] = resident[i] & 1;
    }
    confirm(own, from, present, count);
    add_pages(own, from, present, count);
    return HAYWIRE_OK;
}

/* No more than a window's worth, so that the answer is still new when used. */
static void cut_runs(HaywireOwnPages *own)
{
    uint64_t left = HAYWIRE_WINDOW_MAX;
    size_t i;

    for (i = 0; i < own->count; i++) {
        HaywireOwnRun *run = &own->run[i];

        if (run->end - run->start >= left) {
            run->end = run->start + left;
            own->looked = run->end;
            own->count = i + 1;
            return;
        }
        left -= run->end - run->start;
    }
}

static HaywireStatus ask(HaywireOwnPages *own, uint64_t from, uint64_t end)
{
    if (own->has_scan) {
        return fill_by_scan(own, from, end);
    }
    return own->pagemap >= 0 ? fill_by_entries(own, from, end)
                             : fill_by_mincore(own, from, end);
}

/* An answer with a run in it; none for now; or HAYWIRE_NOT_FOUND. */
static HaywireStatus fill(HaywireOwnPages *own, uint64_t from, uint64_t end)
{
    HaywireStatus status;
    int questions;

    own->taken = own->count = 0;
    own->looked = from;
    for (questions = 0; own->looked < end; questions++) {
        uint64_t at = own->looked, left = end - at;
        uint64_t ahead = left < own->ahead ? left : own->ahead;

        if (questions == QUESTIONS_MAX || at - from >= NOTHING_MAX) {
            return HAYWIRE_OK;
        }
        status = ask(own, at, at + ahead);
        if (status != HAYWIRE_OK || own->looked <= at) {
            own->count = 0;
            return status == HAYWIRE_OK ? HAYWIRE_NOT_FOUND : status;
        }
        if (own->count > 0) {
            own->ahead = HAYWIRE_WINDOW_MAX;
            cut_runs(own);
            return HAYWIRE_OK;
        }
        own->ahead = own->ahead < AHEAD_MAX ? 2 * own->ahead : AHEAD_MAX;
    }
    return HAYWIRE_NOT_FOUND;
}

/* Where the answer goes on that the last call took from. */
static HaywireStatus go_on(HaywireOwnPages *own)
{
    HaywireStatus status;

    if (own->taken < own->count) {
        return HAYWIRE_OK;
    }
    status = fill(own, own->looked, own->end);
    if (status != HAYWIRE_OK) {
        own->end = 0;
    }
    return status;
}

HaywireStatus haywire_own_pages_next(HaywireOwnPages *own, const uint8_t *from,
                                     const uint8_t *end,
                                     const uint8_t **ret_start,
                                     uint64_t *ret_length)
{
    uint64_t at = (uintptr_t)from;
    HaywireOwnRun run;
    HaywireStatus status;

    if (own->next != at || own->end != (uintptr_t)end) {
        own->taken = own->count = 0;
        own->looked = at;
        own->ahead = HAYWIRE_WINDOW_MAX;
        own->end = (uintptr_t)end;
    }
    status = go_on(own);
    if (status != HAYWIRE_OK) {
        return status;
    }
    run = own->count > 0 ? own->run[own->taken++]
                         : (HaywireOwnRun){ own->looked, own->looked };
    own->next = run.end;
    *ret_start = (const uint8_t *)(uintptr_t)run.start;
    *ret_length = run.end - run.start;
    return HAYWIRE_OK;
}

void haywire_own_pages_forget(HaywireOwnPages *own)
{
    own->end = 0;
}
