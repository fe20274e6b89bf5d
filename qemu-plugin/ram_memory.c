/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ram_memory.h"

/* Or migration would leave the old word behind. */
static void mark_dirty(void *opaque, const HaywireRegion *region,
                       uint64_t offset, uint64_t length)
{
    const HaywireRamMemory *ram = opaque;
    const HaywireRamPiece *piece =
        &ram->blocks->piece[region - ram->blocks->region];

    memory_region_set_dirty(piece->mr, piece->region_offset + offset, length);
}

HaywireStatus haywire_ram_memory_open(HaywireRamMemory *ram,
                                      HaywireRamBlocks *blocks)
{
    HaywireStatus status =
        haywire_memory_mapped_new(mark_dirty, ram, &ram->memory);

    if (status == HAYWIRE_OK) {
        haywire_ram_memory_set_blocks(ram, blocks);
    }
    return status;
}

void haywire_ram_memory_set_blocks(HaywireRamMemory *ram,
                                   HaywireRamBlocks *blocks)
{
    HaywireRamBlocks *old = ram->blocks;

    ram->blocks = haywire_ram_blocks_ref(blocks);
    haywire_memory_mapped_set(ram->memory, blocks->region, blocks->count,
                              &blocks->layout);
    haywire_ram_blocks_unref(old);
}

void haywire_ram_memory_close(HaywireRamMemory *ram)
{
    haywire_memory_destroy(ram->memory);
    haywire_ram_blocks_unref(ram->blocks);
    *ram = (HaywireRamMemory){ NULL };
}
