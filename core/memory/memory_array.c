/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory over arrays, for tests.
 */

#include <stdlib.h>
#include <string.h>

#include "haywire/beacon_protocol.h"
#include "haywire/memory.h"

typedef struct ArrayMemory {
    HaywireMemory memory;
    bool zero_is_hole;
    HaywireRegion region[];
} ArrayMemory;

static bool page_counts(const HaywireMemory *memory, const uint8_t *page)
{
    static const uint8_t zeroes[HAYWIRE_PAGE_SIZE];

    return !((const ArrayMemory *)memory)->zero_is_hole ||
           memcmp(page, zeroes, sizeof(zeroes)) != 0;
}

static HaywireStatus array_next_window(HaywireMemory *memory,
                                       const HaywireRegion *region,
                                       uint64_t from, HaywireWindow *ret_window)
{
    uint64_t at = from, end;

    while (at < region->length && !page_counts(memory, region->host + at)) {
        at += HAYWIRE_PAGE_SIZE;
    }
    for (end = at; end < region->length && end - at < HAYWIRE_WINDOW_MAX &&
                   page_counts(memory, region->host + end);) {
        end += HAYWIRE_PAGE_SIZE;
    }
    if (end == at) {
        return HAYWIRE_NOT_FOUND;
    }
    *ret_window = (HaywireWindow){ { region->start.value + at },
                                   end - at,
                                   region->host + at };
    return HAYWIRE_OK;
}

static void array_ask(HaywireMemory *memory, HaywireSpot *spot, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        uint64_t page = spot[i].offset & ~(uint64_t)(HAYWIRE_PAGE_SIZE - 1);

        spot[i].status = page_counts(memory, spot[i].region->host + page)
                             ? HAYWIRE_OK
                             : HAYWIRE_HOLE;
    }
}

static void array_read(HaywireMemory *memory, HaywireSpot *spot, size_t count)
{
    size_t i;

    array_ask(memory, spot, count);
    for (i = 0; i < count; i++) {
        if (spot[i].status == HAYWIRE_OK) {
            memcpy(spot[i].to, spot[i].region->host + spot[i].offset,
                   spot[i].length);
        }
    }
}

static HaywireStatus array_swap_word(HaywireMemory *memory,
                                     const HaywireRegion *region,
                                     uint64_t offset, uint64_t expected,
                                     uint64_t desired)
{
    (void)memory;
    return haywire_memory_swap_at((uint8_t *)(uintptr_t)region->host + offset,
                                  expected, desired);
}

static void array_destroy(HaywireMemory *memory)
{
    free(memory);
}

static const HaywireMemoryOps array_ops = {
    .next_window = array_next_window,
    .ask = array_ask,
    .read = array_read,
    .swap_word = array_swap_word,
    .destroy = array_destroy,
};

HaywireStatus haywire_memory_array_new(const HaywireRegion *region,
                                       size_t count, bool zero_is_hole,
                                       const HaywireLayout *layout,
                                       HaywireMemory **ret_memory)
{
    size_t bytes = count * sizeof(*region);
    ArrayMemory *array = calloc(1, sizeof(*array) + bytes);

    if (!array) {
        return HAYWIRE_NO_MEMORY;
    }
    memcpy(array->region, region, bytes);
    array->zero_is_hole = zero_is_hole;
    array->memory.ops = &array_ops;
    array->memory.region = array->region;
    array->memory.region_count = count;
    haywire_memory_set_layout(&array->memory, layout);
    *ret_memory = &array->memory;
    return HAYWIRE_OK;
}
