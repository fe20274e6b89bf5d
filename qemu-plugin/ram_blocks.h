/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest RAM as QEMU lays it out at one moment.
 */
#ifndef HAYWIRE_RAM_BLOCKS_H
#define HAYWIRE_RAM_BLOCKS_H

#include "haywire/memory.h"

#include "qemu_internals.h"

/* More pieces than a machine has. */
#define HAYWIRE_RAM_PIECES_MAX 1024

/* What a region of guest RAM is a piece of. */
typedef struct HaywireRamPiece {
    MemoryRegion *mr;       /* a reference is held */
    uint64_t region_offset; /* of the piece within @mr, bytes */
    const char *block;      /* name of the RAM block; lives with @mr */
    int fd;                 /* the block's file, -1: none; lives with @mr */
    uint64_t file_offset;   /* of the piece within that file, bytes */
} HaywireRamPiece;

/*
 * Guest RAM, sorted by gpa.  Immutable and reference counted; the memory under
 * it stays mapped while a reference is held.
 */
typedef struct HaywireRamBlocks {
    gatomicrefcount refs;
    gboolean is_cut; /* there are more pieces than there is room for */
    HaywireLayout layout;
    size_t count;
    HaywireRegion region[HAYWIRE_RAM_PIECES_MAX]; /* a position is a gpa */
    HaywireRamPiece piece[HAYWIRE_RAM_PIECES_MAX];
} HaywireRamBlocks;

/*
 * List the guest's RAM as it lies now.
 *
 * @ram: id of a RAM block or of a memory backend; NULL for the machine's main
 *       RAM: every memory backend but those lent to ivshmem devices or, on a
 *       machine without backends, the largest block.
 *
 * Thread: main, with the big lock held.
 * Returns: a new reference, without pieces if nothing fits @ram; NULL if there
 * is no memory for it.
 */
HaywireRamBlocks *haywire_ram_blocks_new(const char *ram);

/*
 * Another number when guest RAM lies elsewhere. A word or two for each range of
 * memory that the machine has, nothing allocated and nothing looked up.
 *
 * Thread: main, with the big lock held.
 */
uint64_t haywire_ram_blocks_digest(void);

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

/* Where a guest address lies. */
typedef struct HaywireRamPlace {
    const char *block; /* name of the RAM block */
    gboolean has_file;
    uint64_t file_offset; /* in the file under it */
} HaywireRamPlace;

/*
 * FALSE: there is no RAM at @gpa.
 * Thread: any; @ret_place is valid as long as the caller's reference.
 */
gboolean haywire_ram_blocks_locate(const HaywireRamBlocks *blocks,
                                   HaywireGpa gpa, HaywireRamPlace *ret_place);

#endif /* HAYWIRE_RAM_BLOCKS_H */
