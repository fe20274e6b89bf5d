/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries of /proc/PID/pagemap to runs. The bits are those of
 * Documentation/admin-guide/mm/pagemap.rst in the kernel, special entries
 * those of its include/linux/swapops.h.
 */

#include "os/linux/pagemap.h"
#include "os/linux/large_pages.h"
#include "os/runs.h"

#define ENTRY_PRESENT    (UINT64_C(1) << 63)
#define ENTRY_SWAPPED    (UINT64_C(1) << 62)
#define ENTRY_FILE       (UINT64_C(1) << 61)
#define ENTRY_GUARD      (UINT64_C(1) << 58) /* Linux 6.15 */
#define ENTRY_UFFD_WP    (UINT64_C(1) << 57) /* Linux 5.14 */
#define ENTRY_EXCLUSIVE  (UINT64_C(1) << 56)
#define ENTRY_SOFT_DIRTY (UINT64_C(1) << 55)
#define ENTRY_VALUE_MASK ((UINT64_C(1) << 55) - 1)
#define SWAP_TYPE_MASK   0x1f
#define SWAP_TYPE_BITS   5

/*
 * The highest types are no swap areas but the kernel's own entries. How many
 * these are depends on its version and configuration: nine at most.
 */
#define OWN_TYPES_FROM 23
/*
 * The last type marks a page that has no memory, since Linux 5.19; the offset
 * says as what. Other types' offsets are frame numbers there, which are never
 * that low.
 */
#define MARKER_TYPE    31
#define MARKER_UFFD_WP 1
#define MARKER_GUARD   4 /* Linux 6.13 */
#define MARKERS_MAX    16

static uint16_t plain_flags(uint64_t entry)
{
    static const struct {
        uint64_t bit;
        uint16_t flag;
    } map[] = {
        { ENTRY_PRESENT, HAYWIRE_RUN_PRESENT },
        { ENTRY_FILE, HAYWIRE_RUN_FILE },
        { ENTRY_UFFD_WP, HAYWIRE_RUN_UFFD_WP },
        { ENTRY_EXCLUSIVE, HAYWIRE_RUN_EXCLUSIVE },
        { ENTRY_SOFT_DIRTY, HAYWIRE_RUN_SOFT_DIRTY },
    };
    uint16_t flags = 0;

    for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++) {
        if (entry & map[i].bit) {
            flags |= map[i].flag;
        }
    }
    return flags;
}

/* What an entry is that the kernel calls swapped, and that is no marker. */
static uint16_t swap_flag(const HaywirePagemapDecoder *decoder, uint64_t entry,
                          uint64_t value)
{
    uint32_t type = value & SWAP_TYPE_MASK;

    /* Hidden, and so it may be a marker of the first write. */
    if (value == 0 && (entry & ENTRY_UFFD_WP)) {
        return 0;
    }
    return type < OWN_TYPES_FROM || type < decoder->swap_areas(decoder->opaque)
               ? HAYWIRE_RUN_SWAPPED
               : HAYWIRE_RUN_SPECIAL;
}

static uint16_t absent_flags(const HaywirePagemapDecoder *decoder,
                             uint64_t entry)
{
    uint64_t value = entry & ENTRY_VALUE_MASK;
    uint64_t offset = value >> SWAP_TYPE_BITS;
    bool marker =
        (value & SWAP_TYPE_MASK) == MARKER_TYPE && offset < MARKERS_MAX;

    if ((entry & ENTRY_GUARD) || (marker && (offset & MARKER_GUARD))) {
        return HAYWIRE_RUN_GUARD;
    }
    if (marker) {
        return offset & MARKER_UFFD_WP ? HAYWIRE_RUN_UFFD_WP
                                       : HAYWIRE_RUN_SPECIAL;
    }
    return plain_flags(entry) | swap_flag(decoder, entry, value);
}

/* The run that an entry alone would be, without its page's size. */
static HaywireGuestRun entry_run(const HaywirePagemapDecoder *decoder,
                                 uint64_t entry, uint64_t gva)
{
    uint64_t value = entry & ENTRY_VALUE_MASK;
    unsigned frame_shift = decoder->page_shift - HAYWIRE_PAGE_SHIFT;
    HaywireGuestRun run = {
        .gva = gva,
        .pages = UINT64_C(1) << frame_shift,
    };

    if (entry & ENTRY_PRESENT) {
        run.flags = plain_flags(entry) | (value ? HAYWIRE_RUN_PFN_KNOWN : 0);
        run.value = value << frame_shift;
    } else if (entry & ENTRY_SWAPPED) {
        run.flags = absent_flags(decoder, entry);
    } else {
        /* Of hugetlb, a page that was never touched. */
        run.flags = HAYWIRE_RUN_UFFD_WP;
    }
    if (run.flags & HAYWIRE_RUN_SWAPPED) {
        run.swap_type = value & SWAP_TYPE_MASK;
        run.value = value >> SWAP_TYPE_BITS;
    }
    return run;
}

static bool says_something(uint64_t entry)
{
    return entry & (ENTRY_PRESENT | ENTRY_SWAPPED | ENTRY_UFFD_WP);
}

void haywire_pagemap_runs(const HaywirePagemapDecoder *decoder,
                          const uint64_t *entry, size_t count, uint64_t gva,
                          HaywireRunSink *sink, void *opaque)
{
    HaywireLargePages large = { .decoder = decoder };
    HaywireGuestRun run = { 0 };

    for (size_t i = 0; i < count; i++) {
        HaywireGuestRun next;

        if (!says_something(entry[i])) {
            continue;
        }
        next = entry_run(decoder, entry[i],
                         gva + ((uint64_t)i << decoder->page_shift));
        if (entry[i] & ENTRY_PRESENT) {
            next.page_shift = haywire_large_page_shift(&large, &entry[i],
                                                       count - i, next.gva);
        }
        haywire_run_add(&run, &next, sink, opaque);
    }
    if (run.pages > 0) {
        sink(opaque, &run);
    }
}
