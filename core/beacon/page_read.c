/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copying and verifying beacon pages.
 *
 * The bytes of a copy may come in any order, so equal halves of its lock do not
 * suffice: it is the checksum that tells a copy of two moments. A page with a
 * wrong one is bad when a second copy has the same lock; else it was written
 * meanwhile.
 */

#include <string.h>

#include "haywire/bytes.h"
#include "haywire/page_read.h"

static bool is_torn(const HaywirePage *copy)
{
    return haywire_le32_get(copy->header.lock_top) !=
           haywire_le32_get(copy->lock_bottom);
}

static HaywireStatus verify(const HaywirePage *copy, HaywirePageInfo *ret_info,
                            HaywireDiagnosis *diagnosis)
{
    HaywireStatus status = haywire_page_verify(copy, ret_info, diagnosis);

    /* What is no beacon page has no lock either. */
    return status != HAYWIRE_BAD_MAGIC && is_torn(copy) ? HAYWIRE_PAGE_BUSY
                                                        : status;
}

static HaywireStatus copy_page(HaywireMemory *memory, HaywirePosition where,
                               HaywirePage *ret_copy)
{
    size_t got;

    return haywire_memory_read(memory, where, ret_copy, sizeof(*ret_copy),
                               &got);
}

/* The page once more, whose copy at @copy may be of two moments. */
static HaywireStatus read_again(HaywireMemory *memory, HaywirePosition where,
                                HaywirePage *copy, HaywirePageInfo *ret_info,
                                HaywireDiagnosis *diagnosis,
                                HaywireStatus status)
{
    int try;

    for (try = 1;
         try < HAYWIRE_SNAPSHOT_TRIES &&
         (status == HAYWIRE_PAGE_BUSY || status == HAYWIRE_BAD_CHECKSUM);
         try++) {
        bool was_torn = status == HAYWIRE_PAGE_BUSY;
        uint32_t lock = haywire_le32_get(copy->header.lock_top);

        status = copy_page(memory, where, copy);
        if (status == HAYWIRE_OK) {
            status = verify(copy, ret_info, diagnosis);
        }
        if (status == HAYWIRE_BAD_CHECKSUM && !was_torn &&
            lock == haywire_le32_get(copy->header.lock_top)) {
            return status;
        }
    }
    return status == HAYWIRE_BAD_CHECKSUM ? HAYWIRE_PAGE_BUSY : status;
}

HaywireStatus haywire_page_read(HaywireMemory *memory, HaywirePosition where,
                                HaywirePage *ret_copy,
                                HaywirePageInfo *ret_info,
                                HaywireDiagnosis *diagnosis)
{
    HaywireStatus status = copy_page(memory, where, ret_copy);

    if (status == HAYWIRE_OK) {
        status = verify(ret_copy, ret_info, diagnosis);
    }
    return read_again(memory, where, ret_copy, ret_info, diagnosis, status);
}

/* A page without a payload: all that is to be read of it. */
typedef struct Ends {
    HaywirePageHeader header;
    uint8_t tail[sizeof(HaywirePage) - offsetof(HaywirePage, control_word)];
} Ends;

_Static_assert(sizeof(Ends) == sizeof(HaywirePageHeader) + 16, "no gaps");

static void add_piece(HaywirePiece *piece, size_t *pieces,
                      HaywirePosition where, size_t offset, void *to,
                      size_t length)
{
    piece[(*pieces)++] =
        (HaywirePiece){ .where = { where.value + offset }, to, length };
}

/* What it says is where to look first; only what is verified counts. */
static bool seems_empty(const HaywirePeek *length)
{
    return length->status == HAYWIRE_OK && length->word == 0;
}

/* Most pages of a young session are empty: they are not copied as a whole. */
static void copy_pages(HaywireMemory *memory, const HaywirePeek *length,
                       HaywirePageRead *read, HaywirePage *copy, size_t count)
{
    HaywirePiece piece[2 * HAYWIRE_PAGE_READS];
    Ends ends[HAYWIRE_PAGE_READS];
    size_t i, at = 0, pieces = 0;

    for (i = 0; i < count; i++) {
        if (seems_empty(&length[i])) {
            add_piece(piece, &pieces, read[i].position, 0, &ends[i].header,
                      sizeof(ends[i].header));
            add_piece(piece, &pieces, read[i].position,
                      offsetof(HaywirePage, control_word), ends[i].tail,
                      sizeof(ends[i].tail));
        } else {
            add_piece(piece, &pieces, read[i].position, 0, &copy[i],
                      sizeof(copy[i]));
        }
    }
    haywire_memory_read_pieces(memory, piece, pieces);
    for (i = 0; i < count; i++) {
        read[i].status = piece[at++].status;
        if (seems_empty(&length[i])) {
            HaywireStatus status = piece[at++].status;

            read[i].status =
                read[i].status == HAYWIRE_OK ? status : read[i].status;
            copy[i].header = ends[i].header;
            memcpy(&copy[i].control_word, ends[i].tail, sizeof(ends[i].tail));
        }
    }
}

void haywire_pages_read(HaywireMemory *memory, HaywirePageRead *read,
                        HaywirePage *copy, size_t count)
{
    HaywirePeek length[HAYWIRE_PAGE_READS];
    size_t i;

    for (i = 0; i < count; i++) {
        length[i].page = read[i].position;
    }
    haywire_memory_peek(memory, offsetof(HaywirePage, header.payload_length),
                        length, count);
    copy_pages(memory, length, read, copy, count);
    for (i = 0; i < count; i++) {
        HaywireStatus status = read[i].status;

        if (status == HAYWIRE_OK && seems_empty(&length[i]) &&
            haywire_le32_get(copy[i].header.payload_length) != 0) {
            status = HAYWIRE_PAGE_BUSY; /* it has got a payload meanwhile */
        } else if (status == HAYWIRE_OK) {
            status = verify(&copy[i], &read[i].info, NULL);
        }
        read[i].status = read_again(memory, read[i].position, &copy[i],
                                    &read[i].info, NULL, status);
    }
}
