/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that this process has mapped and in use itself.
 */

#include <stdlib.h>

#include "own_pages.h"

typedef struct MappedMemory {
    HaywireMemory memory;
    HaywireOwnPages *own;
    HaywireMarkDirty dirty;
    void *opaque;
} MappedMemory;

static HaywireStatus mapped_next_window(HaywireMemory *memory,
                                        const HaywireRegion *region,
                                        uint64_t from,
                                        HaywireWindow *ret_window)
{
    MappedMemory *mapped = (MappedMemory *)memory;
    HaywireWindow window;
    HaywireStatus status;

    if (!haywire_own_pages_may_ask(mapped->own, region)) {
        return HAYWIRE_NOT_FOUND;
    }
    status = haywire_own_pages_next(mapped->own, region->host + from,
                                    region->host + region->length, &window.host,
                                    &window.length);
    if (status == HAYWIRE_OK) {
        window.start.value =
            region->start.value + (uint64_t)(window.host - region->host);
        *ret_window = window;
    }
    return status;
}

static void mapped_ask(HaywireMemory *memory, HaywireSpot *spot, size_t count)
{
    haywire_own_pages_see(((MappedMemory *)memory)->own, spot, count);
}

/*
 * Broken pages look like swapped ones. Where nothing is swapped the copy finds
 * out; where something is, reading might bring it in.
 */
static void settle(HaywireSpot *spot, size_t count)
{
    int swaps = -1; /* not asked yet */
    size_t i;

    for (i = 0; i < count; i++) {
        if (spot[i].status == HAYWIRE_HOLE && spot[i].region->has_file) {
            spot[i].status = HAYWIRE_NOT_RESIDENT;
        } else if (spot[i].status == HAYWIRE_SWAPPED) {
            swaps = swaps < 0 ? haywire_swap_is_used() : swaps;
            spot[i].status = swaps ? HAYWIRE_SWAPPED : HAYWIRE_OK;
        }
    }
}

static void mapped_read(HaywireMemory *memory, HaywireSpot *spot, size_t count)
{
    MappedMemory *mapped = (MappedMemory *)memory;

    haywire_own_pages_ask(mapped->own, spot, count);
    settle(spot, count);
    haywire_own_pages_copy(mapped->own, spot, count);
}

static HaywireStatus mapped_swap_word(HaywireMemory *memory,
                                      const HaywireRegion *region,
                                      uint64_t offset, uint64_t expected,
                                      uint64_t desired)
{
    MappedMemory *mapped = (MappedMemory *)memory;
    HaywireSpot spot = { region, offset, NULL, sizeof(desired), HAYWIRE_OK };

    haywire_own_pages_ask(mapped->own, &spot, 1);
    if (spot.status == HAYWIRE_OK) {
        spot.status = haywire_memory_swap_at(
            (uint8_t *)(uintptr_t)region->host + offset, expected, desired);
    }
    if (spot.status == HAYWIRE_OK && mapped->dirty) {
        mapped->dirty(mapped->opaque, region, offset, sizeof(desired));
    }
    return spot.status;
}

static void mapped_destroy(HaywireMemory *memory)
{
    haywire_own_pages_close(((MappedMemory *)memory)->own);
    free(memory);
}

static const HaywireMemoryOps mapped_ops = {
    .next_window = mapped_next_window,
    .ask = mapped_ask,
    .read = mapped_read,
    .swap_word = mapped_swap_word,
    .destroy = mapped_destroy,
};

HaywireStatus haywire_memory_mapped_new(HaywireMarkDirty dirty, void *opaque,
                                        HaywireMemory **ret_memory)
{
    MappedMemory *mapped = calloc(1, sizeof(*mapped));
    HaywireStatus status;

    if (!mapped) {
        return HAYWIRE_NO_MEMORY;
    }
    status = haywire_own_pages_open(0, &mapped->own);
    if (status != HAYWIRE_OK) {
        free(mapped);
        return status;
    }
    haywire_own_pages_name(mapped->own, &mapped->memory);
    mapped->memory.ops = &mapped_ops;
    mapped->dirty = dirty;
    mapped->opaque = opaque;
    *ret_memory = &mapped->memory;
    return HAYWIRE_OK;
}

void haywire_memory_mapped_set(HaywireMemory *memory,
                               const HaywireRegion *region, size_t count,
                               const HaywireLayout *layout)
{
    haywire_own_pages_forget(((MappedMemory *)memory)->own);
    memory->region = region;
    memory->region_count = count;
    memory->layout = layout;
}
