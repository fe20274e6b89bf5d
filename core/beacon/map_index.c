/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the master index. An index is as long as there are slots, whatever
 * its pages say.
 */

#include "map_index.h"

static HaywireStatus find_position(const HaywireLayout *layout, uint64_t pfn,
                                   HaywirePosition *ret_position)
{
    if (pfn > UINT64_MAX >> HAYWIRE_PAGE_SHIFT) {
        return HAYWIRE_BAD_RANGE;
    }
    return haywire_layout_position(
        layout, (HaywireGpa){ pfn << HAYWIRE_PAGE_SHIFT }, ret_position);
}

void haywire_index_entry(HaywireIndexWalk *walk, uint32_t slot, uint64_t pfn)
{
    HaywirePosition position;
    HaywireStatus status;

    if (pfn == 0) {
        return; /* not known to the guest */
    }
    walk->any_pfn = true;
    status = find_position(walk->layout, pfn, &position);
    if (status != HAYWIRE_OK) {
        walk->rejected[status]++;
    } else if (position.value != walk->map->slot[slot].position.value) {
        walk->entry(walk->opaque, slot, position);
    }
}

static bool is_named(const HaywireIndexWalk *walk, uint32_t slot)
{
    uint32_t first = walk->map->index.first;

    return slot >= first && slot - first < walk->named_count &&
           walk->named[slot - first] != 0;
}

void haywire_index_page(HaywireIndexWalk *walk, const HaywirePage *copy,
                        const HaywirePageInfo *info)
{
    const uint32_t total = walk->map->total;
    HaywireIndexPage page;
    uint64_t pfn;
    uint32_t i;
    HaywireStatus status = haywire_decode_index(copy, info, &page, NULL);

    if (status != HAYWIRE_OK) {
        walk->rejected[status]++;
        return;
    }
    for (i = 0; i < page.count && i < HAYWIRE_INDEX_PER_PAGE; i++) {
        if (page.first_slot >= total || i >= total - page.first_slot ||
            walk->left == 0 ||
            haywire_cursor_u64(&page.entries, &pfn) != HAYWIRE_OK) {
            return;
        }
        walk->left--;
        if (!is_named(walk, page.first_slot + i)) {
            haywire_index_entry(walk, page.first_slot + i, pfn);
        }
    }
}
