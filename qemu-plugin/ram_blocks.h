/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest RAM as QEMU lays it out at one moment.
 */
#ifndef HAYWIRE_RAM_BLOCKS_H
#define HAYWIRE_RAM_BLOCKS_H

#include "haywire/layout.h"

#include "qemu_internals.h"

/*
 * One stretch of guest RAM: contiguous in guest physical addresses, in host
 * memory and in its RAM block.  All lengths and offsets in bytes, multiples
 * of the page size.
 */
typedef struct HaywireRamPiece {
    HaywireGpa gpa;
    uint64_t length;
    uint8_t *host;
    MemoryRegion *mr;       /* a reference is held */
    uint64_t region_offset; /* of the piece within @mr */
    char *block;            /* name of the RAM block */
    uint64_t block_offset;  /* of the piece within its block */
    int fd;                 /* the block's file, -1: none; lives with @mr */
    uint64_t file_offset;   /* of the piece within that file */
    char *path;             /* the file's path, NULL: it has none */
} HaywireRamPiece;

/*
 * All pieces, sorted by gpa.  Immutable and reference counted; the memory
 * under it stays mapped while a reference is held.
 */
typedef struct HaywireRamBlocks {
    GArray *pieces; /* of HaywireRamPiece; read only */
    gatomicrefcount refs;
} HaywireRamBlocks;

/*
 * List the guest's RAM as it lies now.
 *
 * @ram: id of a RAM block or of a memory backend; NULL for the machine's main
 *       RAM: every memory backend but those lent to ivshmem devices or, on a
 *       machine without backends, the largest block.
 *
 * Thread: main, with the big lock held.
 * Returns: a new reference; without pieces if nothing fits @ram.
 */
HaywireRamBlocks *haywire_ram_blocks_new(const char *ram);

/* The names that @ram could have had, for a message. */
char *haywire_ram_blocks_names(void);

/* Thread: any. */
HaywireRamBlocks *haywire_ram_blocks_ref(HaywireRamBlocks *blocks);

/*
 * Thread: any.  The memory regions are released by the main loop, whichever
 * thread gives up the last reference.  NULL is fine.
 */
void haywire_ram_blocks_unref(HaywireRamBlocks *blocks);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(HaywireRamBlocks, haywire_ram_blocks_unref)

/* TRUE if both describe the same memory at the same addresses. */
gboolean haywire_ram_blocks_equal(const HaywireRamBlocks *a,
                                  const HaywireRamBlocks *b);

/*
 * The piece that holds all of @length bytes at @gpa, or NULL.
 * Thread: any; valid as long as the caller's reference.
 */
const HaywireRamPiece *haywire_ram_blocks_find(const HaywireRamBlocks *blocks,
                                               HaywireGpa gpa, uint64_t length);

#endif /* HAYWIRE_RAM_BLOCKS_H */
