/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's memory as a fuzz input: beacon pages without what every page has,
 * so that mutations do not die at the magic or the checksum.
 *
 * The input is one byte of options, then chunks:
 *
 *   0   step at which the page is written, modulo FUZZ_STEPS
 *   1   frame, the page's place in memory
 *   2   damage, FUZZ_DAMAGE_*
 *   3   FUZZ_HINT_*
 *   4   2 bytes: payload bytes that follow, modulo 3937
 *   6   2 bytes: zero
 *   8   8 bytes: control word
 *   16  bytes 64 to 127 of the page, then the payload
 *
 * Magic, both locks and the checksum are made up to be right.
 */

#ifndef HAYWIRE_FUZZ_IMAGE_H
#define HAYWIRE_FUZZ_IMAGE_H

#include <glib.h>

#include "haywire/beacon_protocol.h"

#define FUZZ_STEPS   4
#define FUZZ_FRAMES  256
#define FUZZ_BYTES   (FUZZ_FRAMES * HAYWIRE_PAGE_SIZE)
#define FUZZ_HEAD    16
#define FUZZ_CHECKED (HAYWIRE_CHECKED_END - HAYWIRE_CHECKED_START)

/* Options. */
#define FUZZ_KNOWS_LAYOUT 1 /* as QEMU does; else it has to be deduced */
#define FUZZ_ZERO_IS_HOLE 2
#define FUZZ_TWO_REGIONS  4  /* the upper half lies behind a hole */
#define FUZZ_RAW          8  /* for files: what follows are plain bytes */
#define FUZZ_CUT          16 /* for files: the size is no multiple of pages */
#define FUZZ_PAUSES       32 /* the guest stands still at every other step */
#define FUZZ_TIGHT        64 /* the host has little memory for all this */

/* Damage. */
#define FUZZ_DAMAGE_CHECKSUM 1
#define FUZZ_DAMAGE_LOCK     2
#define FUZZ_DAMAGE_MAGIC    4

/* The host is told that there is a discovery page. */
#define FUZZ_HINT_PAGE 1 /* where the page is */
#define FUZZ_HINT_WORD 2 /* where the control word says */

typedef struct FuzzChunk {
    unsigned step;
    unsigned frame;
    uint8_t damage;
    uint8_t hint;
    uint64_t control_word;
    size_t length;       /* of the payload that follows */
    const uint8_t *body; /* FUZZ_CHECKED bytes, then the payload */
} FuzzChunk;

/* The chunk at *at; false at the end of what is sound. */
gboolean fuzz_chunk_next(const uint8_t *data, size_t size, size_t *at,
                         FuzzChunk *ret_chunk);

/* Make the page that @chunk describes. */
void fuzz_chunk_write(const FuzzChunk *chunk, HaywirePage *page);

/* The reverse: append @page, to be written at @step; @hint: FUZZ_HINT_*. */
void fuzz_chunk_append(GByteArray *out, unsigned step, unsigned frame,
                       const HaywirePage *page, uint8_t hint);

#endif
