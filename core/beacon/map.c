/*
 * The mapping arrays of one session.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdlib.h>
#include <string.h>

#include "map_internal.h"

bool haywire_map_take_discovery(HaywireMap *map,
                                const HaywireDiscovery *discovery)
{
    if (map->index_frames == discovery->index_frames &&
        memcmp(map->index_pfn, discovery->index_pfn, sizeof(map->index_pfn)) ==
            0) {
        return false;
    }
    map->index_frames = discovery->index_frames;
    memcpy(map->index_pfn, discovery->index_pfn, sizeof(map->index_pfn));
    return true;
}

HaywireStatus haywire_map_new(uint64_t session,
                              const HaywireDiscovery *discovery,
                              HaywireMap **ret_map)
{
    uint32_t i, total = 0;
    HaywireMap *map;

    for (i = 0; i < HAYWIRE_CATEGORY_COUNT; i++) {
        total += discovery->geometry[i];
    }
    map = calloc(1, sizeof(*map) + total * sizeof(map->slot[0]));
    if (!map) {
        return HAYWIRE_NO_MEMORY;
    }
    map->session = session;
    map->index = discovery->part[HAYWIRE_PART_INDEX];
    haywire_map_take_discovery(map, discovery);
    for (i = 0; i < total; i++) {
        map->slot[i].position = HAYWIRE_POSITION_NONE;
    }
    for (i = 0; i < HAYWIRE_CATEGORY_COUNT; i++) {
        map->pages[i] = discovery->geometry[i];
        map->array[i] = map->slot + map->total;
        map->total += discovery->geometry[i];
    }
    *ret_map = map;
    return HAYWIRE_OK;
}

void haywire_map_destroy(HaywireMap *map)
{
    free(map);
}

static HaywireMapSlot *find_slot(const HaywireMap *map,
                                 HaywireCategory category, uint32_t index)
{
    if ((unsigned)category >= HAYWIRE_CATEGORY_COUNT ||
        index >= map->pages[category]) {
        return NULL;
    }
    return &map->array[category][index];
}

void haywire_map_claim(HaywireMap *map, HaywireMapSlot *slot,
                       HaywirePosition position, const HaywirePageInfo *info)
{
    if (!haywire_map_slot_is_used(slot)) {
        map->mapped[info->category]++;
    }
    slot->position = position;
    slot->monotonic_ns = info->monotonic_ns;
}

/* From another place than the slot's, if that has a page at all. */
static bool may_claim(HaywireMap *map, const HaywireMapSlot *slot,
                      const HaywirePageInfo *info)
{
    if (!haywire_map_slot_is_used(slot)) {
        return info->monotonic_ns >= slot->monotonic_ns;
    }
    map->clashes++;
    return info->monotonic_ns > slot->monotonic_ns;
}

HaywireStatus haywire_map_add(HaywireMap *map, HaywirePosition position,
                              const HaywirePageInfo *info)
{
    HaywireMapSlot *slot = find_slot(map, info->category, info->index);

    if (info->session != map->session) {
        return HAYWIRE_BAD_SESSION;
    }
    if (!slot) {
        return HAYWIRE_BAD_INDEX;
    }
    if (slot->position.value != position.value && !may_claim(map, slot, info)) {
        return HAYWIRE_OK;
    }
    haywire_map_claim(map, slot, position, info);
    return HAYWIRE_OK;
}

void haywire_map_forget(HaywireMap *map, HaywireCategory category,
                        uint32_t index)
{
    HaywireMapSlot *slot = find_slot(map, category, index);

    if (slot && haywire_map_slot_is_used(slot)) {
        slot->position = HAYWIRE_POSITION_NONE;
        map->mapped[category]--;
    }
}

uint32_t haywire_map_pages(const HaywireMap *map, HaywireCategory category)
{
    return (unsigned)category < HAYWIRE_CATEGORY_COUNT ? map->pages[category]
                                                       : 0;
}

uint32_t haywire_map_mapped(const HaywireMap *map, HaywireCategory category)
{
    return (unsigned)category < HAYWIRE_CATEGORY_COUNT ? map->mapped[category]
                                                       : 0;
}

uint64_t haywire_map_clashes(const HaywireMap *map)
{
    return map->clashes;
}

uint64_t haywire_map_rejected(const HaywireMap *map, HaywireStatus reason)
{
    return (unsigned)reason < HAYWIRE_STATUS_COUNT ? map->rejected[reason] : 0;
}

HaywirePosition haywire_map_position(const HaywireMap *map,
                                     HaywireCategory category, uint32_t index)
{
    const HaywireMapSlot *slot = find_slot(map, category, index);

    return slot ? slot->position : HAYWIRE_POSITION_NONE;
}

HaywireStatus haywire_map_snapshot(const HaywireMap *map, const uint8_t *live,
                                   HaywireCategory category, uint32_t index,
                                   HaywirePage *ret_copy,
                                   HaywirePageInfo *ret_info)
{
    HaywirePageInfo info;
    HaywireStatus status = haywire_page_snapshot(live, ret_copy, &info, NULL);

    if (status != HAYWIRE_OK) {
        return status;
    }
    if (info.session != map->session) {
        return HAYWIRE_BAD_SESSION;
    }
    if (info.category != category) {
        return HAYWIRE_BAD_CATEGORY;
    }
    if (info.index != index) {
        return HAYWIRE_BAD_INDEX;
    }
    *ret_info = info;
    return HAYWIRE_OK;
}

HaywireStatus haywire_map_read(HaywireMap *map, HaywireMemory *source,
                               HaywireCategory category, uint32_t index,
                               HaywirePage *ret_copy, HaywirePageInfo *ret_info)
{
    HaywireMapSlot *slot = find_slot(map, category, index);
    const uint8_t *live;
    HaywireStatus status;

    if (!slot || !haywire_map_slot_is_used(slot)) {
        return HAYWIRE_NOT_FOUND;
    }
    status = haywire_memory_resident_page(source, slot->position, &live);
    if (status != HAYWIRE_OK) {
        return status;
    }
    status =
        haywire_map_snapshot(map, live, category, index, ret_copy, ret_info);
    if (status == HAYWIRE_OK) {
        slot->monotonic_ns = ret_info->monotonic_ns;
    }
    return status;
}
