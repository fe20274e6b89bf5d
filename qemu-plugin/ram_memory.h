/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QEMU's RAM blocks as memory.  A position is a guest physical address.
 */
#ifndef HAYWIRE_RAM_MEMORY_H
#define HAYWIRE_RAM_MEMORY_H

#include "haywire/memory.h"

#include "ram_blocks.h"

/* All zero: not open. */
typedef struct HaywireRamMemory {
    HaywireMemory *memory;
    HaywireRamBlocks *blocks; /* a reference */
} HaywireRamMemory;

/*
 * Open memory over @blocks (borrowed).  Nothing more is opened later, so it
 * goes on to work when QEMU has given up rights.
 *
 * Thread: any, one at a time.  Only haywire_memory_swap_word(), which marks
 * memory dirty, needs the main thread with the big lock held.
 *
 * HAYWIRE_OK, HAYWIRE_NO_MEMORY, HAYWIRE_IO_ERROR (the kernel does not tell
 * which pages are present).
 */
HaywireStatus
haywire_ram_memory_open(HaywireRamMemory *ram,
                        HaywireRamBlocks *blocks) HAYWIRE_MUST_CHECK;

/* Look at other blocks (borrowed) from now on. */
void haywire_ram_memory_set_blocks(HaywireRamMemory *ram,
                                   HaywireRamBlocks *blocks);

/* One that is not open is fine. */
void haywire_ram_memory_close(HaywireRamMemory *ram);

#endif /* HAYWIRE_RAM_MEMORY_H */
