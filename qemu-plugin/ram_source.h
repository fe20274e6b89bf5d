/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory source over QEMU's RAM blocks.  A position is a guest physical
 * address.
 */
#ifndef HAYWIRE_RAM_SOURCE_H
#define HAYWIRE_RAM_SOURCE_H

#include "haywire/memory.h"

#include "ram_blocks.h"

/*
 * A source over @blocks.  Free it with haywire_memory_destroy().
 *
 * @blocks: borrowed; the source takes a reference of its own
 *
 * Thread: any, one at a time.  compare_and_swap() marks memory dirty and so
 * needs the main thread with the big lock held; nothing else of it does.
 *
 * HAYWIRE_OK, HAYWIRE_NO_MEMORY, HAYWIRE_IO_ERROR (no way to ask the kernel
 * which pages are resident).
 */
HaywireStatus
haywire_ram_source_new(HaywireRamBlocks *blocks,
                       HaywireMemory **ret_source) HAYWIRE_MUST_CHECK;

/* Look at other blocks from now on; what regions() returned is void. */
void haywire_ram_source_set_blocks(HaywireMemory *source,
                                   HaywireRamBlocks *blocks);

#endif /* HAYWIRE_RAM_SOURCE_H */
