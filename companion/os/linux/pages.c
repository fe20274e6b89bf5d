/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page tables: /proc/PID/pagemap, and /proc/kpageflags for page sizes.
 * PAGEMAP_SCAN has no frame numbers, so it only says where to read.
 */

#include <errno.h>
#include <unistd.h>

#include "haywire/pagemap_scan.h"
#include "os/linux/linux_collector.h"
#include "os/linux/pagemap.h"

/*
 * Asking first which pages are there walks the page table once more. That pays
 * where entries would be many, and most of them empty.
 */
#define SCAN_FROM_PAGES 1024
#define PARTS           64
/* Empty entries that are read along, sooner than to read twice. */
#define GAP_PAGES 64

typedef struct PageReader {
    int pagemap;
    HaywireHugeSource huge; /* where the kernel does not list large pages */
    HaywireRunSink *sink;
    void *opaque;
} PageReader;

static uint64_t frame_flags(void *opaque, uint64_t frame)
{
    HaywireLinuxCollector *self = opaque;
    uint64_t flags = 0;

    if (self->kpageflags < 0 || frame > INT64_MAX / sizeof(flags) ||
        pread(self->kpageflags, &flags, sizeof(flags),
              (off_t)(frame * sizeof(flags))) != sizeof(flags)) {
        return 0;
    }
    return flags;
}

/* Lines of /proc/swaps below the heading; read once for a piece. */
static uint32_t swap_areas(void *opaque)
{
    HaywireLinuxCollector *self = opaque;
    size_t position = 0, length = 0, start, line;
    uint32_t lines = 0;

    if (self->swap_areas == HAYWIRE_SWAP_AREAS_UNREAD) {
        (void)haywire_proc_read(self->proc, "swaps", self->buffer,
                                sizeof(self->buffer), &length);
        while (haywire_parse_line(self->buffer, length, &position, &start,
                                  &line)) {
            lines++;
        }
        self->swap_areas = lines > 0 ? lines - 1 : 0;
    }
    return self->swap_areas;
}

static unsigned page_shift(const HaywireLinuxCollector *self)
{
    return (unsigned)__builtin_ctzll(self->page_size);
}

/*
 * The stretches that are mapped by large entries. False where the kernel does
 * not tell; the decoder is then left as it is.
 */
static bool list_huge(HaywireLinuxCollector *self, const PageReader *reader,
                      uint64_t start, size_t count,
                      HaywirePagemapDecoder *decoder)
{
    HaywirePagemapScan scan = {
        .start = start,
        .end = start + count * self->page_size,
        .vec = (uintptr_t)self->huge,
        .vec_len = HAYWIRE_HUGE_REGIONS,
        .category_mask = HAYWIRE_PAGEMAP_HUGE,
        .return_mask = HAYWIRE_PAGEMAP_HUGE,
    };
    long found;

    if (self->scan_off) {
        return false;
    }
    found = haywire_pagemap_scan(reader->pagemap, &scan);
    if (found < 0) {
        self->scan_off = errno == ENOTTY || errno == EINVAL;
        return false;
    }
    decoder->huge = HAYWIRE_HUGE_LISTED;
    decoder->region = self->huge;
    decoder->region_count = (size_t)found;
    return true;
}

/* Up to a multiple of the chunk, so that no huge page is cut in two. */
static size_t chunk_entries(const HaywireLinuxCollector *self, uint64_t start,
                            uint64_t end)
{
    uint64_t first = start / self->page_size;
    uint64_t left = (end - start) / self->page_size;
    uint64_t chunk = HAYWIRE_PAGEMAP_CHUNK - first % HAYWIRE_PAGEMAP_CHUNK;

    return (size_t)(left < chunk ? left : chunk);
}

/* Read entries from @start on. *ret_end: where they end; @start: nowhere. */
static HaywireCollect read_entries(HaywireLinuxCollector *self,
                                   const PageReader *reader, uint64_t start,
                                   size_t count, uint64_t *ret_end)
{
    HaywirePagemapDecoder decoder = {
        .page_shift = (uint8_t)page_shift(self),
        .huge = reader->huge,
        .frame_flags = frame_flags,
        .swap_areas = swap_areas,
        .opaque = self,
    };
    ssize_t done;

    /* Before the entries: huge pages are split sooner than they are made. */
    (void)list_huge(self, reader, start, count, &decoder);
    done =
        pread(reader->pagemap, self->entries, count * sizeof(self->entries[0]),
              (off_t)(start / self->page_size * sizeof(uint64_t)));
    if (done < 0) {
        return haywire_proc_result(errno);
    }
    haywire_pagemap_runs(&decoder, self->entries,
                         (size_t)done / sizeof(self->entries[0]), start,
                         reader->sink, reader->opaque);
    *ret_end = start + (uint64_t)done / sizeof(uint64_t) * self->page_size;
    return HAYWIRE_COLLECT_OK;
}

/* All entries of a piece. */
static HaywireCollect read_piece(HaywireLinuxCollector *self,
                                 const PageReader *reader, uint64_t start,
                                 uint64_t end, uint64_t *ret_next)
{
    uint64_t next = start;
    HaywireCollect result = read_entries(
        self, reader, start, chunk_entries(self, start, end), &next);

    /*
     * Nothing read: no page table is there. The process ended, or the section
     * is one of the kernel's own, as [vsyscall].
     */
    if (result == HAYWIRE_COLLECT_OK) {
        *ret_next = next > start ? next : end;
    }
    return result;
}

