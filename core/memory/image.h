/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The headers of files that hold a guest's memory with addresses: ELF cores of
 * QEMU's dump-guest-memory and LiME images. Private to the core.
 */

#ifndef HAYWIRE_IMAGE_H
#define HAYWIRE_IMAGE_H

#include "haywire/memory.h"

/* Pieces that headers may name; dumps have a handful, with paging thousands. */
#define HAYWIRE_EXTENTS_MAX 65536

/* Bytes of guest memory that lie in one piece in the file. */
typedef struct HaywireExtent {
    uint64_t gpa;
    uint64_t offset; /* in the file, at any byte */
    uint64_t length; /* bytes */
} HaywireExtent;

/*
 * Read the headers. *ret_extent: sorted by gpa, whole pages, not overlapping,
 * all within the file; for the caller to free. Statuses as those of
 * haywire_memory_image_open().
 */
HaywireStatus haywire_image_read(int fd, uint64_t size, HaywireImage *ret_image,
                                 HaywireDiagnosis *diagnosis,
                                 HaywireExtent **ret_extent,
                                 size_t *ret_count) HAYWIRE_MUST_CHECK;

#endif
