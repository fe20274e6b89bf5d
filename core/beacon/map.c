/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The slots of one session, and what they tell of the memory's layout.
 */

#include "map.h"

#include <stdlib.h>

#include "fill.h"

HaywireStatus haywire_map_new(const HaywireSession *session,
                              HaywireMap **ret_map)
{
    const uint32_t *geometry = session->discovery.geometry;
    uint32_t i, total = 0;
    HaywireMap *map;

    for (i = 0; i < HAYWIRE_CATEGORY_COUNT; i++) {
        total += geometry[i];
    }
    map = calloc(1, sizeof(*map) + total * sizeof(map->slot[0]));
    if (!map) {
        return HAYWIRE_NO_MEMORY;
    }
    map->session = session->id;
    haywire_map_set_clock(map, session->info.monotonic_ns);
    map->index = session->discovery.part[HAYWIRE_PART_INDEX];
    for (i = 0; i < HAYWIRE_CATEGORY_COUNT; i++) {
        map->pages[i] = geometry[i];
        map->first[i] = map->total;
        map->total += geometry[i];
    }
    map->missing = total;
    for (i = 0; i < total; i++) {
        map->slot[i].position = HAYWIRE_POSITION_NONE;
    }
    *ret_map = map;
    return HAYWIRE_OK;
}

void haywire_map_set_clock(HaywireMap *map, uint64_t monotonic_ns)
{
    map->latest_ns = monotonic_ns > UINT64_MAX - HAYWIRE_AHEAD_MAX_NS
                         ? UINT64_MAX
                         : monotonic_ns + HAYWIRE_AHEAD_MAX_NS;
}

bool haywire_slot_is_mapped(const HaywireSlot *slot)
{
    return slot->position.value != HAYWIRE_POSITION_NONE.value;
}

HaywireStatus haywire_map_find(const HaywireMap *map,
                               const HaywirePageInfo *info, uint32_t *ret_slot)
{
    if (info->session != map->session) {
        return HAYWIRE_BAD_SESSION;
    }
    if (info->index >= map->pages[info->category]) {
        return HAYWIRE_BAD_INDEX;
    }
    if (info->monotonic_ns > map->latest_ns) {
        return HAYWIRE_BAD_TIME;
    }
    *ret_slot = map->first[info->category] + info->index;
    return HAYWIRE_OK;
}

HaywireStatus haywire_map_check(const HaywireMap *map, uint32_t slot,
                                const HaywirePageInfo *info)
{
    const uint32_t first = map->first[info->category];

    if (info->session != map->session) {
        return HAYWIRE_BAD_SESSION;
    }
    if (slot < first || slot - first >= map->pages[info->category]) {
        return HAYWIRE_BAD_CATEGORY;
    }
    if (slot - first != info->index) {
        return HAYWIRE_BAD_INDEX;
    }
    return info->monotonic_ns > map->latest_ns ? HAYWIRE_BAD_TIME : HAYWIRE_OK;
}

/* May a page that is not where the slot's is take its place? */
static bool may_claim(const HaywireSlot *slot, const HaywirePageInfo *info,
                      bool by_index, uint64_t *clashes)
{
    if (!haywire_slot_is_mapped(slot)) {
        return info->monotonic_ns >= slot->monotonic_ns;
    }
    ++*clashes;
    return info->monotonic_ns > slot->monotonic_ns ||
           (by_index && info->monotonic_ns == slot->monotonic_ns);
}

bool haywire_map_claim(HaywireMap *map, uint32_t number,
                       HaywirePosition position, const HaywirePageInfo *info,
                       bool by_index, uint64_t *clashes)
{
    HaywireSlot *slot = &map->slot[number];

    if (slot->position.value != position.value &&
        !may_claim(slot, info, by_index, clashes)) {
        return false;
    }
    if (!haywire_slot_is_mapped(slot)) {
        map->mapped[info->category]++;
        map->missing--;
    }
    slot->position = position;
    slot->monotonic_ns = info->monotonic_ns;
    slot->pfn = info->pfn;
    slot->lock = info->lock;
    return true;
}

void haywire_map_forget(HaywireMap *map, uint32_t number)
{
    HaywireSlot *slot = &map->slot[number];
    int category = HAYWIRE_CATEGORY_COUNT - 1;

    if (!haywire_slot_is_mapped(slot)) {
        return;
    }
    while (number < map->first[category]) {
        category--;
    }
    slot->position = HAYWIRE_POSITION_NONE;
    map->mapped[category]--;
    map->missing++;
}

/* RAM ranges of a manifest that count; real guests have a handful. */
#define RAM_RANGES_MAX 128

static size_t collect_sightings(const HaywireMap *map,
                                HaywireSighting *ret_sighting)
{
    size_t count = 0;
    uint32_t i;

    for (i = 0; i < map->total; i++) {
        const HaywireSlot *slot = &map->slot[i];

        if (haywire_slot_is_mapped(slot)) {
            ret_sighting[count++] =
                (HaywireSighting){ slot->position, slot->pfn };
        }
    }
    return count;
}

static void collect_ranges(const HaywireCopy *copy, HaywireRamRange *ret_ram,
                           size_t *count)
{
    HaywireRecordReader reader;
    HaywireRecord record;

    if (haywire_record_reader_init(&reader, copy->page, &copy->info) !=
        HAYWIRE_OK) {
        return;
    }
    while (*count < RAM_RANGES_MAX &&
           haywire_next_record(&reader, HAYWIRE_RECORD_RAM_RANGE, &record)) {
        ret_ram[(*count)++] = record.ram_range;
    }
}

/* Of a file: one stretch from 0 on; anything else knows its layout itself. */
static uint64_t file_size(const HaywireMemory *memory)
{
    uint64_t size = haywire_memory_size(memory);

    return haywire_memory_size_before(memory, (HaywirePosition){ size }) == size
               ? size
               : 0;
}

HaywireStatus haywire_map_tell_layout(const HaywireMap *map,
                                      HaywireMemory *memory,
                                      const HaywireCopy *const *copy,
                                      size_t copies)
{
    HaywireSighting *sighting = calloc(map->total, sizeof(*sighting));
    HaywireRamRange ram[RAM_RANGES_MAX];
    HaywireLayout layout;
    size_t i, ranges = 0;

    if (!sighting) {
        return HAYWIRE_NO_MEMORY;
    }
    for (i = 0; i < copies; i++) {
        collect_ranges(copy[i], ram, &ranges);
    }
    if (haywire_layout_deduce(file_size(memory), sighting,
                              collect_sightings(map, sighting), ram, ranges,
                              &layout) == HAYWIRE_OK) {
        haywire_memory_set_layout(memory, &layout);
    }
    free(sighting);
    return HAYWIRE_OK;
}