/* Parts that lie close together, and fit the buffer, become one. */
static size_t join_parts(const HaywireLinuxCollector *self,
                         HaywirePagemapRegion *part, size_t count)
{
    size_t joined = 0;

    for (size_t i = 1; i < count; i++) {
        HaywirePagemapRegion *last = &part[joined];

        if (part[i].start - last->end <= GAP_PAGES * self->page_size &&
            part[i].end - last->start <=
                HAYWIRE_PAGEMAP_CHUNK * self->page_size) {
            last->end = part[i].end;
        } else {
            part[++joined] = part[i];
        }
    }
    return count > 0 ? joined + 1 : 0;
}

/*
 * When the last part was cut because enough pages were found: cut it where no
 * huge page can begin before and end behind.
 */
static uint64_t cut_last(const HaywireLinuxCollector *self,
                         HaywirePagemapRegion *last, uint64_t next,
                         uint64_t end)
{
    uint64_t huge = UINT64_C(1) << haywire_pagemap_huge_shift(page_shift(self));
    uint64_t cut = next - next % huge;

    if (next >= end || last->end < next || cut <= last->start) {
        return next;
    }
    last->end = cut;
    return cut;
}

/*
 * The first stretches of [start, end) whose pages are present or swapped out,
 * ascending. Returns how many, or -1 where the kernel cannot do it (errno).
 *
 * @ret_next: up to where there are no others
 */
static long find_populated(int pagemap, uint64_t start, uint64_t end,
                           HaywirePagemapRegion ret_part[PARTS],
                           uint64_t *ret_next)
{
    const uint64_t there = HAYWIRE_PAGEMAP_PRESENT | HAYWIRE_PAGEMAP_SWAPPED;
    HaywirePagemapScan scan = {
        .start = start,
        .end = end,
        .vec = (uintptr_t)ret_part,
        .vec_len = PARTS,
        .max_pages = HAYWIRE_PAGEMAP_CHUNK,
        .category_anyof_mask = there,
        .return_mask = there,
    };
    long count = haywire_pagemap_scan(pagemap, &scan);

    if (count >= 0) {
        *ret_next = scan.walk_end;
    }
    return count;
}

/* Only the entries of pages that are there. */
static HaywireCollect read_populated(HaywireLinuxCollector *self,
                                     const PageReader *reader, uint64_t start,
                                     uint64_t end, uint64_t *ret_next)
{
    HaywirePagemapRegion part[PARTS];
    uint64_t next = end;
    long found = find_populated(reader->pagemap, start, end, part, &next);
    size_t count;

    if (found < 0 || next <= start) {
        self->scan_off = found < 0 && (errno == ENOTTY || errno == EINVAL);
        return read_piece(self, reader, start, end, ret_next);
    }
    if (found > 0) {
        next = cut_last(self, &part[found - 1], next, end);
    }
    count = join_parts(self, part, (size_t)found);
    for (size_t i = 0; i < count; i++) {
        size_t pages = (part[i].end - part[i].start) / self->page_size;
        uint64_t ignored;
        HaywireCollect result =
            read_entries(self, reader, part[i].start, pages, &ignored);

        if (result != HAYWIRE_COLLECT_OK) {
            return result;
        }
    }
    *ret_next = next;
    return HAYWIRE_COLLECT_OK;
}

/* A kernel without pagemap is no process that has ended. */
static HaywireCollect why_closed(int folder, HaywireCollect result)
{
    bool there = faccessat(folder, "stat", F_OK, 0) == 0;

    return result == HAYWIRE_COLLECT_GONE && there ? HAYWIRE_COLLECT_DENIED
                                                   : result;
}

HaywireCollect haywire_linux_pages(HaywireCollector *collector,
                                   HaywireOpenProcess *process, uint64_t start,
                                   uint64_t end, HaywireRunSink *sink,
                                   void *opaque, uint64_t *ret_next)
{
    HaywireLinuxCollector *self = haywire_linux_collector(collector);
    HaywireLinuxProcess *open_process = haywire_linux_process(process);
    PageReader reader = {
        .huge = open_process->no_huge ? HAYWIRE_HUGE_NONE : HAYWIRE_HUGE_UNTOLD,
        .sink = sink,
        .opaque = opaque,
    };
    bool worth_it = (end - start) / self->page_size >= SCAN_FROM_PAGES;

    self->swap_areas = HAYWIRE_SWAP_AREAS_UNREAD;
    if (open_process->pagemap < 0) {
        HaywireCollect result =
            haywire_proc_open(haywire_linux_folder(open_process), "pagemap", 0,
                              &open_process->pagemap);

        if (result != HAYWIRE_COLLECT_OK) {
            return why_closed(haywire_linux_folder(open_process), result);
        }
    }
    reader.pagemap = open_process->pagemap;
    return worth_it && !self->scan_off
               ? read_populated(self, &reader, start, end, ret_next)
               : read_piece(self, &reader, start, end, ret_next);
}
