/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A memory over a mapping of this process: see mapped_source.h.
 */
#include "mapped_source.h"

#include <glib.h>

HaywireMemory *mapped_source_new(uint8_t *host, uint64_t length, int fd)
{
    static HaywireRegion region;
    static HaywireLayout layout;
    HaywireMemory *memory;

    region =
        (HaywireRegion){ .length = length, .host = host, .has_file = fd >= 0 };
    layout.count = 1;
    layout.range[0].length = length;
    g_assert_cmpint(haywire_memory_mapped_new(NULL, NULL, &memory), ==,
                    HAYWIRE_OK);
    haywire_memory_mapped_set(memory, &region, 1, &layout);
    return memory;
}
