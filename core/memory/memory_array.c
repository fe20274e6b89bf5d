/*
 * A memory source over arrays, for tests.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "haywire/beacon_protocol.h"
#include "haywire/memory.h"

typedef struct ArraySource {
    HaywireMemory source;
    bool zero_is_hole;
    bool has_layout;
    HaywireLayout layout;
    size_t count;
    HaywireRegion region[];
} ArraySource;

static const HaywireRegion *array_regions(HaywireMemory *source,
                                          size_t *ret_count)
{
    ArraySource *array = (ArraySource *)source;

    *ret_count = array->count;
    return array->region;
}

static bool page_counts(const ArraySource *array, const uint8_t *page)
{
    static const uint8_t zeroes[HAYWIRE_PAGE_SIZE];

    return !array->zero_is_hole || memcmp(page, zeroes, sizeof(zeroes)) != 0;
}

/* The first run in @region from byte @at on; false when there is none. */
static bool run_in_region(const ArraySource *array, const HaywireRegion *region,
                          uint64_t at, uint64_t *ret_start,
                          uint64_t *ret_length)
{
    uint64_t start;

    while (at < region->length && !page_counts(array, region->host + at)) {
        at += HAYWIRE_PAGE_SIZE;
    }
    start = at;
    while (at < region->length && page_counts(array, region->host + at)) {
        at += HAYWIRE_PAGE_SIZE;
    }
    *ret_start = start;
    *ret_length = at - start;
    return at > start;
}

static HaywireStatus array_next_resident(HaywireMemory *source,
                                         HaywirePosition from,
                                         HaywirePosition *ret_start,
                                         uint64_t *ret_length)
{
    ArraySource *array = (ArraySource *)source;
    size_t i;

    for (i = 0; i < array->count; i++) {
        const HaywireRegion *region = &array->region[i];
        uint64_t at = 0, start, length;

        if (from.value > region->start.value) {
            at = from.value - region->start.value;
            at -= at % HAYWIRE_PAGE_SIZE;
        }
        if (run_in_region(array, region, at, &start, &length)) {
            ret_start->value = region->start.value + start;
            *ret_length = length;
            return HAYWIRE_OK;
        }
    }
    return HAYWIRE_NOT_FOUND;
}

static void array_are_resident(HaywireMemory *source,
                               const HaywireRegion *region,
                               const HaywirePosition *where, size_t count,
                               HaywireStatus *ret_status)
{
    const ArraySource *array = (ArraySource *)source;
    size_t i;

    for (i = 0; i < count; i++) {
        const uint8_t *page =
            region->host + (where[i].value - region->start.value);

        ret_status[i] =
            page_counts(array, page) ? HAYWIRE_OK : HAYWIRE_NOT_RESIDENT;
    }
}

static HaywireStatus array_compare_and_swap(HaywireMemory *source,
                                            HaywirePosition where,
                                            uint64_t expected, uint64_t desired)
{
    const uint8_t *host;
    HaywireStatus status =
        haywire_memory_pointer(source, where, sizeof(expected), &host);

    if (status != HAYWIRE_OK || where.value % sizeof(expected) != 0) {
        return HAYWIRE_OUT_OF_RANGE;
    }
    expected = htole64(expected);
    return __atomic_compare_exchange_n((uint64_t *)(uintptr_t)host, &expected,
                                       htole64(desired), false,
                                       __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)
               ? HAYWIRE_OK
               : HAYWIRE_FOCUS_LOST_RACE;
}

static HaywireStatus array_check(HaywireMemory *source)
{
    (void)source;
    return HAYWIRE_OK;
}

static const HaywireLayout *array_layout(HaywireMemory *source)
{
    ArraySource *array = (ArraySource *)source;

    return array->has_layout ? &array->layout : NULL;
}

static void array_destroy(HaywireMemory *source)
{
    free(source);
}

static const HaywireMemoryOps array_ops = {
    .regions = array_regions,
    .next_resident = array_next_resident,
    .compare_and_swap = array_compare_and_swap,
    .check = array_check,
    .layout = array_layout,
    .destroy = array_destroy,
    .are_resident = array_are_resident,
};

HaywireStatus haywire_memory_array_new(const HaywireRegion *regions,
                                       size_t count, bool zero_is_hole,
                                       const HaywireLayout *layout,
                                       HaywireMemory **ret_source)
{
    size_t bytes = count * sizeof(*regions);
    ArraySource *array = calloc(1, sizeof(*array) + bytes);

    if (!array) {
        return HAYWIRE_NO_MEMORY;
    }
    array->source.ops = &array_ops;
    array->zero_is_hole = zero_is_hole;
    array->has_layout = layout != NULL;
    if (layout) {
        array->layout = *layout;
    }
    array->count = count;
    memcpy(array->region, regions, bytes);
    *ret_source = &array->source;
    return HAYWIRE_OK;
}
