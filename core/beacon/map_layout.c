/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From sightings of pages to a layout.
 */

#include <stdlib.h>

#include "map_layout.h"

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
    HaywireStatus status;

    if (haywire_record_reader_init(&reader, copy->page, &copy->info) !=
        HAYWIRE_OK) {
        return;
    }
    do {
        status = haywire_record_next(&reader, &record, NULL);
        if (status == HAYWIRE_OK && *count < RAM_RANGES_MAX &&
            record.type == HAYWIRE_RECORD_RAM_RANGE) {
            ret_ram[(*count)++] = record.ram_range;
        }
    } while (status != HAYWIRE_NOT_FOUND && status != HAYWIRE_BAD_RECORD &&
             status != HAYWIRE_SHORT_PAYLOAD);
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
