/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How large a piece one entry of the page table maps. Contiguous frames prove
 * nothing: a large folio may be mapped page by page.
 */

#ifndef HAYWIRE_LARGE_PAGES_H
#define HAYWIRE_LARGE_PAGES_H

#include "os/linux/pagemap.h"

/* A walk over ascending entries. Set the decoder, zero the rest. */
typedef struct HaywireLargePages {
    const HaywirePagemapDecoder *decoder;
    uint64_t end;  /* gva: up to here */
    uint8_t shift; /* it is this */
    size_t region; /* of the list: the first that is not behind us */
} HaywireLargePages;

/*
 * @entry: that of @gva, present, and @count - 1 that follow
 *
 * Returns the page shift of the mapping; 0: not known.
 */
uint8_t haywire_large_page_shift(HaywireLargePages *large,
                                 const uint64_t *entry, size_t count,
                                 uint64_t gva);

#endif
