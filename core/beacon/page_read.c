/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copying and verifying beacon pages.
 *
 * The bytes of a copy may come in any order, so equal halves of its lock do not
 * suffice: it is the checksum that tells a copy of two moments. A page with a
 * wrong one is bad when a second copy has the same lock; else it was written
 * meanwhile.
 */

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

void haywire_pages_read(HaywireMemory *memory, HaywirePageRead *read,
                        HaywirePage *copy, size_t count)
{
    HaywirePiece piece[HAYWIRE_PAGE_READS];
    size_t i;

    for (i = 0; i < count; i++) {
        piece[i] = (HaywirePiece){ .where = read[i].position,
                                   .to = &copy[i],
                                   .length = sizeof(copy[i]) };
    }
    haywire_memory_read_pieces(memory, piece, count);
    for (i = 0; i < count; i++) {
        HaywireStatus status = piece[i].status;

        if (status == HAYWIRE_OK) {
            status = verify(&copy[i], &read[i].info, NULL);
        }
        read[i].status = read_again(memory, read[i].position, &copy[i],
                                    &read[i].info, NULL, status);
    }
}
