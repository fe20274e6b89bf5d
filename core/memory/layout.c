/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looking addresses up in a layout.
 */

#include "haywire/beacon_protocol.h"
#include "haywire/layout.h"

HaywireStatus haywire_layout_position(const HaywireLayout *layout,
                                      HaywireGpa gpa,
                                      HaywirePosition *ret_position)
{
    size_t i;

    for (i = 0; i < layout->count; i++) {
        const HaywireLayoutRange *range = &layout->range[i];

        if (gpa.value >= range->gpa.value &&
            gpa.value - range->gpa.value < range->length) {
            ret_position->value =
                range->position.value + (gpa.value - range->gpa.value);
            return HAYWIRE_OK;
        }
    }
    return HAYWIRE_NO_LAYOUT;
}

HaywireStatus haywire_layout_gpa(const HaywireLayout *layout,
                                 HaywirePosition position, HaywireGpa *ret_gpa)
{
    size_t i;

    for (i = 0; i < layout->count; i++) {
        const HaywireLayoutRange *range = &layout->range[i];

        if (position.value >= range->position.value &&
            position.value - range->position.value < range->length) {
            ret_gpa->value =
                range->gpa.value + (position.value - range->position.value);
            return HAYWIRE_OK;
        }
    }
    return HAYWIRE_NO_LAYOUT;
}

void haywire_layout_append(HaywireLayout *layout, HaywirePosition start,
                           uint64_t length)
{
    HaywireLayoutRange *last =
        layout->count ? &layout->range[layout->count - 1] : NULL;

    if (last && (last->gpa.value + last->length == start.value ||
                 layout->count == HAYWIRE_LAYOUT_RANGES_MAX)) {
        last->length = start.value + length - last->gpa.value;
        return;
    }
    layout->range[layout->count++] =
        (HaywireLayoutRange){ { start.value }, start, length };
}

/* Of [start, end), what lies in @range. */
static uint64_t overlap(const HaywireLayoutRange *range, uint64_t start,
                        uint64_t end)
{
    uint64_t range_end = range->gpa.value + range->length;

    start = start > range->gpa.value ? start : range->gpa.value;
    end = end < range_end ? end : range_end;
    return end > start ? end - start : 0;
}

uint64_t haywire_layout_missing(const HaywireLayout *layout,
                                const HaywireRamRange *ram, size_t count)
{
    const uint64_t within = HAYWIRE_PAGE_SIZE - 1;
    uint64_t missing = 0;
    size_t i, j;

    for (i = 0; i < count; i++) {
        uint64_t start = ram[i].start.value, end = ram[i].end.value & ~within;
        uint64_t length;

        start = start <= UINT64_MAX - within ? (start + within) & ~within : end;
        length = end > start ? end - start : 0;
        for (j = 0; j < layout->count; j++) {
            length -= overlap(&layout->range[j], start, end);
        }
        missing += length;
    }
    return missing;
}
