/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looking addresses up in a layout.
 */

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
