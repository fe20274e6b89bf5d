/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Page sizes of mappings: see large_pages.h. */

#include "os/linux/large_pages.h"

#define PRESENT    (UINT64_C(1) << 63)
#define FRAME_MASK ((UINT64_C(1) << 55) - 1)

/* Documentation/admin-guide/mm/pagemap.rst */
#define KPF_COMPOUND_HEAD (UINT64_C(1) << 15)
#define KPF_COMPOUND_TAIL (UINT64_C(1) << 16)
#define KPF_HUGE          (UINT64_C(1) << 17)
#define KPF_THP           (UINT64_C(1) << 22)
#define KPF_LARGE         (KPF_COMPOUND_HEAD | KPF_COMPOUND_TAIL | KPF_THP)

/* 16 GiB is the largest page of any system. */
#define LARGEST_SHIFT 34

/* Pages of hugetlb that are smaller than an entry of the second level maps. */
#if defined(__x86_64__)
#define SMALLEST_ORDER 9
#else
#define SMALLEST_ORDER 4 /* 64 KiB of contiguous entries */
#endif

static uint64_t flags_of(const HaywirePagemapDecoder *decoder, uint64_t frame)
{
    return decoder->frame_flags(decoder->opaque, frame);
}

/*
 * The order of the page of hugetlb that holds @frame: it begins at the first
 * multiple below that is a head, and ends at the first that is no tail.
 */
static uint8_t hugetlb_shift(const HaywirePagemapDecoder *decoder,
                             uint64_t frame)
{
    unsigned largest = LARGEST_SHIFT - decoder->page_shift;
    unsigned order = 0;
    uint64_t head = frame;

    while (order <= largest && !(flags_of(decoder, head) & KPF_COMPOUND_HEAD)) {
        order++;
        head = frame >> order << order;
    }
    while (order <= largest &&
           (flags_of(decoder, head + (UINT64_C(1) << order)) &
            KPF_COMPOUND_TAIL)) {
        order++;
    }
    return order <= largest ? (uint8_t)(decoder->page_shift + order) : 0;
}

/* Do the entries that one of 2^@order pages would make follow each other? */
static bool is_row(const HaywirePagemapDecoder *decoder, const uint64_t *entry,
                   size_t count, uint64_t gva, unsigned order)
{
    uint64_t frame = entry[0] & FRAME_MASK;
    uint64_t pages = UINT64_C(1) << order;

    if (count < pages || (gva >> decoder->page_shift) % pages != 0 ||
        frame == 0 || frame % pages != 0) {
        return false;
    }
    for (size_t i = 0; i < pages; i++) {
        if (!(entry[i] & PRESENT) || (entry[i] & FRAME_MASK) != frame + i) {
            return false;
        }
    }
    return true;
}

static uint8_t hold(HaywireLargePages *large, uint64_t gva, unsigned size_shift,
                    uint8_t shift)
{
    large->end = ((gva >> size_shift) + 1) << size_shift;
    large->shift = shift;
    return shift;
}

/* The kernel says that a large entry maps it. Which frames lead to a size? */
static uint8_t listed_shift(HaywireLargePages *large, uint64_t frame,
                            uint64_t gva)
{
    const HaywirePagemapDecoder *decoder = large->decoder;
    unsigned huge = haywire_pagemap_huge_shift(decoder->page_shift);
    uint64_t within = (UINT64_C(1) << (huge - decoder->page_shift)) - 1;
    uint64_t flags = frame ? flags_of(decoder, frame) : 0;
    uint8_t shift = 0;

    if (flags & KPF_HUGE) {
        shift = hugetlb_shift(decoder, frame);
        return hold(large, gva, shift ? shift : huge, shift);
    }
    /* Else it was moved or split since the kernel was asked. */
    if (flags != 0 && ((frame ^ gva >> decoder->page_shift) & within) == 0) {
        shift = (uint8_t)huge;
    }
    return hold(large, gva, huge, shift);
}

static bool is_listed(HaywireLargePages *large, uint64_t gva)
{
    const HaywirePagemapDecoder *decoder = large->decoder;

    while (large->region < decoder->region_count &&
           decoder->region[large->region].end <= gva) {
        large->region++;
    }
    return large->region < decoder->region_count &&
           decoder->region[large->region].start <= gva;
}

/*
 * The kernel cannot be asked. Pages of hugetlb are always mapped as such. Of
 * other large folios nobody knows, unless none is in the whole process.
 */
static uint8_t row_shift(HaywireLargePages *large, const uint64_t *entry,
                         size_t count, uint64_t gva)
{
    const HaywirePagemapDecoder *decoder = large->decoder;
    unsigned huge = haywire_pagemap_huge_shift(decoder->page_shift);
    uint64_t frame = entry[0] & FRAME_MASK;
    uint64_t flags;

    if (frame == 0) {
        return 0;
    }
    if (!is_row(decoder, entry, count, gva, SMALLEST_ORDER)) {
        return decoder->page_shift;
    }
    flags = flags_of(decoder, frame);
    if (flags & KPF_HUGE) {
        uint8_t shift = hugetlb_shift(decoder, frame);

        return hold(large, gva, shift ? shift : huge, shift);
    }
    if (decoder->huge == HAYWIRE_HUGE_UNTOLD &&
        (flags == 0 || (flags & KPF_LARGE)) &&
        is_row(decoder, entry, count, gva, huge - decoder->page_shift)) {
        return hold(large, gva, huge, 0);
    }
    return decoder->page_shift;
}

uint8_t haywire_large_page_shift(HaywireLargePages *large,
                                 const uint64_t *entry, size_t count,
                                 uint64_t gva)
{
    if (gva < large->end) {
        return large->shift;
    }
    if (large->decoder->huge != HAYWIRE_HUGE_LISTED) {
        return row_shift(large, entry, count, gva);
    }
    return is_listed(large, gva)
               ? listed_shift(large, entry[0] & FRAME_MASK, gva)
               : large->decoder->page_shift;
}
