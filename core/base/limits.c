/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dividing a view's memory.
 */

#include "haywire/limits.h"

/*
 * In 64ths. One is left for what is small and of fixed size: sessions, the
 * source's buffers, models' heads, the allocator's own.
 */
#define PARTS        64
#define COPIES_PARTS 31
#define NOTES_PARTS  2
#define MODEL_PARTS  7
#define WORK_PARTS   2
#define SMALL_PARTS  1

_Static_assert(COPIES_PARTS + NOTES_PARTS + HAYWIRE_MODELS_ALIVE * MODEL_PARTS +
                       WORK_PARTS + SMALL_PARTS ==
                   PARTS,
               "the shares make up the whole");

HaywireShares haywire_shares_divide(size_t bytes)
{
    size_t part = bytes / PARTS;

    return (HaywireShares){
        .copies = COPIES_PARTS * part,
        .notes = NOTES_PARTS * part,
        .model = MODEL_PARTS * part,
        .work = WORK_PARTS * part,
    };
}
