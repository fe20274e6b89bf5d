/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries of /proc/PID/pagemap to runs. The bits are those of
 * Documentation/admin-guide/mm/pagemap.rst in the kernel.
 */

#include "os/linux/pagemap.h"
#include "os/runs.h"

#define ENTRY_PRESENT    (UINT64_C(1) << 63)
#define ENTRY_SWAPPED    (UINT64_C(1) << 62)
#define ENTRY_FILE       (UINT64_C(1) << 61)
#define ENTRY_EXCLUSIVE  (UINT64_C(1) << 56)
#define ENTRY_SOFT_DIRTY (UINT64_C(1) << 55)
#define ENTRY_VALUE_MASK ((UINT64_C(1) << 55) - 1)
#define SWAP_TYPE_MASK   0x1f
#define SWAP_TYPE_BITS   5

#define KPF_COMPOUND_HEAD (UINT64_C(1) << 15)
#define KPF_COMPOUND_TAIL (UINT64_C(1) << 16)
#define KPF_HUGE          (UINT64_C(1) << 17)
#define KPF_THP           (UINT64_C(1) << 22)

#define HUGE_FRAMES     UINT64_C(512)
#define GIGANTIC_FRAMES (HUGE_FRAMES * HUGE_FRAMES)
#define SHIFT_BASE      12
#define SHIFT_HUGE      21
#define SHIFT_GIGANTIC  30

static uint16_t entry_flags(uint64_t entry)
{
    static const struct {
        uint64_t bit;
        uint16_t flag;
    } map[] = {
        { ENTRY_PRESENT, HAYWIRE_RUN_PRESENT },
        { ENTRY_SWAPPED, HAYWIRE_RUN_SWAPPED },
        { ENTRY_FILE, HAYWIRE_RUN_FILE },
        { ENTRY_EXCLUSIVE, HAYWIRE_RUN_EXCLUSIVE },
        { ENTRY_SOFT_DIRTY, HAYWIRE_RUN_SOFT_DIRTY },
    };
    uint16_t flags = 0;

    for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++) {
        if (entry & map[i].bit) {
            flags |= map[i].flag;
        }
    }
    if ((entry & ENTRY_PRESENT) && (entry & ENTRY_VALUE_MASK)) {
        flags |= HAYWIRE_RUN_PFN_KNOWN;
    }
    return flags;
}

/* The run that an entry alone would be; not for empty entries. */
static HaywireGuestRun entry_run(const HaywirePagemapDecoder *decoder,
                                 uint64_t entry, uint64_t gva)
{
    uint64_t value = entry & ENTRY_VALUE_MASK;
    HaywireGuestRun run = {
        .gva = gva,
        .pages = decoder->frames_per_page,
        .flags = entry_flags(entry),
    };

    if (run.flags & HAYWIRE_RUN_PRESENT) {
        run.value = value * decoder->frames_per_page;
        /* On kernels of other page sizes the shift is not worked out. */
        run.page_shift = decoder->frames_per_page == 1 ? SHIFT_BASE : 0;
    } else {
        run.swap_type = value & SWAP_TYPE_MASK;
        run.value = value >> SWAP_TYPE_BITS;
    }
    return run;
}

/* Do 512 entries from here on look as a huge page's would? */
static bool looks_huge(const uint64_t *entry, size_t count, uint64_t gva)
{
    uint64_t pfn = entry[0] & ENTRY_VALUE_MASK;

    if (count < HUGE_FRAMES || (gva >> SHIFT_BASE) % HUGE_FRAMES != 0 ||
        pfn == 0 || pfn % HUGE_FRAMES != 0) {
        return false;
    }
    for (size_t i = 0; i < HUGE_FRAMES; i++) {
        if (!(entry[i] & ENTRY_PRESENT) ||
            (entry[i] & ENTRY_VALUE_MASK) != pfn + i) {
            return false;
        }
    }
    return true;
}

/*
 * Only hugetlb pages and anonymous transparent ones are surely mapped by one
 * entry: a large folio of a file may be mapped page by page.
 */
static uint8_t huge_shift(const HaywirePagemapDecoder *decoder, uint64_t entry,
                          uint64_t gva)
{
    uint64_t pfn = entry & ENTRY_VALUE_MASK;
    uint64_t gigantic = pfn - pfn % GIGANTIC_FRAMES;
    uint64_t flags = decoder->frame_flags(decoder->frame_opaque, pfn);

    if (flags == 0) {
        return 0;
    }
    if (flags & KPF_HUGE) {
        bool fits = (gva >> SHIFT_BASE) % GIGANTIC_FRAMES == pfn - gigantic;

        return fits && (decoder->frame_flags(decoder->frame_opaque,
                                             gigantic + HUGE_FRAMES) &
                        KPF_COMPOUND_TAIL)
                   ? SHIFT_GIGANTIC
                   : SHIFT_HUGE;
    }
    if (!(flags & KPF_THP)) {
        return SHIFT_BASE;
    }
    return (flags & KPF_COMPOUND_HEAD) && !(entry & ENTRY_FILE) ? SHIFT_HUGE
                                                                : 0;
}

void haywire_pagemap_runs(const HaywirePagemapDecoder *decoder,
                          const uint64_t *entry, size_t count, uint64_t gva,
                          HaywireRunSink *sink, void *opaque)
{
    uint64_t step = (uint64_t)decoder->frames_per_page << SHIFT_BASE;
    HaywireGuestRun run = { 0 };
    uint8_t shift = SHIFT_BASE;
    size_t huge_left = 0;

    for (size_t i = 0; i < count; i++) {
        HaywireGuestRun next;

        if (!(entry[i] & (ENTRY_PRESENT | ENTRY_SWAPPED))) {
            continue;
        }
        next = entry_run(decoder, entry[i], gva + i * step);
        if (huge_left == 0 && next.page_shift == SHIFT_BASE &&
            looks_huge(&entry[i], count - i, next.gva)) {
            shift = huge_shift(decoder, entry[i], next.gva);
            huge_left = HUGE_FRAMES;
        }
        if (huge_left > 0) {
            next.page_shift = shift;
            huge_left--;
        }
        haywire_run_add(&run, &next, sink, opaque);
    }
    if (run.pages > 0) {
        sink(opaque, &run);
    }
}
