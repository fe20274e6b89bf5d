/*
 * The three ways to ask Linux which pages are resident.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "haywire/beacon_protocol.h"
#include "haywire/pagemap_scan.h"
#include "residency_method.h"

#define SCAN_BATCH 256

/* Bits of an entry of /proc/PID/pagemap. */
#define ENTRY_SWAPPED (UINT64_C(1) << 62)
#define ENTRY_PRESENT (UINT64_C(1) << 63)
#define ENTRY_BATCH   512

/*
 * The stretches of [start, end) that are not resident. Asked for that way
 * round because most pages of a busy guest are resident, and the kernel spends
 * less on a page that it does not report: half as much, as measured.
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
        .category_inverted = HAYWIRE_PAGEMAP_PRESENT | HAYWIRE_PAGEMAP_SWAPPED,
        .category_mask = HAYWIRE_PAGEMAP_PRESENT | HAYWIRE_PAGEMAP_SWAPPED,
        .return_mask = HAYWIRE_PAGEMAP_PRESENT | HAYWIRE_PAGEMAP_SWAPPED,
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

HaywireStatus haywire_fill_pagemap_scan(int pagemap,
                                        const HaywireMapping *mapping,
                                        uint64_t from, uint64_t end,
                                        HaywireRun *run, size_t room,
                                        size_t *ret_count, uint64_t *ret_next)
{
    HaywirePagemapRegion hole[SCAN_BATCH];
    uint64_t base = (uintptr_t)mapping->host, at = base + from, walked;
    /* One run more than holes may come out. */
    size_t batch = room - 1 < SCAN_BATCH ? room - 1 : SCAN_BATCH;
    long i, count = scan_holes(pagemap, at, base + end, hole, batch, &walked);
    size_t runs = 0;

    if (count < 0) {
        return HAYWIRE_IO_ERROR;
    }
    for (i = 0; i < count; i++) {
        if (hole[i].start > at) {
            run[runs++] = (HaywireRun){ at - base, hole[i].start - at };
        }
        at = hole[i].end;
    }
    if (walked > at) {
        run[runs++] = (HaywireRun){ at - base, walked - at };
    }
    *ret_count = runs;
    *ret_next = walked - base;
    return HAYWIRE_OK;
}

/* Append a page to the runs. False when there is no room for a new run. */
static bool append_page(HaywireRun *run, size_t room, size_t *count,
                        uint64_t at)
{
    HaywireRun *last = *count > 0 ? &run[*count - 1] : NULL;

    if (last && last->start + last->length == at) {
        last->length += HAYWIRE_PAGE_SIZE;
        return true;
    }
    if (*count == room) {
        return false;
    }
    run[(*count)++] = (HaywireRun){ at, HAYWIRE_PAGE_SIZE };
    return true;
}

static HaywireStatus read_entries(int pagemap, const HaywireMapping *mapping,
                                  uint64_t from, uint64_t *entry, size_t *count)
{
    uint64_t page = ((uintptr_t)mapping->host + from) / HAYWIRE_PAGE_SIZE;
    ssize_t got;

    do {
        got = pread(pagemap, entry, *count * sizeof(*entry),
                    (off_t)(page * sizeof(*entry)));
    } while (got < 0 && errno == EINTR);
    if (got >= 0 && (size_t)got < sizeof(*entry)) {
        errno = EIO;
        got = -1;
    }
    if (got < 0) {
        return HAYWIRE_IO_ERROR;
    }
    *count = (size_t)got / sizeof(*entry);
    return HAYWIRE_OK;
}

HaywireStatus haywire_fill_pagemap(int pagemap, const HaywireMapping *mapping,
                                   uint64_t from, uint64_t end, HaywireRun *run,
                                   size_t room, size_t *ret_count,
                                   uint64_t *ret_next)
{
    uint64_t entry[ENTRY_BATCH];
    size_t i, runs = 0;
    uint64_t at = from;
    HaywireStatus status;

    while (at < end) {
        size_t count = (end - at) / HAYWIRE_PAGE_SIZE;

        count = count < ENTRY_BATCH ? count : ENTRY_BATCH;
        status = read_entries(pagemap, mapping, at, entry, &count);
        if (status != HAYWIRE_OK) {
            return status;
        }
        for (i = 0; i < count; i++, at += HAYWIRE_PAGE_SIZE) {
            if (entry[i] & (ENTRY_PRESENT | ENTRY_SWAPPED) &&
                !append_page(run, room, &runs, at)) {
                goto full;
            }
        }
    }
full:
    *ret_count = runs;
    *ret_next = at;
    return HAYWIRE_OK;
}

/*
 * The next data at or behind *at (offsets in the file), widened to whole
 * pages. HAYWIRE_NOT_FOUND when there is none before @end.
 */
static HaywireStatus seek_run(int fd, uint64_t *at, uint64_t end,
                              uint64_t *ret_data)
{
    off_t data = lseek(fd, (off_t)*at, SEEK_DATA);
    off_t hole;

    if (data < 0) {
        /* ENXIO: no data up to the end of the file, or the file got shorter. */
        return errno == ENXIO ? HAYWIRE_NOT_FOUND : HAYWIRE_IO_ERROR;
    }
    if ((uint64_t)data >= end) {
        return HAYWIRE_NOT_FOUND;
    }
    hole = lseek(fd, data, SEEK_HOLE);
    if (hole < 0) {
        return errno == ENXIO ? HAYWIRE_NOT_FOUND : HAYWIRE_IO_ERROR;
    }
    *ret_data = (uint64_t)data & ~(uint64_t)(HAYWIRE_PAGE_SIZE - 1);
    *at = ((uint64_t)hole + HAYWIRE_PAGE_SIZE - 1) &
          ~(uint64_t)(HAYWIRE_PAGE_SIZE - 1);
    *at = *at < end ? *at : end;
    return HAYWIRE_OK;
}

HaywireStatus haywire_fill_seek_data(int pagemap, const HaywireMapping *mapping,
                                     uint64_t from, uint64_t end,
                                     HaywireRun *run, size_t room,
                                     size_t *ret_count, uint64_t *ret_next)
{
    uint64_t base = mapping->fd_offset, at = base + from;
    uint64_t data, previous = at;
    size_t count = 0;
    HaywireStatus status = HAYWIRE_OK;

    (void)pagemap;
    while (count < room && at < base + end) {
        status = seek_run(mapping->fd, &at, base + end, &data);
        if (status != HAYWIRE_OK) {
            break;
        }
        /* Data may begin within a page that the last run has covered. */
        data = data > previous ? data : previous;
        if (at > data) {
            run[count++] = (HaywireRun){ data - base, at - data };
        }
        previous = at;
    }
    if (status == HAYWIRE_IO_ERROR) {
        return status;
    }
    *ret_count = count;
    *ret_next = status == HAYWIRE_NOT_FOUND ? end : at - base;
    return HAYWIRE_OK;
}
